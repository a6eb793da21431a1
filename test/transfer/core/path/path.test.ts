import { expect, test } from 'vitest';
import type { AckEvent, SentEvent } from '../../../../src/transfer/core/congestion/controller.ts';
import { FixedWindow } from '../../../../src/transfer/core/congestion/fixed.ts';
import type { PathMember } from '../../../../src/transfer/core/path/path-member.ts';
import { Path } from '../../../../src/transfer/core/path/path.ts';
import { PacketKind, SentPackets } from '../../../../src/transfer/core/recovery/sent-packets.ts';

const PACKET_BYTES = 1_000;
const RTT_US = 20_000;

/** Remembers what the path has told it. */
class Listener extends FixedWindow {
  readonly sent: SentEvent[] = [];
  readonly ratesBytesPerSec: number[] = [];
  readonly windowLimits: boolean[] = [];
  override readonly windowBytes: number;

  constructor(windowBytes = Infinity) {
    super({ datagramBytes: PACKET_BYTES, windowPackets: 64, random: () => 0.5 });
    this.windowBytes = windowBytes;
  }

  override onSent(event?: SentEvent): void {
    this.sent.push({ ...event! });
  }

  override onAcked(event?: AckEvent): void {
    this.windowLimits.push(event!.isWindowLimited);
    const rate = event?.rate;
    if (rate !== undefined) this.ratesBytesPerSec.push(rate.deliveryRateBytesPerSec);
  }
}

test('a probe of a connection that hears nothing is no new start: the rate counts from before', () => {
  const controller = new Listener();
  const path = new Path({ address: 'b', port: 1 }, controller, PACKET_BYTES);
  const sent = new SentPackets(0, 64);
  const send = (nowUs: number): void => {
    const number = sent.add(nowUs, PACKET_BYTES, PacketKind.data, 0, PACKET_BYTES, false);
    path.onSent(sent, number, PACKET_BYTES, nowUs);
  };
  path.learnRoundTrip(RTT_US, 0);
  for (let count = 0; count < 40; count++) send(count * 1_000);
  // All arrive, every ACK is lost. After two timeouts in a row the connection is suspended.
  path.suspend(40 * PACKET_BYTES);
  expect(path.bytesInFlight).toBe(0);
  send(200_000);
  expect(controller.sent.at(-1)!.bytesInFlight).toBe(41 * PACKET_BYTES);
  path.suspend(PACKET_BYTES);
  const nowUs = 200_000 + RTT_US;
  path.resume(41 * PACKET_BYTES);
  path.beginAck();
  for (let number = 0; number < 41; number++) path.onPacketAcked(sent, number, true, nowUs);
  path.endAck(RTT_US, nowUs);
  // 41 packets since the first left, not in the one round trip since the probe.
  expect(controller.ratesBytesPerSec).toEqual([(41 * PACKET_BYTES * 1e6) / nowUs]);
  expect(path.bytesInFlight).toBe(0);
});

test('a window that held a packet back counts as the limit until its round is acknowledged', () => {
  const controller = new Listener(4 * PACKET_BYTES);
  const path = new Path({ address: 'b', port: 1 }, controller, PACKET_BYTES);
  const sent = new SentPackets(0, 64);
  let wantedPackets = 6;
  const member: PathMember = {
    deficitBytes: 0,
    isReady: false,
    standingBytes: 0,
    onPathHeard: () => undefined,
    pollPacket: (_, nowUs) => {
      if (wantedPackets === 0) return 0;
      wantedPackets--;
      const number = sent.add(nowUs, PACKET_BYTES, PacketKind.data, 0, PACKET_BYTES, false);
      path.onSent(sent, number, PACKET_BYTES, nowUs);
      return PACKET_BYTES;
    },
  };
  const buffer = new Uint8Array(PACKET_BYTES);
  const sendAll = (nowUs: number): void => {
    while (path.pollPacket(buffer, nowUs) > 0);
  };
  const ack = (number: number, nowUs: number): void => {
    path.beginAck();
    path.onPacketAcked(sent, number, true, nowUs);
    path.endAck(RTT_US, nowUs);
    sendAll(nowUs);
  };
  path.join(member);
  path.activate(member);
  sendAll(0);
  expect(path.bytesInFlight).toBe(4 * PACKET_BYTES);
  for (let number = 0; number < 6; number++) ack(number, RTT_US + number);
  expect(controller.windowLimits).toEqual([true, true, true, true, true, true]);
  wantedPackets = 1;
  path.activate(member);
  sendAll(2 * RTT_US);
  ack(6, 3 * RTT_US);
  expect(controller.windowLimits.at(-1)).toBe(false);
});

/** Numbers of the members whose packets left, of so many that always have something to send. */
function turnsOf(controller: Listener, memberCount: number, packetCount: number): number[] {
  const path = new Path({ address: 'b', port: 1 }, controller, PACKET_BYTES);
  const sent = new SentPackets(0, 1_024);
  const turns: number[] = [];
  const ends: boolean[] = [];
  for (let index = 0; index < memberCount; index++) {
    const member: PathMember = {
      deficitBytes: 0,
      isReady: false,
      standingBytes: 0,
      onPathHeard: () => undefined,
      pollPacket: (_, nowUs) => {
        turns.push(index);
        ends.push(path.endsTurn(PACKET_BYTES));
        const number = sent.add(nowUs, PACKET_BYTES, PacketKind.data, 0, PACKET_BYTES, false);
        path.onSent(sent, number, PACKET_BYTES, nowUs);
        return PACKET_BYTES;
      },
    };
    path.join(member);
    path.activate(member);
  }
  path.learnRoundTrip(RTT_US, 0);
  const buffer = new Uint8Array(PACKET_BYTES);
  for (let count = 0; count < packetCount; count++) path.pollPacket(buffer, 0);
  const lastOfTurns = turns.map((index, at) => at + 1 < turns.length && index !== turns[at + 1]);
  if (path.turnPackets > 1) expect(ends.slice(0, -1)).toEqual(lastOfTurns.slice(0, -1));
  else expect(ends).not.toContain(true);
  return turns;
}

/** How many in a row. */
function runsOf(turns: readonly number[]): number[] {
  const runs: number[] = [];
  for (const [at, turn] of turns.entries()) {
    if (turns[at - 1] === turn) runs[runs.length - 1]!++;
    else runs.push(1);
  }
  return runs;
}

test('members of a fast path take turns of as many packets as one ACK answers', () => {
  expect(runsOf(turnsOf(new Listener(1_000 * PACKET_BYTES), 3, 200)).slice(0, 6)).toEqual([
    32, 32, 32, 32, 32, 32,
  ]);
});

test('a turn is no more than a quarter of the window, and one packet where that is little', () => {
  expect(runsOf(turnsOf(new Listener(40 * PACKET_BYTES), 3, 40))).toEqual([10, 10, 10, 10]);
  expect(turnsOf(new Listener(31 * PACKET_BYTES), 3, 6)).toEqual([0, 1, 2, 0, 1, 2]);
});

test('a member that is alone has no turns', () => {
  turnsOf(new Listener(1_000 * PACKET_BYTES), 1, 100);
});
