import { basename } from 'node:path';
import PQueue from 'p-queue';
import { declinedReason, type Introducer } from './introducer.ts';
import { checkSource } from './io/source-check.ts';
import type { ListedTransfer, TransferList } from './transfer-list.ts';
import { showProgress } from '../report/progress-lines.ts';
import {
  deliveredLine,
  leftOutLines,
  skippedLinksLines,
  undeliveredLine,
} from '../report/result-lines.ts';
import { asError, failureClause } from '../report/transfer-failure.ts';
import type { SafeText } from '../text/safe-text.ts';
import type { Transfer, TransferEndpoint } from '../transfer/index.ts';

/** Files that may wait to be sent; one more is refused. */
export const MAX_WAITING_SENDS = 1_000;

export interface UploadsOptions {
  /** Who has logged in. */
  readonly self: string;
  readonly introducer: Pick<Introducer, 'introduce' | 'watch' | 'unwatch'>;
  readonly list: TransferList;
  readonly endpoint: Pick<TransferEndpoint, 'send'>;
  /** Files sent at once. */
  readonly concurrency: number;
  /** After how long without an answer the endpoint gives a transfer up. */
  readonly giveUpMs: number;
  readonly print: (line: SafeText) => void;
  readonly warn: (line: SafeText) => void;
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
      const upload = new Upload(user, path);
      const { unlist } = this.#options.list.add(upload);
      void this.#queue.add(() => this.#send(upload)).then(unlist);
    }
  }

  async #send(upload: Upload): Promise<void> {
    const { self, introducer, endpoint, giveUpMs, print, warn } = this.#options;
    const { peer, path } = upload;
    const refuse = (reason: string): void => {
      print(undeliveredLine(basename(path), peer, reason));
    };
    const isCancelled = (): boolean => this.#isAborted || upload.isCancelled;
    let transfer: Transfer | undefined;
    let keyId: string | undefined;
    const answer = { isDeclined: false };
    try {
      if (isCancelled()) {
        refuse('cancelled');
        return;
      }
      const introduced = await introducer.introduce(peer, 'files', isCancelled);
      // That may have taken a while; what was cancelled meanwhile is not begun.
      if ('refusal' in introduced || isCancelled()) {
        refuse('refusal' in introduced ? introduced.refusal : 'cancelled');
        return;
      }
      const { key: introduction, addresses } = introduced;
      const sent = endpoint.send({ introduction, addresses, paths: [path], peer });
      transfer = sent;
      upload.begin(sent);
      this.#running.add(sent);
      keyId = introduction.keyId;
      introducer.watch(keyId, () => {
        answer.isDeclined = true;
        sent.cancel();
      });
      showProgress(sent, warn);
      const result = await sent.done;
      for (const item of result.items) print(deliveredLine(item, result, peer));
      const lines = leftOutLines(result, (name, reason) => undeliveredLine(name, peer, reason));
      for (const line of lines) print(line);
      for (const line of skippedLinksLines(result)) warn(line);
    } catch (error) {
      refuse(
        answer.isDeclined
          ? declinedReason(peer, self)
          : failureClause(asError(error), peer, giveUpMs),
      );
    } finally {
      if (transfer !== undefined) this.#running.delete(transfer);
      if (keyId !== undefined) introducer.unwatch(keyId);
    }
  }
}

/** One thing to send, from when it was asked for. */
class Upload implements ListedTransfer {
  readonly direction = 'send';
  readonly peer: string;
  readonly path: string;
  #transfer: Transfer | undefined;
  #isCancelled = false;

  constructor(peer: string, path: string) {
    this.peer = peer;
    this.path = path;
  }

  get name(): string {
    return basename(this.path);
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  transfer(): Transfer | undefined {
    return this.#transfer;
  }

  begin(transfer: Transfer): void {
    this.#transfer = transfer;
  }

  /** One that waits ends when its turn comes. */
  cancel(): void {
    this.#isCancelled = true;
    this.#transfer?.cancel();
  }
}
