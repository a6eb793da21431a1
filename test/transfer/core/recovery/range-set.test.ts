import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RangeSet } from '../../../../src/transfer/core/recovery/range-set.ts';

type Range = readonly [start: number, end: number];

function rangesOf(set: RangeSet): Range[] {
  return Array.from({ length: set.rangeCount }, (_, i) => [set.start(i), set.end(i)]);
}

/** The same set as a set of integers. */
type Naive = Set<number>;

function naiveRanges(naive: Naive): Range[] {
  const ranges: [number, number][] = [];
  for (const n of [...naive].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last?.[1] === n) last[1]++;
    else ranges.push([n, n + 1]);
  }
  return ranges;
}

/** Compares everything that can be asked of the two. */
function expectSame(set: RangeSet, naive: Naive, about: number): void {
  const ranges = naiveRanges(naive);
  expect(rangesOf(set)).toEqual(ranges);
  expect(set.total).toBe(naive.size);
  expect(set.isEmpty).toBe(naive.size === 0);
  if (ranges.length > 0) {
    expect([set.first, set.firstEnd]).toEqual(ranges[0]);
    expect(set.last).toBe(ranges.at(-1)![1] - 1);
  }
  const answers: unknown[] = [];
  const naiveAnswers: unknown[] = [];
  for (let n = about - 3; n <= about + 3; n++) {
    let gap = n;
    while (naive.has(gap)) gap++;
    const next = ranges.find(([start]) => start >= n)?.[0] ?? Infinity;
    naiveAnswers.push(n, naive.has(n), gap, gap >= about + 4, next);
    const coversUntil = set.covers(n, about + 4);
    answers.push(n, set.contains(n), set.firstGapAfter(n), coversUntil, set.firstStartAtOrAfter(n));
  }
  expect(answers).toEqual(naiveAnswers);
}

