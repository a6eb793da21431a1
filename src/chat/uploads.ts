import { basename, resolve } from 'node:path';
import PQueue from 'p-queue';
import { declinedReason, type Introducer } from './introducer.ts';
import { checkSource } from './io/source-check.ts';
import type { OpeningComparer, WatchedOpening } from './opening-comparer.ts';
import type { ListedTransfer, TransferList } from './transfer-list.ts';
import { asError, explained, failureClause } from '../report/transfer-failure.ts';
import type { TransferReporter } from '../report/transfer-reporter.ts';
import { safeLine } from '../text/safe-text.ts';
import { type Transfer, type TransferEndpoint, TransferError } from '../transfer/index.ts';

/** Files that may wait to be sent; one more is refused. */
export const MAX_WAITING_SENDS = 1_000;

export interface UploadsOptions {
  /** Who has logged in. */
  readonly self: string;
  readonly introducer: Pick<Introducer, 'introduce' | 'watch' | 'unwatch'>;
  /** Says why nobody answers, while it is tried. */
  readonly comparer: Pick<OpeningComparer, 'watch'>;
  readonly list: TransferList;
  readonly endpoint: Pick<TransferEndpoint, 'send'>;
  /** Files sent at once. */
  readonly concurrency: number;
  /** After how long without an answer the endpoint gives a transfer up. */
  readonly giveUpMs: number;
  readonly reporter: TransferReporter;
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
    const source = await checkSource(path);
    const refuse = (shownName: string, error: TransferError): void => {
      this.#options.reporter.refuse({ direction: 'send', peer: user, name: shownName }, error);
    };
    if ('problem' in source) {
      refuse(path, new TransferError('local-file', source.problem));
    } else if (this.#queue.size >= MAX_WAITING_SENDS) {
      refuse(nameOf(path), new TransferError('refused', `${MAX_WAITING_SENDS} files wait already`));
    } else {
      const upload = new Upload(user, path);
      const { id, unlist } = this.#options.list.add(upload);
      void this.#queue.add(() => this.#send(upload, id)).then(unlist);
    }
  }

  async #send(upload: Upload, id: number): Promise<void> {
    const { self, introducer, comparer, endpoint, giveUpMs, reporter } = this.#options;
    const { peer, path } = upload;
    const isCancelled = (): boolean => this.#isAborted || upload.isCancelled;
    let transfer: Transfer | undefined;
    let keyId: string | undefined;
    let watched: WatchedOpening | undefined;
    const answer = { isDeclined: false };
    try {
      if (isCancelled()) throw cancelled();
      const introduced = await introducer.introduce(peer, 'files', isCancelled);
      if ('refusal' in introduced) throw new TransferError(introduced.code, introduced.refusal);
      // That may have taken a while; what was cancelled meanwhile is not begun.
      if (isCancelled()) throw cancelled();
      const { key: introduction, addresses } = introduced;
      const sent = endpoint.send({ introduction, addresses, paths: [path], peer });
      transfer = sent;
      upload.begin(sent);
      this.#running.add(sent);
      keyId = introduction.keyId;
      watched = comparer.watch(introduced);
      const { findings } = watched;
      introducer.watch(keyId, () => {
        answer.isDeclined = true;
        sent.cancel();
      });
      await reporter.follow(sent, {
        id,
        peer,
        explain: (error) =>
          answer.isDeclined
            ? new TransferError('refused', declinedReason(peer, self))
            : explained(error, failureClause(error, peer, giveUpMs)),
        findings: () => Promise.resolve(findings()),
        resend: {
          paths: [path],
          advice: () =>
            safeLine`${sent.name}: once its cause is gone, the same UPD sends only what is missing.`,
        },
        advice: () => safeLine`${sent.name}: the same UPD goes on from what has arrived there.`,
      });
    } catch (error) {
      reporter.refuse({ direction: 'send', id, peer, name: upload.name }, asError(error));
    } finally {
      if (transfer !== undefined) this.#running.delete(transfer);
      if (keyId !== undefined) introducer.unwatch(keyId);
      watched?.end();
    }
  }
}

function cancelled(): TransferError {
  return new TransferError('cancelled', 'cancelled');
}

/** As the engine will call it: `.` has the name of its folder. */
function nameOf(path: string): string {
  return basename(resolve(path)) || path;
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
    return this.#transfer?.name ?? nameOf(this.path);
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
