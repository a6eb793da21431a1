import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import type { LoopSpec } from '../sim/event-loop.ts';
import { Pair } from '../sim/pair.ts';
import { delay, loss } from '../sim/wire-elements.ts';

const RATE_BITS_PER_SEC = 100e6;
const LOSS = 0.05;
const BYTES = 64_000_000;
/** Of the IP packet, what is payload. */
const PAYLOAD_SHARE = 0.966;
/** Code that is compiled, garbage that is collected, a machine that is busy. */
const LOOP: LoopSpec = {
  stalls: { everyUs: 300_000, leastUs: 5_000, mostUs: 60_000 },
  receiveBufferBytes: 4 * 1024 * 1024,
};

/**
 * A stall of either process raises the RTT as a queue does, and beside random loss it looks like the end
 * of Startup, and like the answer to the probe that follows. Left to the next probe, seconds later, a
 * transfer of six seconds had 0.71 of the link in the median, and 0.43 in the worst of ten.
 */
test('a Startup that a stall ended too early is made up for within rounds', () => {
  const ratios = [1, 2, 3, 4, 5, 6, 7].map((seed) => {
    const pair = new Pair({
      seed,
      forward: [bottleneck(RATE_BITS_PER_SEC, 625_000), loss(LOSS), delay(25_000)],
      backward: [loss(LOSS), delay(25_000)],
      config: { controller: 'bbr', datagramBytes: 1_372 },
      loops: { a: LOOP, b: LOOP },
    });
    const run = pair.transfer({ bytes: BYTES });
    const limitUs = (BYTES * 8e6) / (RATE_BITS_PER_SEC * (1 - LOSS) * PAYLOAD_SHARE);
    return limitUs / (run.responder.readFinishedAtUs - run.opener.openedAtUs);
  });
  ratios.sort((a, b) => a - b);
  expect(ratios[1]).toBeGreaterThan(0.7);
  expect(ratios[3]).toBeGreaterThan(0.8);
});
