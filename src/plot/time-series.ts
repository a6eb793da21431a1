/** Spans of time that a series has at most. */
export const MAX_SPANS = 1_024;
/** Length of a span at first. */
const FIRST_SPAN_MS = 1;

/** What becomes of several values in one span. */
export type Folding = 'sum' | 'max' | 'min' | 'last';

/**
 * Quantities over time, folded into at most `MAX_SPANS` spans of equal length. When time goes beyond
 * them, each two become one of twice the length: a trace of any length takes the same memory.
 */
export class TimeSeries<Name extends string> {
  readonly #foldings: Readonly<Record<Name, Folding>>;
  readonly #values: Readonly<Record<Name, Float64Array>>;
  #spanMs = FIRST_SPAN_MS;
  #spanCount = 0;

  constructor(foldings: Readonly<Record<Name, Folding>>) {
    this.#foldings = foldings;
    const values: Partial<Record<Name, Float64Array>> = {};
    for (const name of this.#names) values[name] = new Float64Array(MAX_SPANS).fill(NaN);
    this.#values = values as Record<Name, Float64Array>;
  }

  get spanMs(): number {
    return this.#spanMs;
  }

  /** Up to the last one that something happened in. */
  get spanCount(): number {
    return this.#spanCount;
  }

  get #names(): Name[] {
    return Object.keys(this.#foldings) as Name[];
  }

  /** `timeMs` is not negative, and finite. */
  add(name: Name, timeMs: number, value: number): void {
    const index = this.#indexOf(timeMs);
    const values = this.#values[name];
    values[index] = folded(this.#foldings[name], values[index]!, value);
  }

  /** Of a `sum`: `perMs` for each millisecond from `fromMs` to `toMs`. */
  addOver(name: Name, fromMs: number, toMs: number, perMs: number): void {
    if (toMs <= fromMs) return;
    this.#indexOf(toMs);
    const values = this.#values[name];
    const last = Math.min(Math.floor(toMs / this.#spanMs), MAX_SPANS - 1);
    for (let index = Math.floor(fromMs / this.#spanMs); index <= last; index++) {
      const startMs = Math.max(fromMs, index * this.#spanMs);
      const endMs = Math.min(toMs, (index + 1) * this.#spanMs);
      values[index] = folded('sum', values[index]!, Math.max(0, endMs - startMs) * perMs);
    }
  }

  /** One a span; NaN where nothing was added. */
  values(name: Name): Float64Array {
    return this.#values[name].subarray(0, this.#spanCount);
  }

  #indexOf(timeMs: number): number {
    while (timeMs >= MAX_SPANS * this.#spanMs) this.#double();
    const index = Math.floor(timeMs / this.#spanMs);
    this.#spanCount = Math.max(this.#spanCount, index + 1);
    return index;
  }

  #double(): void {
    for (const name of this.#names) {
      const values = this.#values[name];
      for (let index = 0; index < MAX_SPANS / 2; index++) {
        const [one, other] = [values[2 * index]!, values[2 * index + 1]!];
        values[index] = Number.isNaN(other) ? one : folded(this.#foldings[name], one, other);
      }
      values.fill(NaN, MAX_SPANS / 2);
    }
    this.#spanMs *= 2;
    this.#spanCount = Math.ceil(this.#spanCount / 2);
  }
}

function folded(folding: Folding, before: number, value: number): number {
  if (Number.isNaN(before)) return value;
  switch (folding) {
    case 'sum':
      return before + value;
    case 'max':
      return Math.max(before, value);
    case 'min':
      return Math.min(before, value);
    case 'last':
      return value;
  }
}
