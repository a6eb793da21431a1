import PQueue from 'p-queue';

/**
 * Transfers under one ticket that run at once: half as many as its receiver lets in (`IncomingGuard`),
 * for there may be other holders. The others wait, in order, without an open file or a connection.
 */
export const MAX_RUNNING_PER_TICKET = 128;

/** Whose turn it is among the transfers that one endpoint sends under the same ticket. */
export class TicketTurns {
  /** By key id; only those that have something running. */
  readonly #queues: Map<string, PQueue> = new Map();

  /** Runs `transfer`, which never rejects and resolves when it is over, now or when its turn has come. */
  run(keyId: string, transfer: () => Promise<void>): void {
    const queue = this.#queues.get(keyId) ?? this.#begin(keyId);
    void queue.add(transfer);
  }

  /** Tickets that have something running. */
  get ticketCount(): number {
    return this.#queues.size;
  }

  #begin(keyId: string): PQueue {
    const queue = new PQueue({ concurrency: MAX_RUNNING_PER_TICKET });
    this.#queues.set(keyId, queue);
    queue.on('idle', () => {
      this.#queues.delete(keyId);
    });
    return queue;
  }
}
