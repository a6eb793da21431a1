import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
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

test('losing three ACKs of ten costs no retransmission of note and a tenth of the time', () => {
  const [whole, lossy] = [spent(0), spent(0.3)];
  expect(whole.retransmittedBytes).toBe(0);
  expect(lossy.retransmittedBytes).toBeLessThan(0.01 * 5_000_000);
  expect(lossy.us).toBeLessThan(1.1 * whole.us);
});
