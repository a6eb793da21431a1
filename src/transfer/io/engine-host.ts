import assert from 'node:assert/strict';
import { asTransferError, type TransferError } from '../files/transfer-error.ts';
import type { Transfer } from '../files/transfer.ts';
import type { Timers } from './clock.ts';
import {
  fromPortableError,
  type FromEngine,
  type PortableError,
  type PortableOptions,
  type PortableOutcome,
  type Standing,
  type ToEngine,
  toPortableError,
} from './engine-messages.ts';
import type {
  DirectMessage,
  EndpointOptions,
  Offer,
  SentMessage,
  TransferEndpoint,
} from './transfer-endpoint.ts';

/** How often transfers that run are looked at, to tell the caller how far they are. */
export const PROGRESS_INTERVAL_MS = 100;

export interface EngineHostOptions {
  readonly createEndpoint: (options: EndpointOptions) => Promise<TransferEndpoint>;
  readonly post: (message: FromEngine) => void;
  /** No more is heard or said: nothing of the host keeps its thread alive. */
  readonly disconnect: () => void;
  readonly timers: Timers;
}

interface Answering {
  readonly resolve: (storedName: string) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The endpoint of one thread for a caller in another: does what messages ask, and tells what happens.
 *
 * What waits unread on its way to the caller is bounded whatever the caller does: one `progress`, and
 * a few messages for each transfer, all of which the caller has sent or let in by `expect`. Nothing
 * ticks while no transfer runs.
 */
export class EngineHost {
  readonly #options: EngineHostOptions;
  #endpoint: TransferEndpoint | undefined;
  readonly #transfers: Map<number, Transfer> = new Map();
  /** What the caller was told last of each. */
  readonly #told: Map<number, Standing> = new Map();
  /** Offers whose name the caller is asked for. */
  readonly #questions: Map<number, Answering> = new Map();
  readonly #messages: Map<number, SentMessage> = new Map();
  /** Direct messages that the caller is asked to show. */
  readonly #showing: Map<number, (error: TransferError | undefined) => void> = new Map();
  #lastQuestion = 0;
  #lastReceivedKey = 0;
  #isProgressUnread = false;
  #cancelLook: (() => void) | undefined;

  constructor(options: EngineHostOptions) {
    this.#options = options;
  }

  handle(message: ToEngine): void {
    switch (message.type) {
      case 'open':
        void this.#open(message.options);
        break;
      case 'send':
        this.#add(message.key, this.#opened.send(message.request));
        break;
      case 'cancel':
        // It may have ended meanwhile.
        this.#transfers.get(message.key)?.cancel();
        break;
      case 'expect':
        this.#opened.expect(message.introduction, message.from, message.purpose);
        break;
      case 'ticket':
        this.#opened.ticket({ secret: message.secret });
        break;
      case 'send-message':
        this.#addMessage(message.key, this.#opened.sendMessage(message.request));
        break;
      case 'cancel-message':
        this.#messages.get(message.key)?.cancel();
        break;
      case 'shown': {
        const { question, error } = message;
        this.#showing.get(question)?.(error && fromPortableError(error));
        this.#showing.delete(question);
        break;
      }
      case 'named':
        this.#questions.get(message.question)?.resolve(message.storedName);
        this.#questions.delete(message.question);
        break;
      case 'unnamed':
        this.#questions.get(message.question)?.reject(new Error(message.error));
        this.#questions.delete(message.question);
        break;
      case 'read':
        this.#isProgressUnread = false;
        break;
      case 'close':
        void this.#close();
    }
  }

  get #opened(): TransferEndpoint {
    assert(this.#endpoint !== undefined, 'commands come after ready');
    return this.#endpoint;
  }

  async #open({ isNaming, ...options }: PortableOptions): Promise<void> {
    const { createEndpoint, post, disconnect } = this.#options;
    try {
      this.#endpoint = await createEndpoint({
        ...options,
        ...(isNaming ? { storedName: this.#askName } : {}),
      });
    } catch (error) {
      post({ type: 'failed', error: toPortableError(asTransferError(error)) });
      disconnect();
      return;
    }
    this.#endpoint.onReceive((transfer) => {
      const key = --this.#lastReceivedKey;
      const { peer, name } = transfer;
      post({ type: 'received', peer, name, ...standingOf(key, transfer) });
      this.#add(key, transfer);
    });
    this.#endpoint.onMessage(this.#askToShow);
    const { address, publicKey, receiveBufferBytes } = this.#endpoint;
    post({ type: 'ready', address, publicKey, receiveBufferBytes });
  }

  readonly #askName = (offer: Offer): Promise<string> => {
    const question = ++this.#lastQuestion;
    this.#options.post({ type: 'naming', question, offer });
    return new Promise((resolve, reject) => {
      this.#questions.set(question, { resolve, reject });
    });
  };

  readonly #askToShow = (message: DirectMessage): Promise<void> => {
    const question = ++this.#lastQuestion;
    this.#options.post({ type: 'message', question, message });
    return new Promise((resolve, reject) => {
      this.#showing.set(question, (error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  };

  #addMessage(key: number, message: SentMessage): void {
    this.#messages.set(key, message);
    const end = (error?: PortableError): void => {
      this.#messages.delete(key);
      this.#options.post({ type: 'message-ended', key, ...(error && { error }) });
    };
    message.done.then(
      () => {
        end();
      },
      (error: unknown) => {
        end(toPortableError(asTransferError(error)));
      },
    );
  }

  #add(key: number, transfer: Transfer): void {
    this.#transfers.set(key, transfer);
    this.#lookLater();
    transfer.done.then(
      (result) => {
        this.#end(key, transfer, { result });
      },
      (error: unknown) => {
        this.#end(key, transfer, { error: toPortableError(asTransferError(error)) });
      },
    );
  }

  #end(key: number, transfer: Transfer, outcome: PortableOutcome): void {
    this.#transfers.delete(key);
    this.#told.delete(key);
    this.#options.post({ type: 'ended', outcome, ...standingOf(key, transfer) });
  }

  #lookLater(): void {
    this.#cancelLook ??= this.#options.timers.after(PROGRESS_INTERVAL_MS, this.#look);
  }

  readonly #look = (): void => {
    this.#cancelLook = undefined;
    if (this.#transfers.size === 0) return;
    this.#lookLater();
    if (this.#isProgressUnread) return;
    const standings: Standing[] = [];
    for (const [key, transfer] of this.#transfers) {
      const standing = standingOf(key, transfer);
      if (isSame(standing, this.#told.get(key))) continue;
      this.#told.set(key, standing);
      standings.push(standing);
    }
    if (standings.length === 0) return;
    this.#isProgressUnread = true;
    this.#options.post({ type: 'progress', standings });
  };

  async #close(): Promise<void> {
    await this.#opened.close();
    // A disk may take longer than the network to let go.
    while (this.#transfers.size > 0) {
      await Promise.allSettled([...this.#transfers.values()].map(({ done }) => done));
    }
    this.#cancelLook?.();
    this.#options.disconnect();
  }
}

function standingOf(key: number, { state, progress }: Transfer): Standing {
  return { key, state, progress };
}

function isSame(now: Standing, told: Standing | undefined): boolean {
  if (told?.state !== now.state) return false;
  const [a, b] = [now.progress, told.progress];
  return (
    a.transferredBytes === b.transferredBytes &&
    a.totalBytes === b.totalBytes &&
    a.bytesPerSec === b.bytesPerSec &&
    a.stalledMs === b.stalledMs
  );
}
