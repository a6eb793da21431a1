import { test } from 'vitest';
import { Random } from '../../../sim/random.ts';

/** What is sent while the power goes, and how it is looked at. */
export interface PowerCuts {
  /** Completes the titles: `power lost at each change of the disk, while …`. */
  readonly what: string;
  /** Changes that one undisturbed transfer makes; fails where that one is not as it should be. */
  readonly callCount: () => Promise<number>;
  /**
   * Sends, loses the power at these changes one after another, sends until it is delivered, and fails where a
   * promise is broken. `luck` is how much of what was not synced survives.
   */
  readonly cutAndResend: (cutAts: readonly number[], seed: number, luck: number) => Promise<void>;
  /** Orders that are tried where half survives; default 8. */
  readonly seeds?: number;
  /** Of several cuts in a row: how many series, the latest change; default 60 and 60. */
  readonly series?: number;
  readonly latestCut?: number;
}

/** Tests that lose the power at each change in turn, and again and again. */
export function testPowerCuts(cuts: PowerCuts): void {
  const { what, callCount, cutAndResend, seeds: orders = 8, series = 60, latestCut = 60 } = cuts;
  test.each([
    ['nothing that was not synced survives', 0, 1],
    ['all that was not synced survives', 1, 1],
    ['half of what was not synced survives, in any order', 0.5, orders],
  ])(
    `power lost at each change of the disk while ${what}, where %s`,
    async (_what, luck, seeds) => {
      const count = await callCount();
      for (let cutAt = 1; cutAt <= count + 1; cutAt++) {
        for (let seed = 1; seed <= seeds; seed++) {
          try {
            await cutAndResend([cutAt], seed * 1_000 + cutAt, luck);
          } catch (error) {
            throw new Error(`cut at ${cutAt}, seed ${seed}`, { cause: error });
          }
        }
      }
    },
  );

  test(`power lost again and again while ${what}, at any change`, async () => {
    for (let seed = 1; seed <= series; seed++) {
      const random = new Random(seed);
      const count = random.integer(2, 4);
      const cutAts = Array.from({ length: count }, () => random.integer(1, latestCut));
      try {
        await cutAndResend(cutAts, seed, random.pick([0.2, 0.5, 0.8]));
      } catch (error) {
        throw new Error(`seed ${seed}, cuts at ${cutAts.join(', ')}`, { cause: error });
      }
    }
  });
}
