import assert from 'node:assert/strict';

/** What holds from an instant on; the first instant is 0, and each is later than the one before. */
export type Steps = readonly (readonly [atUs: number, value: number])[];

export function assertSteps(steps: Steps): void {
  assert(steps[0]?.[0] === 0, 'steps begin at 0');
  for (const [index, [atUs, value]] of steps.entries()) {
    assert(index === 0 || atUs > steps[index - 1]![0], 'each step is later than the one before');
    assert(value >= 0, 'no step is negative');
  }
}

/** What holds at an instant, for whoever asks for times that never go back. */
export class StepCursor {
  readonly #steps: Steps;
  #index = 0;

  constructor(steps: Steps) {
    assertSteps(steps);
    this.#steps = steps;
  }

  at(atUs: number): number {
    while (this.nextAtUs <= atUs) this.#index++;
    return this.#steps[this.#index]![1];
  }

  /** When it changes after the last time asked for; Infinity where it stays. */
  get nextAtUs(): number {
    return this.#steps[this.#index + 1]?.[0] ?? Infinity;
  }
}

/**
 * A rate that changes with time, bits per second. A rate of 0 holds what is being serialised until the
 * next step; the last rate is not 0.
 */
export class RateTrace {
  readonly #cursor: StepCursor;

  constructor(steps: Steps) {
    assert(steps.at(-1)![1] > 0, 'the last rate is not 0');
    this.#cursor = new StepCursor(steps);
  }

  /** When `bytes` are through that begin at `fromUs`, a fraction of a microsecond included. */
  endUs(fromUs: number, bytes: number): number {
    let [atUs, left] = [fromUs, bytes * 8e6];
    for (;;) {
      const rate = this.#cursor.at(atUs);
      const { nextAtUs } = this.#cursor;
      if (rate > 0 && atUs + left / rate <= nextAtUs) return atUs + left / rate;
      left -= rate * (nextAtUs - atUs);
      atUs = nextAtUs;
    }
  }
}
