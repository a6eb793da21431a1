import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
import { delay } from '../sim/wire-elements.ts';

const RATE_BITS_PER_SEC = 100e6;
/** A tenth of what the path holds: 44 packets. */
const QUEUE_BYTES = 62_500;
const BYTES = 64_000_000;
/** Of the IP packet, what is payload. */
const PAYLOAD_SHARE = 0.966;

/**
 * Startup overflows such a queue long before it has seen the rate. Left to the next probe, seconds
 * later, a transfer of six seconds spent half of them at two thirds of the link.
 */
test.each([1, 2, 3])('a queue of a tenth of the path leaves 0.85 of it, seed %i', (seed) => {
  const pair = new Pair({
    seed,
    forward: [bottleneck(RATE_BITS_PER_SEC, QUEUE_BYTES), delay(25_000)],
    backward: [delay(25_000)],
    config: { controller: 'bbr', datagramBytes: 1_372 },
  });
  const run = pair.transfer({ bytes: BYTES });
  const limitUs = (BYTES * 8e6) / (RATE_BITS_PER_SEC * PAYLOAD_SHARE);
  const spentUs = run.responder.readFinishedAtUs - run.opener.openedAtUs;
  expect(limitUs / spentUs).toBeGreaterThan(0.85);
});
