/** Which bytes of a stream have come at least once. What is missing lies in a few gaps. */
export class Coverage {
  /** Missing, in order, disjoint, not empty, all below `#end`. */
  readonly #gaps: { from: number; to: number }[] = [];
  #end = 0;

  get gapCount(): number {
    return this.#gaps.length;
  }

  /** [from, to) came; returns how many of these bytes are new. */
  add(from: number, to: number): number {
    let newBytes = 0;
    if (to > this.#end) {
      if (from > this.#end) this.#gaps.push({ from: this.#end, to: from });
      newBytes = to - Math.max(from, this.#end);
      const oldEnd = this.#end;
      this.#end = to;
      if (from >= oldEnd) return newBytes;
    }
    return newBytes + this.#fill(from, to);
  }

  #fill(from: number, to: number): number {
    const gaps = this.#gaps;
    let filledBytes = 0;
    for (let index = this.#firstEndingAfter(from); index < gaps.length;) {
      const gap = gaps[index]!;
      if (gap.from >= to) break;
      const [start, end] = [Math.max(from, gap.from), Math.min(to, gap.to)];
      filledBytes += end - start;
      const rest = [
        { from: gap.from, to: start },
        { from: end, to: gap.to },
      ].filter((part) => part.from < part.to);
      gaps.splice(index, 1, ...rest);
      index += rest.length;
    }
    return filledBytes;
  }

  #firstEndingAfter(offset: number): number {
    let [low, high] = [0, this.#gaps.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#gaps[middle]!.to > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
