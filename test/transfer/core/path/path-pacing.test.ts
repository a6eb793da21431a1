import { expect, test } from 'vitest';
import type { Bbr } from '../../../../src/transfer/core/congestion/bbr/bbr.ts';
import type { CongestionController } from '../../../../src/transfer/core/congestion/controller.ts';
import type { DriverTimers } from '../../../../src/transfer/core/congestion/pacer.ts';
import type { PathMember } from '../../../../src/transfer/core/path/path-member.ts';
import { Path } from '../../../../src/transfer/core/path/path.ts';
import { PacketKind, SentPackets } from '../../../../src/transfer/core/recovery/sent-packets.ts';

const PACKET_BYTES = 1_200;
const nothing = (): void => undefined;

/** A path at 100 Mbit/s whose controller is in `state`, and a member that sends all it may. */
function sendingPath(state: Bbr['state'], timers?: DriverTimers): Path {
  const controller: CongestionController = {
    windowBytes: Infinity,
    pacingBytesPerSec: 12_500_000,
    inflightGain: 1,
    connectionWindowPackets: Infinity,
    state,
    onSent: nothing,
    onAcked: nothing,
    onLost: nothing,
    onSpuriousLoss: nothing,
    onPersistentCongestion: nothing,
    onDatagramBytes: nothing,
  };
  const path = new Path({ address: '127.0.0.1', port: 1 }, controller, PACKET_BYTES, timers);
  const sent = new SentPackets(0, 256);
  const member: PathMember = {
    deficitBytes: 0,
    isReady: false,
    standingBytes: 0,
    onPathHeard: () => undefined,
    pollPacket: (_buffer, nowUs) => {
      const number = sent.add(nowUs, PACKET_BYTES, PacketKind.data, 0, PACKET_BYTES, false);
      path.onSent(sent, number, PACKET_BYTES, nowUs);
      return PACKET_BYTES;
    },
  };
  path.activate(member);
  return path;
}

function pollAll(path: Path, nowUs = 0): void {
  const buffer = new Uint8Array(PACKET_BYTES);
  while (path.pollPacket(buffer, nowUs) > 0);
}

test('a driver may sleep until the pacer lets the next packet leave', () => {
  const path = sendingPath('cruise');
  expect(path.sleepUntilUs).toBe(Infinity);
  pollAll(path);
  expect(path.sleepUntilUs).toBe(path.nextTimeoutUs);
  expect(path.nextTimeoutUs).toBeLessThan(1_000);
});

test.each([
  { fromMbit: 80, packets: 41, what: 'waits for its timers, with quanta of their ticks' },
  { fromMbit: 120, packets: 10, what: 'sleeps, with quanta of half a millisecond' },
])('at 100 Mbit/s a driver with timers from $fromMbit $what', ({ fromMbit, packets }) => {
  const sleepsBelowBytesPerSec = (fromMbit * 1e6) / 8;
  const path = sendingPath('cruise', { tickUs: 2_000, sleepsBelowBytesPerSec });
  // The first quantum leaves at once; after a rest of 10 ms another.
  pollAll(path);
  expect(path.sleepUntilUs).toBe(fromMbit === 80 ? Infinity : path.nextTimeoutUs);
  const before = path.bytesInFlight;
  pollAll(path, 10_000);
  expect((path.bytesInFlight - before) / PACKET_BYTES).toBe(packets);
});

test('while the RTT is probed it must not sleep, though the pacer holds back', () => {
  const path = sendingPath('probeRtt');
  pollAll(path);
  expect(path.sleepUntilUs).toBe(Infinity);
  expect(path.nextTimeoutUs).toBeLessThan(1_000);
});

test('rates are those of the sender, not of the path, while the driver falls behind the pacer', () => {
  const path = sendingPath('startup');
  pollAll(path);
  pollAll(path, 5_000);
  expect(path.delivery.isAppLimited).toBe(false);
  pollAll(path, 30_000);
  expect(path.delivery.isAppLimited).toBe(true);
});

test('once Startup is over, a driver that is behind is what the path gives', () => {
  const path = sendingPath('cruise');
  pollAll(path);
  pollAll(path, 30_000);
  expect(path.delivery.isAppLimited).toBe(false);
});
