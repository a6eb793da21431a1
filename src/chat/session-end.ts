import type { Ending, Stopping } from './core/client-ending.ts';

/** Why a session ends, as soon as that is known. */
export class SessionEnd {
  #end: (ending: Ending) => void = () => undefined;
  /** The first reason to end. */
  readonly ended: Promise<Ending>;
  #stopNow: (ending: Stopping) => void = () => undefined;
  /** A signal, also one that comes when the session has ended and its transfers still run. */
  readonly stopped: Promise<Stopping>;

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.stopped = new Promise((resolve) => {
      this.#stopNow = resolve;
    });
  }

  end(ending: Ending): void {
    this.#end(ending);
  }

  stop(ending: Stopping): void {
    this.#end(ending);
    this.#stopNow(ending);
  }
}
