import { expect, test } from 'vitest';
import { controllerNames } from '../../src/transfer/core/index.ts';
import { Pair } from '../sim/pair.ts';
import { delay, loss } from '../sim/wire-elements.ts';

const LIMIT_BYTES_PER_SEC = 1_000_000;
const BYTES = 3_000_000;
const LOSS = 0.05;

test.each(controllerNames)(
  'with %s a path is never sent more than the limit, and nearly as much',
  (controller) => {
    const pair = new Pair({
      seed: 1,
      forward: [delay(10_000)],
      config: { controller, maxBytesPerSec: LIMIT_BYTES_PER_SEC },
    });
    const run = pair.transfer({ bytes: BYTES });
    const seconds = run.responder.readFinishedAtUs / 1e6;
    expect(seconds).toBeGreaterThan(BYTES / LIMIT_BYTES_PER_SEC);
    expect(seconds).toBeLessThan((1.15 * BYTES) / LIMIT_BYTES_PER_SEC);
  },
);

test('two connections to one peer share the limit, and what is sent again counts too', () => {
  const pair = new Pair({
    seed: 2,
    forward: [delay(10_000), loss(LOSS)],
    config: { controller: 'bbr', maxBytesPerSec: LIMIT_BYTES_PER_SEC },
  });
  const runs = [pair.add({ bytes: BYTES }), pair.add({ bytes: BYTES })];
  pair.workload.runToEnd();
  expect(runs.map(({ responder }) => responder.readBytes)).toEqual([BYTES, BYTES]);
  const lastUs = Math.max(...runs.map(({ responder }) => responder.readFinishedAtUs));
  const leastSeconds = (2 * BYTES) / LIMIT_BYTES_PER_SEC / (1 - LOSS);
  expect(lastUs / 1e6).toBeGreaterThan(0.99 * leastSeconds);
});
