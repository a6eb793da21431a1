import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
import { delay } from '../sim/wire-elements.ts';
import type { StreamPlan } from '../sim/workload.ts';

const MIB = 2 ** 20;
const BYTES = 5_000_000;
const PAUSE = [300_000, 5_300_000] as const;

type Reader = Pick<StreamPlan, 'readBytesPerSec' | 'readPauses'>;

/** Three streams to fast disks, and two to these, all at once; when each had been read. */
function endsBeside(others: readonly Reader[], creditPoolBytes: number): number[] {
  const pair = new Pair({
    seed: 1,
    isPoisoned: false,
    forward: [bottleneck(100e6, 625_000), delay(25_000)],
    backward: [delay(25_000)],
    config: { controller: 'bbr', maxDatagramBytes: 1472, creditPoolBytes },
  });
  for (const reader of [{}, {}, {}, ...others]) pair.add({ bytes: BYTES, ...reader });
  pair.workload.runToEnd();
  return pair.workload.runs.map(({ responder }) => responder.readFinishedAtUs);
}

test.each([128, 8])(
  'beside a disk of 1 MB/s and one that stalls for five seconds fast ones are as fast as beside fast ones, pool of %i MiB',
  (poolMib) => {
    const amongFast = endsBeside([{}, {}], poolMib * MIB);
    const slow = [{ readBytesPerSec: 1e6 }, { readPauses: [PAUSE] }];
    const ends = endsBeside(slow, poolMib * MIB);
    expect(Math.max(...ends.slice(0, 3))).toBeLessThan(1.02 * Math.max(...amongFast));
    // Each of the others ends as soon as its disk allows.
    expect(ends[3]).toBeLessThan(BYTES + 300_000);
    expect(ends[4]).toBeLessThan(PAUSE[1] + (BYTES * 8) / 100 + 100_000);
  },
);