class Insert implements fc.Command<Naive, RangeSet> {
  readonly #start: number;
  readonly #length: number;
  constructor(start: number, length: number) {
    this.#start = start;
    this.#length = length;
  }
  check(): boolean {
    return true;
  }
  run(naive: Naive, set: RangeSet): void {
    const before = naive.size;
    for (let n = this.#start; n < this.#start + this.#length; n++) naive.add(n);
    expect(set.insert(this.#start, this.#start + this.#length)).toBe(naive.size - before);
    expectSame(set, naive, this.#start);
  }
  toString(): string {
    return `insert(${this.#start}, ${this.#start + this.#length})`;
  }
}

class Remove implements fc.Command<Naive, RangeSet> {
  readonly #start: number;
  readonly #length: number;
  constructor(start: number, length: number) {
    this.#start = start;
    this.#length = length;
  }
  check(): boolean {
    return true;
  }
  run(naive: Naive, set: RangeSet): void {
    const before = naive.size;
    for (let n = this.#start; n < this.#start + this.#length; n++) naive.delete(n);
    expect(set.remove(this.#start, this.#start + this.#length)).toBe(before - naive.size);
    expectSame(set, naive, this.#start);
  }
  toString(): string {
    return `remove(${this.#start}, ${this.#start + this.#length})`;
  }
}

class ForgetBelow implements fc.Command<Naive, RangeSet> {
  readonly #n: number;
  constructor(n: number) {
    this.#n = n;
  }
  check(): boolean {
    return true;
  }
  run(naive: Naive, set: RangeSet): void {
    for (const n of naive) if (n < this.#n) naive.delete(n);
    set.forgetBelow(this.#n);
    expectSame(set, naive, this.#n);
  }
  toString(): string {
    return `forgetBelow(${this.#n})`;
  }
}

class ForEachGap implements fc.Command<Naive, RangeSet> {
  readonly #start: number;
  readonly #length: number;
  constructor(start: number, length: number) {
    this.#start = start;
    this.#length = length;
  }
  check(): boolean {
    return true;
  }
  run(naive: Naive, set: RangeSet): void {
    const missing: Naive = new Set();
    for (let n = this.#start; n < this.#start + this.#length; n++) {
      if (!naive.has(n)) missing.add(n);
    }
    const gaps: Range[] = [];
    set.forEachGap(this.#start, this.#start + this.#length, (start, end) => {
      gaps.push([start, end]);
    });
    expect(gaps).toEqual(naiveRanges(missing));
  }
  toString(): string {
    return `forEachGap(${this.#start}, ${this.#start + this.#length})`;
  }
}

class Clear implements fc.Command<Naive, RangeSet> {
  check(): boolean {
    return true;
  }
  run(naive: Naive, set: RangeSet): void {
    naive.clear();
    set.clear();
    expectSame(set, naive, 0);
  }
  toString(): string {
    return 'clear()';
  }
}

/** Short ranges over many places make many ranges; long ones merge them. */
const place = fc.nat(400);
const length = fc.oneof({ weight: 8, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(150) });
const changes = [
  fc.tuple(place, length).map(([start, length]) => new Insert(start, length)),
  fc.tuple(place, length).map(([start, length]) => new Insert(start, length)),
  fc.tuple(place, length).map(([start, length]) => new Insert(start, length)),
  fc.tuple(place, length).map(([start, length]) => new Remove(start, length)),
  fc.tuple(place, fc.nat(150)).map(([start, length]) => new ForEachGap(start, length)),
  fc.nat(120).map((n) => new ForgetBelow(n)),
];

test('a range set is the set of its integers, whatever is done to it', () => {
  const commands = fc.commands([...changes, fc.constant(new Clear())], {
    size: '+2',
    maxCommands: 200,
  });
  fc.assert(
    fc.property(commands, (commands) => {
      fc.modelRun(() => ({ model: new Set<number>(), real: new RangeSet() }), commands);
    }),
    { numRuns: 100 },
  );
});

test('a window that slides on while ranges open and close anywhere in it loses none', () => {
  const step = fc.tuple(fc.nat(90), fc.integer({ min: 1, max: 3 }), fc.nat(4), fc.boolean());
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 400 }), (steps) => {
      const set = new RangeSet();
      const naive: Naive = new Set();
      let base = 0;
      for (const [offset, length, advance, isRemoval] of steps) {
        const start = base + offset;
        for (let n = start; n < start + length; n++) {
          if (isRemoval) naive.delete(n);
          else naive.add(n);
        }
        if (isRemoval) set.remove(start, start + length);
        else set.insert(start, start + length);
        base += advance;
        for (const n of naive) if (n < base) naive.delete(n);
        set.forgetBelow(base);
      }
      expectSame(set, naive, base);
    }),
  );
});

test('a window of ranges that slides for ever never holds more than one window', () => {
  const set = new RangeSet();
  for (let n = 0; n < 30_000; n += 3) {
    set.insert(n, n + 2);
    if (n >= 300) set.forgetBelow(n - 297);
    expect(set.rangeCount).toBeLessThanOrEqual(101);
  }
  expect(set.first).toBe(29_997 - 297);
  expect(set.total).toBe(200);
});

test('ranges that are filled in from the back end as one', () => {
  const set = new RangeSet();
  for (let n = 998; n >= 0; n -= 2) expect(set.insert(n, n + 1)).toBe(1);
  expect(set.rangeCount).toBe(500);
  for (let n = 999; n > 0; n -= 2) expect(set.insert(n, n + 1)).toBe(1);
  expect(rangesOf(set)).toEqual([[0, 1000]]);
});

test('the highest range is visited first, and a visit that returns false is the last', () => {
  const set = new RangeSet();
  for (const start of [10, 30, 20, 40]) set.insert(start, start + 5);
  const visited: Range[] = [];
  set.forEachDescending((start, end) => {
    visited.push([start, end]);
    return start > 20;
  });
  expect(visited).toEqual([
    [40, 45],
    [30, 35],
    [20, 25],
  ]);
});

test('numbers of 53 bits are kept exactly', () => {
  const set = new RangeSet();
  const high = 2 ** 53 - 10;
  set.insert(high, high + 4);
  set.remove(high + 1, high + 2);
  expect(rangesOf(set)).toEqual([
    [high, high + 1],
    [high + 2, high + 4],
  ]);
});

test('an empty set has no first and no last integer', () => {
  const set = new RangeSet();
  expect(() => set.first).toThrow();
  expect(() => set.firstEnd).toThrow();
  expect(() => set.last).toThrow();
  expect(() => set.start(0)).toThrow();
});
