import { NEVER_FITS } from '../disk.ts';
import { TransferError } from '../transfer-error.ts';

/** How often a disk that was full is tried again. */
export const SPACE_RETRY_MS = 1_000;

export interface SpaceWaitOptions {
  /** Runs `action` later; the function that it gives takes that back. */
  readonly after: (delayMs: number, action: () => void) => () => void;
  /** After this long without room it fails. */
  readonly giveUpMs: number;
  /** Whether something waits, whenever that changes. */
  readonly onChange: (isWaiting: boolean) => void;
}

/** Tries what fails for want of space on the disk until there is room, or for as long as allowed. */
export class SpaceWait {
  readonly #options: SpaceWaitOptions;
  /** Each ends one wait. */
  readonly #sleepers: Set<() => void> = new Set();
  #waitingCount = 0;
  readonly #stopping: AbortController = new AbortController();

  constructor(options: SpaceWaitOptions) {
    this.#options = options;
  }

  /** Aborted by `stop`: the transfer has failed. */
  get stopped(): AbortSignal {
    return this.#stopping.signal;
  }

  /** `action` may be called again after it failed. */
  async run<Value>(action: () => Promise<Value>): Promise<Value> {
    let triedMs = 0;
    try {
      for (;;) {
        try {
          return await action();
        } catch (error) {
          const isFull =
            error instanceof TransferError &&
            error.code === 'no-space' &&
            error.cause !== NEVER_FITS;
          if (!isFull || this.stopped.aborted || triedMs >= this.#options.giveUpMs) throw error;
        }
        if (triedMs === 0 && this.#waitingCount++ === 0) this.#options.onChange(true);
        triedMs += SPACE_RETRY_MS;
        await this.#sleep();
      }
    } finally {
      if (triedMs > 0 && --this.#waitingCount === 0) this.#options.onChange(false);
    }
  }

  /** Whoever waits tries once more, and waits no longer. */
  stop(): void {
    this.#stopping.abort();
    for (const wake of this.#sleepers) wake();
  }

  async #sleep(): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        cancel();
        this.#sleepers.delete(wake);
        resolve();
      };
      const cancel = this.#options.after(SPACE_RETRY_MS, wake);
      this.#sleepers.add(wake);
    });
  }
}
