import { basename } from 'node:path';
import PQueue from 'p-queue';
import { undeliveredReason } from './core/client-texts.ts';
import type { Refusal } from './core/protocol.ts';
import type { Answer, ServerLink } from './io/server-link.ts';
import { checkSource } from './io/source-check.ts';
import { deliveredLine, failureReason, showProgress, undeliveredLine } from './transfer-lines.ts';
import { safeLine, type SafeText } from '../text/safe-text.ts';
import type { Transfer, TransferEndpoint } from '../transfer/index.ts';

/** Files that may wait to be sent; one more is refused. */
export const MAX_WAITING_SENDS = 1_000;

/** An introduction lives for 60 s: within two minutes there was room, or others took it. */
const RETRY_INTRODUCTION_MS = 2_000;
const MAX_INTRODUCTION_TRIES = 60;

type Introduced = Extract<Answer, { type: 'introduced' }>['body'];

export interface UploadsOptions {
  readonly link: Pick<ServerLink, 'request'>;
  readonly endpoint: Pick<TransferEndpoint, 'send'>;
  /** Files sent at once. */
  readonly concurrency: number;
  /** After how long without an answer the endpoint gives a transfer up. */
  readonly giveUpMs: number;
  /** Between asking twice for an introduction; 2,000 when absent. */
  readonly retryIntroductionMs?: number;
  readonly print: (line: SafeText) => void;
  readonly warn: (line: SafeText) => void;
}

/** The queue behind `UPD`: asks for an introduction, sends, and says of each file how it ended. */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #queue: PQueue;
  readonly #running: Set<Transfer> = new Set();
  /** Each ends a wait for the server. */
  readonly #pauses: Set<() => void> = new Set();
  /** The server has refused one more introduction; it was told. */
  #isFull = false;
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
    for (const end of this.#pauses) end();
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
    const { endpoint, giveUpMs, print, warn } = this.#options;
    const refuse = (reason: string): void => {
      print(undeliveredLine(basename(path), user, reason));
    };
    let transfer: Transfer | undefined;
    try {
      if (this.#isAborted) {
        refuse('cancelled');
        return;
      }
      const introduced = await this.#introduce(user);
      // That may have taken a while; what was aborted meanwhile is not begun.
      if (this.#hasBeenAborted()) {
        refuse('cancelled');
        return;
      }
      if ('refusal' in introduced) {
        refuse(undeliveredReason(introduced.refusal));
        return;
      }
      const { key: introduction, addresses, to: peer } = introduced;
      transfer = endpoint.send({ introduction, addresses, paths: [path], peer });
      this.#running.add(transfer);
      showProgress(transfer, warn);
      print(deliveredLine(transfer, await transfer.done));
    } catch (error) {
      refuse(failureReason(error, user, giveUpMs));
    } finally {
      if (transfer !== undefined) this.#running.delete(transfer);
    }
  }

  /**
   * Asks the server until it introduces. It lets only so many introductions live at once, each for
   * a minute: whoever sends hundreds of files waits for room instead of failing.
   */
  async #introduce(to: string): Promise<Introduced | { readonly refusal: Refusal }> {
    const { link, warn, retryIntroductionMs = RETRY_INTRODUCTION_MS } = this.#options;
    for (let tries = 1; ; tries++) {
      const [answer] = await link.request({ type: 'introduce', body: { to } });
      if (answer?.type === 'introduced') return answer.body;
      if (answer?.type !== 'refused') throw new Error('the server answers out of order');
      const { reason } = answer.body;
      const isFull = reason === 'too-fast' || reason === 'busy';
      if (!isFull || tries === MAX_INTRODUCTION_TRIES) return { refusal: reason };
      if (!this.#isFull) warn(safeLine`Many files for ${to}: the rest wait for the server.`);
      this.#isFull = true;
      await this.#pause(retryIntroductionMs);
      if (this.#hasBeenAborted()) return { refusal: reason };
    }
  }

  /** Ends early when everything is aborted. */
  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#pauses.add(end);
    });
  }

  #hasBeenAborted(): boolean {
    return this.#isAborted;
  }
}
