import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
import { delay } from '../sim/wire-elements.ts';

const BYTES = 1_048_576;

test('a second transfer to the same peer starts with what the first taught of the path', () => {
  const pair = new Pair({
    seed: 1,
    forward: [bottleneck(100e6, 625_000), delay(25_000)],
    backward: [delay(25_000)],
    config: { controller: 'bbr', datagramBytes: 1_372 },
  });
  const spentUs = [1, 2].map(() => {
    const run = pair.transfer({ bytes: BYTES });
    return run.responder.readFinishedAtUs - run.opener.openedAtUs;
  });
  expect(spentUs[1]).toBeLessThan(0.8 * spentUs[0]!);
});
