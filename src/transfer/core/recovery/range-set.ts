import assert from 'node:assert/strict';

const INITIAL_CAPACITY = 16;

/**
 * A set of integers as half-open ranges: sorted, disjoint, never adjacent, so every gap between
 * two ranges is real.
 *
 * The ranges stand in two parallel columns from `#head` to `#tail`. Growing at the end and
 * forgetting at the front cost O(1) amortised, finding O(log ranges), and a change in the middle
 * moves what lies behind it. The owner bounds the number of ranges. A `visit` must not change the set.
 */
export class RangeSet {
  #starts: Float64Array = new Float64Array(INITIAL_CAPACITY);
  #ends: Float64Array = new Float64Array(INITIAL_CAPACITY);
  /** Slot of the lowest range. */
  #head = 0;
  /** One past the slot of the highest range. */
  #tail = 0;
  #total = 0;

  get rangeCount(): number {
    return this.#tail - this.#head;
  }

  get isEmpty(): boolean {
    return this.#tail === this.#head;
  }

  /** How many integers are in the set. */
  get total(): number {
    return this.#total;
  }

  /** The lowest integer. The set must not be empty. */
  get first(): number {
    assert(!this.isEmpty, 'an empty range set has no first integer');
    return this.#starts[this.#head]!;
  }

  /** The end (exclusive) of the lowest range. The set must not be empty. */
  get firstEnd(): number {
    assert(!this.isEmpty, 'an empty range set has no first range');
    return this.#ends[this.#head]!;
  }

  /** The highest integer. The set must not be empty. */
  get last(): number {
    assert(!this.isEmpty, 'an empty range set has no last integer');
    return this.#ends[this.#tail - 1]! - 1;
  }

  /** Of the range with this index, counted from the lowest. */
  start(index: number): number {
    assert(index >= 0 && index < this.rangeCount, 'a range index counts the ranges');
    return this.#starts[this.#head + index]!;
  }

  /** Exclusive. */
  end(index: number): number {
    assert(index >= 0 && index < this.rangeCount, 'a range index counts the ranges');
    return this.#ends[this.#head + index]!;
  }

  contains(n: number): boolean {
    const slot = this.#slotEndingAfter(n);
    return slot < this.#tail && this.#starts[slot]! <= n;
  }

  /** Whether every integer in [start, end) is in the set; true when there is none. */
  covers(start: number, end: number): boolean {
    if (start >= end) return true;
    const slot = this.#slotEndingAfter(start);
    return slot < this.#tail && this.#starts[slot]! <= start && end <= this.#ends[slot]!;
  }

  /** The lowest integer at or above `n` that is not in the set. */
  firstGapAfter(n: number): number {
    const slot = this.#slotEndingAfter(n);
    return slot < this.#tail && this.#starts[slot]! <= n ? this.#ends[slot]! : n;
  }

