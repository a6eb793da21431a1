import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
import type { StreamRun } from '../sim/workload.ts';
import { delay, loss } from '../sim/wire-elements.ts';

function spent(ackLoss: number): { readonly us: number; readonly retransmittedBytes: number } {
  const pair = new Pair({
    seed: 1,
    forward: [bottleneck(20e6, 1_000_000), delay(20_000)],
    backward: [delay(20_000), loss(ackLoss)],
    config: { controller: 'fixed', windowPackets: 128 },
  });
  const run = pair.transfer({ bytes: 5_000_000 });
  const { stats } = run.opener.connection!;
  return {
    us: run.responder.readFinishedAtUs - run.opener.openedAtUs,
    retransmittedBytes: stats.bytesRetransmittedCount,
  };
}

const RATE_BITS_PER_SEC = 10e6;
const RTT_US = 40_000;
const BDP_BYTES = ((RATE_BITS_PER_SEC / 8) * RTT_US) / 1e6;
/** Payload in an IP packet of 1400 bytes. */
const PAYLOAD_SHARE = 0.966;

function runUntilOpened(pair: Pair, run: StreamRun): number {
  while (run.opener.connection === undefined) pair.network.runUntil(pair.network.nowUs + 10_000);
  return run.opener.openedAtUs;
}

test.each([1, 2, 3])('losing half of all ACKs leaves 0.93 of the link, seed %i', (seed) => {
  const pair = new Pair({
    seed,
    forward: [bottleneck(RATE_BITS_PER_SEC, BDP_BYTES), delay(RTT_US / 2)],
    backward: [delay(RTT_US / 2), loss(0.5)],
    config: { controller: 'bbr', datagramBytes: 1_372 },
  });
  const run = pair.add({ bytes: 100_000_000 });
  // Once the flow is over its start: an OPEN_ACK that is lost costs a quarter of a second and more.
  const openedAtUs = runUntilOpened(pair, run);
  pair.network.runUntil(openedAtUs + 3_000_000);
  const before = run.responder.readBytes;
  pair.network.runUntil(openedAtUs + 8_000_000);
  const limitBytes = (5 * RATE_BITS_PER_SEC * PAYLOAD_SHARE) / 8;
  expect((run.responder.readBytes - before) / limitBytes).toBeGreaterThan(0.93);
});

test('losing three ACKs of ten costs no retransmission of note and a tenth of the time', () => {
  const [whole, lossy] = [spent(0), spent(0.3)];
  expect(whole.retransmittedBytes).toBe(0);
  expect(lossy.retransmittedBytes).toBeLessThan(0.01 * 5_000_000);
  expect(lossy.us).toBeLessThan(1.1 * whole.us);
});
