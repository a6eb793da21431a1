import { basename } from 'node:path';
import PQueue from 'p-queue';
import { undeliveredReason } from './core/client-texts.ts';
import type { ServerLink } from './io/server-link.ts';
import { checkSource } from './io/source-check.ts';
import { deliveredLine, showProgress, undeliveredLine } from './transfer-lines.ts';
import type { Transfer, TransferEndpoint } from '../transfer/index.ts';

/** Files that may wait to be sent; one more is refused. */
export const MAX_WAITING_SENDS = 1_000;

export interface UploadsOptions {
  readonly link: Pick<ServerLink, 'request'>;
  readonly endpoint: Pick<TransferEndpoint, 'send'>;
  /** Files sent at once. */
  readonly concurrency: number;
  readonly print: (line: string) => void;
  readonly warn: (line: string) => void;
}

/** The queue behind `UPD`: asks for an introduction, sends, and says of each file how it ended. */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #queue: PQueue;
  readonly #running: Set<Transfer> = new Set();
  #isAborted = false;

  constructor(options: UploadsOptions) {
    this.#options = options;
    this.#queue = new PQueue({ concurrency: options.concurrency });
  }

  /** Files that wait or are being sent. */
  get count(): number {
    return this.#queue.size + this.#queue.pending;
  }

  /** Resolves when nothing waits or is being sent. */
  async idle(): Promise<void> {
    await this.#queue.onIdle();
  }

  /** Cancels what is being sent, and what waits as its turn comes; each still gets its line. */
  abort(): void {
    this.#isAborted = true;
    for (const transfer of this.#running) transfer.cancel();
  }

  /** Resolves once the file was looked at and waits its turn, or was refused with one line. */
  async add(user: string, path: string): Promise<void> {
    const { print } = this.#options;
    const name = basename(path);
    const source = await checkSource(path);
    if ('problem' in source) {
      print(undeliveredLine(path, user, source.problem));
    } else if (this.#queue.size >= MAX_WAITING_SENDS) {
      print(undeliveredLine(name, user, `${MAX_WAITING_SENDS} files wait already`));
    } else {
      void this.#queue.add(() => this.#send(user, path));
    }
  }

  async #send(user: string, path: string): Promise<void> {
    const { link, endpoint, print, warn } = this.#options;
    const refuse = (reason: string): void => {
      print(undeliveredLine(basename(path), user, reason));
    };
    let transfer: Transfer | undefined;
    try {
      if (this.#isAborted) {
        refuse('cancelled');
        return;
      }
      const [answer] = await link.request({ type: 'introduce', body: { to: user } });
      // The request may have taken a while; what was aborted meanwhile is not begun.
      if (this.#hasBeenAborted()) {
        refuse('cancelled');
        return;
      }
      if (answer?.type !== 'introduced') {
        refuse(undeliveredReason(answer?.type === 'refused' ? answer.body.reason : 'busy'));
        return;
      }
      const { key: introduction, addresses, to: peer } = answer.body;
      transfer = endpoint.send({ introduction, addresses, path, peer });
      this.#running.add(transfer);
      showProgress(transfer, warn);
      print(deliveredLine(transfer, await transfer.done));
    } catch (error) {
      refuse((error as Error).message);
    } finally {
      if (transfer !== undefined) this.#running.delete(transfer);
    }
  }

  #hasBeenAborted(): boolean {
    return this.#isAborted;
  }
}
