import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
import { delay, loss } from '../sim/wire-elements.ts';

const RATE_BITS_PER_SEC = 20e6;
const LOSS = 0.1;
const BYTES = 40_000_000;
/** Of the IP packet, what is payload. */
const PAYLOAD_SHARE = 0.966;

/**
 * Bandwidth probes and ProbeRTT fall together at times. A probe that was never noted as over made all
 * later losses its own: the baseline fell to 0, and the rate to a third within seconds.
 */
test.each([1, 2, 3])('a tenth of loss at 200 ms is no congestion, seed %i', (seed) => {
  const pair = new Pair({
    seed,
    forward: [bottleneck(RATE_BITS_PER_SEC, 125_000), loss(LOSS), delay(100_000)],
    backward: [delay(100_000)],
    config: { controller: 'bbr', datagramBytes: 1_372 },
  });
  const run = pair.transfer({ bytes: BYTES });
  const limitUs = (BYTES * 8e6) / (RATE_BITS_PER_SEC * (1 - LOSS) * PAYLOAD_SHARE);
  const spentUs = run.responder.readFinishedAtUs - run.opener.openedAtUs;
  expect(spentUs).toBeLessThan(limitUs / 0.84);
});
