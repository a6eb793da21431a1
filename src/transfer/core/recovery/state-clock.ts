/** How long something was in each of a few states, to the microsecond. */
export class StateClock<State extends string> {
  readonly #spentUs: Map<State, number> = new Map();
  #state: State;
  #sinceUs: number;

  constructor(state: State, nowUs: number) {
    this.#state = state;
    this.#sinceUs = nowUs;
  }

  get state(): State {
    return this.#state;
  }

  enter(state: State, nowUs: number): void {
    if (state === this.#state) return;
    this.#spentUs.set(this.#state, this.spentUs(this.#state, nowUs));
    this.#state = state;
    this.#sinceUs = nowUs;
  }

  /** In all, the present stay included. */
  spentUs(state: State, nowUs: number): number {
    const before = this.#spentUs.get(state) ?? 0;
    return state === this.#state ? before + nowUs - this.#sinceUs : before;
  }
}
