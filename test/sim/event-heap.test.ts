import { expect, test } from 'vitest';
import { EventHeap, type SimEvent } from './event-heap.ts';
import { Random } from './random.ts';

class Named implements SimEvent {
  atUs = 0;
  order = 0;
  readonly name: number;

  constructor(name: number) {
    this.name = name;
  }

  fire(): void {
    throw new Error('a heap fires nothing');
  }
}

test('events come by time, and those of one instant as they were scheduled', () => {
  const random = new Random(11);
  const heap = new EventHeap();
  // The naive model: a list in the order of scheduling, of which the first of the earliest is taken.
  let model: Named[] = [];
  let taken = 0;
  for (let step = 0; step < 20_000; step++) {
    if (random.chance(0.55)) {
      const event = new Named(step);
      heap.push(event, random.integer(0, 30));
      model.push(event);
      continue;
    }
    const expected = model.reduce<Named | undefined>(
      (first, event) => (first === undefined || event.atUs < first.atUs ? event : first),
      undefined,
    );
    expect(heap.nextAtUs).toBe(expected?.atUs ?? Infinity);
    expect(heap.pop()).toBe(expected);
    model = model.filter((event) => event !== expected);
    expect(heap.size).toBe(model.length);
    if (expected !== undefined) taken++;
  }
  expect(taken).toBeGreaterThan(8_000);
});

test('a time that is no whole number of microseconds is a mistake of the caller', () => {
  const heap = new EventHeap();
  for (const atUs of [0.5, NaN, Infinity]) {
    expect(() => {
      heap.push(new Named(0), atUs);
    }).toThrow('whole microseconds');
  }
});
