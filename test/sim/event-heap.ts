import assert from 'node:assert/strict';

/** Something that happens at an instant of virtual time. */
export interface SimEvent {
  atUs: number;
  /** Insertion index: events of one instant happen in the order in which they were scheduled. */
  order: number;
  fire(nowUs: number): void;
}

/** The future, the earliest first: a binary heap ordered by (atUs, insertion index). */
export class EventHeap {
  readonly #events: SimEvent[] = [];
  #nextOrder = 0;

  get size(): number {
    return this.#events.length;
  }

  /** Infinity when nothing is to happen. */
  get nextAtUs(): number {
    return this.#events.length === 0 ? Infinity : this.#events[0]!.atUs;
  }

  push(event: SimEvent, atUs: number): void {
    assert(Number.isSafeInteger(atUs), 'virtual time is whole microseconds');
    event.atUs = atUs;
    event.order = this.#nextOrder++;
    const events = this.#events;
    let index = events.length;
    events.push(event);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = events[parentIndex]!;
      if (!isBefore(event, parent)) break;
      events[index] = parent;
      index = parentIndex;
    }
    events[index] = event;
  }

  pop(): SimEvent | undefined {
    const events = this.#events;
    const first = events[0];
    const moved = events.pop();
    if (moved === undefined || events.length === 0) return first;
    const { length } = events;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(events[child + 1]!, events[child]!)) child++;
      if (!isBefore(events[child]!, moved)) break;
      events[index] = events[child]!;
      index = child;
    }
    events[index] = moved;
    return first;
  }
}

function isBefore(one: SimEvent, other: SimEvent): boolean {
  return one.atUs < other.atUs || (one.atUs === other.atUs && one.order < other.order);
}
