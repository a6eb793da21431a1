import { exitCodes } from '../report/exit-codes.ts';

/** The signals of this process: the first one asks to leave, the second leaves at once. */
export class Stopping {
  #exitCode: number | undefined;
  #onStop: (exitCode: number) => void = () => undefined;

  constructor() {
    process.on('SIGINT', this.interrupt);
    process.on('SIGTERM', this.#terminate);
  }

  /** What to exit with; undefined when no signal came. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** Called at the first signal, or now when it has come. One listener; a new one replaces it. */
  onStop(listener: (exitCode: number) => void): void {
    this.#onStop = listener;
    if (this.#exitCode !== undefined) listener(this.#exitCode);
  }

  /**
   * When all is done. After a first signal the second one still has its exit code, however late it comes: it may
   * meet a process that is just about to exit by itself.
   */
  end(): void {
    if (this.#exitCode !== undefined) return;
    process.off('SIGINT', this.interrupt);
    process.off('SIGTERM', this.#terminate);
  }

  /** SIGINT, or Ctrl-C where a terminal hands it over as a key. */
  readonly interrupt = (): void => {
    this.#stop(exitCodes.interrupted);
  };

  readonly #terminate = (): void => {
    this.#stop(exitCodes.terminated);
  };

  #stop(exitCode: number): void {
    if (this.#exitCode !== undefined) process.exit(exitCode);
    this.#exitCode = exitCode;
    this.#onStop(exitCode);
  }
}
