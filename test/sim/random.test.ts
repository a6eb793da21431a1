import { expect, test } from 'vitest';
import { Random } from './random.ts';

test('the same seed draws the same, another seed something else', () => {
  const draw = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 8 }, () => random.u32());
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});

test('a split stream does not depend on what was drawn before the split', () => {
  const one = new Random(1);
  const other = new Random(1);
  other.u32();
  expect(one.split('loss').u32()).toBe(other.split('loss').u32());
  expect(one.split('loss').u32()).not.toBe(one.split('jitter').u32());
});

test('uniform draws fill their range evenly', () => {
  const random = new Random(3);
  const counts = new Array<number>(10).fill(0);
  for (let draw = 0; draw < 100_000; draw++) counts[random.integer(0, 9)]!++;
  // Four standard deviations of a count of 10,000 with p = 0.1.
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(4 * 95);
});

test('a chance of 0 draws nothing', () => {
  const one = new Random(1);
  const other = new Random(1);
  expect(one.chance(0)).toBe(false);
  expect(one.u32()).toBe(other.u32());
});
