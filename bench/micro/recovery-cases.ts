import assert from 'node:assert/strict';
import { RangeSet } from '../../src/transfer/core/recovery/range-set.ts';
import { PacketKind, SentPackets } from '../../src/transfer/core/recovery/sent-packets.ts';
import type { MicroCase } from './micro-case.ts';

/** Packets on their way at a time, as on a fast path of some milliseconds. */
const IN_FLIGHT = 1_000;
const LOST_EVERY = 100;
/** What a receiver has to hold for a hole to be filled. */
const SPREAD = 250;
const PACKET_BYTES = 1_400;

export const recoveryCases: readonly MicroCase[] = [
  {
    name: 'range set: numbers in order, forgotten behind',
    prepare: () => {
      const set = new RangeSet();
      let next = 0;
      return (count) => {
        for (let nth = 0; nth < count; nth++, next++) {
          set.insert(next, next + 1);
          if (next % IN_FLIGHT === 0) set.forgetBelow(next - IN_FLIGHT);
        }
        assert(set.rangeCount === 1 && set.total <= 2 * IN_FLIGHT + 1);
      };
    },
  },
  {
    name: 'range set: 1 % lost, each filled a flight later',
    prepare: () => {
      const set = new RangeSet();
      let next = 0;
      return (count) => {
        for (let nth = 0; nth < count; nth++, next++) {
          const lost = next - IN_FLIGHT;
          if (next % LOST_EVERY !== 0) set.insert(next, next + 1);
          else if (lost >= 0) {
            set.insert(lost, lost + 1);
            set.forgetBelow(lost);
          }
        }
        assert(set.rangeCount <= IN_FLIGHT / LOST_EVERY + 1);
      };
    },
  },
  {
    name: `range set: every second of ${2 * SPREAD}, from the middle out, then the holes`,
    prepare: () => (count) => {
      const set = new RangeSet();
      for (let nth = 0; nth < count; nth++) {
        const round = nth % (2 * SPREAD);
        const step = round % SPREAD;
        const side = step % 2 === 0 ? step : -step - 1;
        const place = SPREAD + side + (round < SPREAD ? 0 : 1);
        set.insert(place, place + 1);
        if (round === 2 * SPREAD - 1) {
          assert(set.rangeCount <= 2, 'the holes are filled');
          set.clear();
        }
      }
    },
  },
  sentPackets('acknowledged in order', () => false),
  sentPackets('1 % declared lost', (number) => number % LOST_EVERY === 0),
];

/** One operation: a packet leaves, the one a flight before is resolved, what can be is forgotten. */
function sentPackets(what: string, isLost: (number: number) => boolean): MicroCase {
  return {
    name: `sent packets: ${IN_FLIGHT} in flight, ${what}`,
    prepare: () => {
      const sent = new SentPackets(0, 4_096);
      const path = {
        ...{ deliveredBytes: 0, deliveredAtUs: 0, firstSentAtUs: 0, lostBytes: 0 },
        isAppLimited: false,
      };
      let ackedBytes = 0;
      return (count) => {
        for (let nth = 0; nth < count; nth++) {
          const nowUs = sent.nextNumber;
          const offset = sent.nextNumber * PACKET_BYTES;
          const number = sent.add(
            nowUs,
            PACKET_BYTES,
            PacketKind.data,
            offset,
            PACKET_BYTES,
            false,
          );
          sent.recordDelivery(number, path, IN_FLIGHT * PACKET_BYTES);
          const old = number - IN_FLIGHT;
          if (old < 0) continue;
          if (isLost(old)) sent.markLost(old, nowUs);
          else {
            sent.markAcked(old);
            ackedBytes += sent.payloadBytes(old) + sent.deliveredBytes(old);
          }
          sent.forgetResolved(nowUs);
        }
        assert(sent.nextNumber - sent.oldest <= IN_FLIGHT + 1 && ackedBytes >= 0);
      };
    },
  };
}
