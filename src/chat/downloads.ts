import { keptLine } from '../report/result-lines.ts';
import { explained, failureClause } from '../report/transfer-failure.ts';
import type { TransferReporter } from '../report/transfer-reporter.ts';
import type { Transfer } from '../transfer/index.ts';
import type { TransferList } from './transfer-list.ts';

/** The files that come in: says of each how it ended. Their number is bounded by the endpoint. */
export class Downloads {
  readonly #giveUpMs: number;
  readonly #list: TransferList;
  readonly #reporter: TransferReporter;
  readonly #running: Map<Transfer, Promise<void>> = new Map();
  #isAborted = false;

  /** `giveUpMs`: after how long without an answer the endpoint gives a transfer up. */
  constructor(giveUpMs: number, list: TransferList, reporter: TransferReporter) {
    this.#giveUpMs = giveUpMs;
    this.#list = list;
    this.#reporter = reporter;
  }

  get count(): number {
    return this.#running.size;
  }

  /** Takes over a transfer whose offer was accepted, or refused. */
  add(transfer: Transfer): void {
    const { peer, name } = transfer;
    const { id, unlist } = this.#list.add({
      direction: 'receive',
      peer,
      name,
      transfer: () => transfer,
      cancel: () => {
        transfer.cancel();
      },
    });
    const told = this.#reporter.follow(transfer, {
      id,
      peer,
      explain: (error) => explained(error, failureClause(error, peer, this.#giveUpMs)),
      advice: () => keptLine(transfer),
    });
    const over = told.then(() => {
      unlist();
      this.#running.delete(transfer);
    });
    this.#running.set(transfer, over);
    if (this.#isAborted) transfer.cancel();
  }

  /** Resolves when nothing comes in any more, also of what began meanwhile. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  /** Cancels what comes in, now and later. */
  abort(): void {
    this.#isAborted = true;
    for (const transfer of this.#running.keys()) transfer.cancel();
  }
}
