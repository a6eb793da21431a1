import { basename } from 'node:path';
import PQueue from 'p-queue';
import { refusalText } from './core/client-texts.ts';
import type { ServerLink } from './io/server-link.ts';
import { checkSource } from './io/source-check.ts';
import { deliveredLine, showProgress, undeliveredLine } from './transfer-lines.ts';
import type { TransferEndpoint } from '../transfer/index.ts';

/** Files that may wait to be sent; one more is refused. */
export const MAX_WAITING_SENDS = 1_000;

export interface UploadsOptions {
  readonly link: ServerLink;
  readonly endpoint: TransferEndpoint;
  /** Files sent at once. */
  readonly concurrency: number;
  readonly print: (line: string) => void;
  readonly warn: (line: string) => void;
}

/** The queue behind `UPD`: asks for an introduction, sends, and says how it ended. */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #queue: PQueue;

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

  /** Drops what waits; what is being sent is the endpoint's to cancel. */
  clear(): void {
    this.#queue.clear();
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
    const name = basename(path);
    try {
      const [answer] = await link.request({ type: 'introduce', body: { to: user } });
      if (answer?.type !== 'introduced') {
        const reason = answer?.type === 'refused' ? answer.body.reason : 'busy';
        print(undeliveredLine(name, user, refusalText(reason, 'UPD')));
        return;
      }
      const { key: introduction, addresses, to: peer } = answer.body;
      const transfer = endpoint.send({ introduction, addresses, path, peer });
      showProgress(transfer, warn);
      print(deliveredLine(transfer, await transfer.done));
    } catch (error) {
      print(undeliveredLine(name, user, (error as Error).message));
    }
  }
}
