import assert from 'node:assert/strict';

/** When something wants to be called; kept by the `Deadlines` that it is in. */
export class Deadline {
  /** As it was last looked at. */
  atUs: number = Infinity;
  /** Where it stands in the heap; -1 when it is in none. */
  index: number = -1;
  /** It may have changed since. */
  isStale: boolean = false;
}

/** Who has a deadline. */
export interface Timed {
  readonly deadline: Deadline;
  /** Used up in order. */
  readonly handle: number;
  /** When it has something to do; Infinity when nothing is armed. */
  readonly nextTimeoutUs: number;
}

/**
 * The next deadline of many: whoever does something that may change its own says so by `touch`, and only
 * these are looked at again. So what a turn costs goes with those that did something in it, and not
 * with all that are there.
 *
 * A deadline that changes for another reason, as a probe timeout does when another connection learns
 * the RTT of their path, counts from the next time its member does something (as in RFC 9002 §6.2.1,
 * where the timer is set when a packet is sent or acknowledged).
 */
export class Deadlines<Member extends Timed> {
  /** A binary heap by `atUs`. */
  readonly #heap: Member[] = [];
  readonly #stale: Member[] = [];

  /** How many there are. */
  get count(): number {
    return this.#heap.length;
  }

  /** The first one; Infinity when none is armed. */
  get nextUs(): number {
    this.#refresh();
    return this.#heap[0]?.deadline.atUs ?? Infinity;
  }

  add(member: Member): void {
    assert(member.deadline.index < 0, 'a member is added once');
    member.deadline.atUs = member.nextTimeoutUs;
    this.#put(member, this.#heap.length);
    this.#rise(member);
  }

  remove(member: Member): void {
    const { deadline } = member;
    const { index } = deadline;
    if (index < 0) return;
    deadline.index = -1;
    const last = this.#heap.pop()!;
    if (last === member) return;
    this.#put(last, index);
    this.#settle(last);
  }

  /** It does something that may change when it is due. Who is in no heap may say so, too. */
  touch(member: Member): void {
    const { deadline } = member;
    if (deadline.isStale || deadline.index < 0) return;
    deadline.isStale = true;
    this.#stale.push(member);
  }

  /** Those that are due, in the order of their handles. They are looked at again afterwards. */
  due(nowUs: number): readonly Member[] {
    this.#refresh();
    const due: Member[] = [];
    this.#collect(0, nowUs, due);
    for (const member of due) this.touch(member);
    return due
      .filter(({ nextTimeoutUs }) => nextTimeoutUs <= nowUs)
      .sort((one, other) => one.handle - other.handle);
  }

  /** Fails where a deadline would come too late, or where the heap is none: for tests. */
  audit(isExact: (member: Member) => boolean): void {
    this.#refresh();
    for (const [index, member] of this.#heap.entries()) {
      const { atUs } = member.deadline;
      assert(member.deadline.index === index, 'a member knows where it stands');
      assert(
        this.#heap[Math.max(0, (index - 1) >> 1)]!.deadline.atUs <= atUs,
        'no deadline is before its parent',
      );
      if (isExact(member))
        assert(atUs <= member.nextTimeoutUs, 'no deadline is looked at too late');
    }
  }

  #refresh(): void {
    if (this.#stale.length === 0) return;
    for (const member of this.#stale) {
      const { deadline } = member;
      deadline.isStale = false;
      if (deadline.index < 0) continue;
      deadline.atUs = member.nextTimeoutUs;
      this.#settle(member);
    }
    this.#stale.length = 0;
  }

  #collect(index: number, nowUs: number, due: Member[]): void {
    const member = this.#heap[index];
    if (member === undefined || member.deadline.atUs > nowUs) return;
    due.push(member);
    this.#collect(2 * index + 1, nowUs, due);
    this.#collect(2 * index + 2, nowUs, due);
  }

  #settle(member: Member): void {
    this.#rise(member);
    this.#sink(member);
  }

  #rise(member: Member): void {
    const { deadline } = member;
    while (deadline.index > 0) {
      const parent = this.#heap[(deadline.index - 1) >> 1]!;
      if (parent.deadline.atUs <= deadline.atUs) return;
      this.#swap(member, parent);
    }
  }

  #sink(member: Member): void {
    const { deadline } = member;
    for (;;) {
      const left = this.#heap[2 * deadline.index + 1];
      const right = this.#heap[2 * deadline.index + 2];
      if (left === undefined) return;
      const isRight = right !== undefined && right.deadline.atUs < left.deadline.atUs;
      const child = isRight ? right : left;
      if (deadline.atUs <= child.deadline.atUs) return;
      this.#swap(member, child);
    }
  }

  #swap(one: Member, other: Member): void {
    const { index } = one.deadline;
    this.#put(one, other.deadline.index);
    this.#put(other, index);
  }

  #put(member: Member, index: number): void {
    this.#heap[index] = member;
    member.deadline.index = index;
  }
}
