import { expect, test } from 'vitest';
import { Pair } from '../sim/pair.ts';
import { delay, loss, reorder } from '../sim/wire-elements.ts';

/** Everything but the numbers is the same; so must be the time and the number of packets. */
function measure(firstPacketNumber: number): readonly number[] {
  const pair = new Pair({
    seed: 3,
    forward: [delay(10_000), loss(0.05), reorder(0.05, 3_000)],
    config: { controller: 'fixed', windowPackets: 64, firstPacketNumber },
  });
  const run = pair.transfer({ bytes: 2_000_000, replyBytes: 500_000 });
  return [
    run.responder.readFinishedAtUs,
    run.opener.readFinishedAtUs,
    pair.forward.counters.sentCount,
  ];
}

test.each([2 ** 32 - 1, 2 ** 32 - 100, 2 ** 32 - 1000])(
  'a transfer that starts with packet number %d and wraps takes as long as one that does not',
  (firstPacketNumber) => {
    expect(measure(firstPacketNumber)).toEqual(measure(1000));
  },
);
