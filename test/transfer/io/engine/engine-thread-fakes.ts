import { type Timers } from '../../../../src/transfer/io/clock.ts';
import { EngineHost } from '../../../../src/transfer/io/engine/engine-host.ts';
import type { FromEngine, ToEngine } from '../../../../src/transfer/io/engine/engine-messages.ts';
import type { EngineThread } from '../../../../src/transfer/io/engine/engine-thread.ts';
import type { EngineEndpoint, EngineOptions } from '../../../../src/transfer/io/engine-endpoint.ts';

/**
 * A host in this thread, behind messages that are cloned as between threads. What goes to the engine
 * arrives at once; what goes to the caller waits in `unread` until the caller reads.
 */
export class FakeThread implements EngineThread {
  readonly unread: FromEngine[] = [];
  /** Everything that the caller ever said. */
  readonly said: ToEngine[] = [];
  isTerminated = false;
  /** The engine hears nothing any more. */
  isDeaf = false;
  readonly #host: EngineHost;
  #onMessage: (message: FromEngine) => void = () => undefined;
  #onEnd: (error: Error | undefined) => void = () => undefined;
  #isOver = false;

  constructor(createEndpoint: (options: EngineOptions) => Promise<EngineEndpoint>, timers: Timers) {
    this.#host = new EngineHost({
      createEndpoint,
      post: (message) => this.unread.push(structuredClone(message)),
      disconnect: () => (this.#isOver = true),
      timers,
    });
  }

  post(message: ToEngine): void {
    const clone = structuredClone(message);
    this.said.push(clone);
    if (!this.#isOver && !this.isDeaf) this.#host.handle(clone);
  }

  listen(onMessage: (message: FromEngine) => void, onEnd: (error?: Error) => void): void {
    this.#onMessage = onMessage;
    this.#onEnd = onEnd;
  }

  terminate(): void {
    this.isTerminated = true;
    queueMicrotask(() => {
      this.end();
    });
  }

  /** The caller reads what waits, and what comes of that; then of the end, if it has come. */
  async read(): Promise<void> {
    await settle();
    while (this.unread.length > 0) {
      for (const message of this.unread.splice(0)) this.#onMessage(message);
      await settle();
    }
    if (this.#isOver) this.#onEnd(undefined);
    await settle();
  }

  /** The thread ends, as after an exception that nobody caught, or by itself. */
  end(error?: Error): void {
    this.#isOver = true;
    this.#onEnd(error);
  }
}

/** Lets promises that can go on do so. */
export async function settle(): Promise<void> {
  for (let step = 0; step < 20; step++) await Promise.resolve();
}
