/** Virtual time is looked at in steps of this. */
export const TICK_US = 10_000;

/** A number for each tick of a run. */
export type Ticks = Float64Array;

export function tickOf(atUs: number): number {
  return Math.floor(atUs / TICK_US);
}

export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