  /** Where the lowest range that begins at or above `n` begins; Infinity when none does. */
  firstStartAtOrAfter(n: number): number {
    let slot = this.#slotEndingAfter(n);
    if (slot < this.#tail && this.#starts[slot]! < n) slot++;
    return slot < this.#tail ? this.#starts[slot]! : Infinity;
  }

  /** The parts of [start, end) that are not in the set, lowest first. */
  forEachGap(start: number, end: number, visit: (start: number, end: number) => void): void {
    let at = start;
    for (let slot = this.#slotEndingAfter(start); at < end && slot < this.#tail; slot++) {
      const gapEnd = Math.min(this.#starts[slot]!, end);
      if (at < gapEnd) visit(at, gapEnd);
      at = this.#ends[slot]!;
    }
    if (at < end) visit(at, end);
  }

  /** Highest range first; `visit` returns false to stop. */
  forEachDescending(visit: (start: number, end: number) => boolean): void {
    for (let slot = this.#tail - 1; slot >= this.#head; slot--) {
      if (!visit(this.#starts[slot]!, this.#ends[slot]!)) return;
    }
  }

  /** Adds [start, end); returns how many of its integers were not in the set. */
  insert(start: number, end: number): number {
    if (start >= end) return 0;
    if (this.isEmpty || start > this.#ends[this.#tail - 1]!) {
      this.#append(start, end);
      return end - start;
    }
    // Ranges that overlap or touch the new one become one range with it.
    const from = this.#slotEndingAfter(start - 1);
    let to = from;
    let mergedLength = 0;
    while (to < this.#tail && this.#starts[to]! <= end) {
      mergedLength += this.#ends[to]! - this.#starts[to]!;
      to++;
    }
    const mergedStart = to > from ? Math.min(start, this.#starts[from]!) : start;
    const mergedEnd = to > from ? Math.max(end, this.#ends[to - 1]!) : end;
    const slot = this.#replace(from, to, 1);
    this.#starts[slot] = mergedStart;
    this.#ends[slot] = mergedEnd;
    const added = mergedEnd - mergedStart - mergedLength;
    this.#total += added;
    return added;
  }

  /** Takes [start, end) out; returns how many of its integers were in the set. */
  remove(start: number, end: number): number {
    if (start >= end) return 0;
    const from = this.#slotEndingAfter(start);
    let to = from;
    let removed = 0;
    while (to < this.#tail && this.#starts[to]! < end) {
      removed += Math.min(end, this.#ends[to]!) - Math.max(start, this.#starts[to]!);
      to++;
    }
    if (to === from) return 0;
    const leftStart = this.#starts[from]!;
    const rightEnd = this.#ends[to - 1]!;
    const keepsLeft = leftStart < start;
    const keepsRight = rightEnd > end;
    let slot = this.#replace(from, to, Number(keepsLeft) + Number(keepsRight));
    if (keepsLeft) {
      this.#starts[slot] = leftStart;
      this.#ends[slot] = start;
      slot++;
    }
    if (keepsRight) {
      this.#starts[slot] = end;
      this.#ends[slot] = rightEnd;
    }
    this.#total -= removed;
    return removed;
  }

  /** Takes out everything below `n`. */
  forgetBelow(n: number): void {
    if (!this.isEmpty) this.remove(this.#starts[this.#head]!, n);
  }

  clear(): void {
    this.#head = 0;
    this.#tail = 0;
    this.#total = 0;
  }

  /** Slot of the lowest range that ends after `n`; `#tail` when there is none. */
  #slotEndingAfter(n: number): number {
    // Nearly every question is about the highest range or the lowest.
    if (this.isEmpty || this.#ends[this.#tail - 1]! <= n) return this.#tail;
    if (this.#tail - this.#head === 1 || this.#ends[this.#tail - 2]! <= n) return this.#tail - 1;
    if (this.#ends[this.#head]! > n) return this.#head;
    let low = this.#head + 1;
    let high = this.#tail - 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ends[middle]! > n) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #append(start: number, end: number): void {
    this.#makeRoomAtTail();
    this.#starts[this.#tail] = start;
    this.#ends[this.#tail] = end;
    this.#tail++;
    this.#total += end - start;
  }

  /** Makes the slots [from, to) into `count` slots (at most 2) to be filled; returns the first. */
  #replace(from: number, to: number, count: number): number {
    const surplus = to - from - count;
    if (surplus === 0) return from;
    if (surplus > 0) {
      if (from === this.#head) {
        this.#head += surplus;
        return this.#head;
      }
      this.#starts.copyWithin(to - surplus, to, this.#tail);
      this.#ends.copyWithin(to - surplus, to, this.#tail);
      this.#tail -= surplus;
      return from;
    }
    if (from === this.#head && this.#head > 0) {
      this.#head--;
      return this.#head;
    }
    const shift = this.#makeRoomAtTail();
    this.#starts.copyWithin(to - shift + 1, to - shift, this.#tail);
    this.#ends.copyWithin(to - shift + 1, to - shift, this.#tail);
    this.#tail++;
    return from - shift;
  }

  /** Makes the slot at `#tail` exist; returns by how many slots everything moved down. */
  #makeRoomAtTail(): number {
    if (this.#tail < this.#starts.length) return 0;
    const shift = this.#head;
    if (shift < this.#starts.length / 2) {
      const starts = new Float64Array(this.#starts.length * 2);
      const ends = new Float64Array(this.#starts.length * 2);
      starts.set(this.#starts);
      ends.set(this.#ends);
      this.#starts = starts;
      this.#ends = ends;
      return 0;
    }
    this.#starts.copyWithin(0, shift, this.#tail);
    this.#ends.copyWithin(0, shift, this.#tail);
    this.#head = 0;
    this.#tail -= shift;
    return shift;
  }
}
