import { showProgress } from '../report/progress-lines.ts';
import { leftOutLines, receivedLine, unreceivedLine } from '../report/result-lines.ts';
import { asError, failureClause } from '../report/transfer-failure.ts';
import type { TransferList } from './transfer-list.ts';
import type { SafeText } from '../text/safe-text.ts';
import type { Transfer } from '../transfer/index.ts';

/** The files that come in: says of each how it ended. Their number is bounded by the endpoint. */
export class Downloads {
  readonly #giveUpMs: number;
  readonly #list: TransferList;
  readonly #print: (line: SafeText) => void;
  readonly #warn: (line: SafeText) => void;
  readonly #running: Map<Transfer, Promise<void>> = new Map();
  #isAborted = false;

  /** `giveUpMs`: after how long without an answer the endpoint gives a transfer up. */
  constructor(
    giveUpMs: number,
    list: TransferList,
    print: (line: SafeText) => void,
    warn: (line: SafeText) => void,
  ) {
    this.#giveUpMs = giveUpMs;
    this.#list = list;
    this.#print = print;
    this.#warn = warn;
  }

  get count(): number {
    return this.#running.size;
  }

  /** Takes over a transfer whose offer was accepted. */
  add(transfer: Transfer): void {
    // A refused offer has its one line only.
    if (transfer.state !== 'failed') showProgress(transfer, this.#warn);
    const shown = transfer.done.then(
      (result) => {
        for (const item of result.items) this.#print(receivedLine(item, transfer.peer));
        const lineOf = (name: string, reason: string): SafeText =>
          unreceivedLine(name, transfer.peer, reason);
        for (const line of leftOutLines(result, lineOf)) this.#print(line);
      },
      (error: unknown) => {
        const reason = failureClause(asError(error), transfer.peer, this.#giveUpMs);
        this.#print(unreceivedLine(transfer.name, transfer.peer, reason));
      },
    );
    const { peer, name } = transfer;
    const { unlist } = this.#list.add({
      direction: 'receive',
      peer,
      name,
      transfer: () => transfer,
      cancel: () => {
        transfer.cancel();
      },
    });
    const over = shown.finally(() => {
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
