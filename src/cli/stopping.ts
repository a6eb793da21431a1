import { exitCodes } from './exit-codes.ts';

/** The signals of this process: the first one asks to leave, the second leaves at once. */
export class Stopping {
  readonly #onStop: () => void;
  #exitCode: number | undefined;

  constructor(onStop: () => void) {
    this.#onStop = onStop;
    process.on('SIGINT', this.#interrupt);
    process.on('SIGTERM', this.#terminate);
  }

  /** What to exit with; undefined when no signal came. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  end(): void {
    process.off('SIGINT', this.#interrupt);
    process.off('SIGTERM', this.#terminate);
  }

  readonly #interrupt = (): void => {
    this.#stop(exitCodes.interrupted);
  };

  readonly #terminate = (): void => {
    this.#stop(exitCodes.terminated);
  };

  #stop(exitCode: number): void {
    if (this.#exitCode !== undefined) process.exit(exitCode);
    this.#exitCode = exitCode;
    this.#onStop();
  }
}
