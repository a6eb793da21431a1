import assert from 'node:assert/strict';
import { asTransferError, type TransferError } from '../../files/transfer-error.ts';
import type { OfferedFile, ReceiveAnswer } from '../../files/receiving/receive-policy.ts';
import type { EngineTransfer } from '../../files/transfer.ts';
import type { Timers } from '../clock.ts';
import type { EngineEndpoint, EngineOptions } from '../engine-endpoint.ts';
import {
  fromPortableError,
  type FromEngine,
  type PortableAnswer,
  type PortableError,
  type PortableOptions,
  type PortableOutcome,
  type PortableSendRequest,
  type Standing,
  type ToEngine,
  toPortableError,
} from './engine-messages.ts';
import { EngineStreams } from './engine-streams.ts';
import type { DirectMessage, SentMessage } from '../transfer-endpoint.ts';

/** How often transfers that run are looked at, to tell the caller how far they are. */
export const PROGRESS_INTERVAL_MS = 100;

export interface EngineHostOptions {
  readonly createEndpoint: (options: EngineOptions) => Promise<EngineEndpoint>;
  /** The buffers are given away with the message. */
  readonly post: (message: FromEngine, transferred?: readonly ArrayBuffer[]) => void;
  /** No more is heard or said: nothing of the host keeps its thread alive. */
  readonly disconnect: () => void;
  readonly timers: Timers;
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
  readonly #streams: EngineStreams;
  #endpoint: EngineEndpoint | undefined;
  readonly #transfers: Map<number, EngineTransfer> = new Map();
  /** What the caller was told last of each. */
  readonly #told: Map<number, Standing> = new Map();
  /** Offers that the caller is asked about. */
  readonly #questions: Map<number, (answer: PortableAnswer) => void> = new Map();
  readonly #messages: Map<number, SentMessage> = new Map();
  /** Direct messages that the caller is asked to show. */
  readonly #showing: Map<number, (error: TransferError | undefined) => void> = new Map();
  #lastQuestion = 0;
  #lastReceivedKey = 0;
  #isProgressUnread = false;
  #cancelLook: (() => void) | undefined;

  constructor(options: EngineHostOptions) {
    this.#options = options;
    this.#streams = new EngineStreams(options.post);
  }

  handle(message: ToEngine): void {
    switch (message.type) {
      case 'open':
        void this.#open(message.options);
        break;
      case 'send':
        this.#send(message.key, message.request);
        break;
      case 'cancel':
        // It may have ended meanwhile.
        this.#transfers.get(message.key)?.cancel();
        break;
      case 'expect':
        this.#opened.expect(message.introduction, message.from, message.purpose);
        break;
      case 'ask-notes':
        void this.#answerNotes(message.question, message.keyId);
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
      case 'answer':
        this.#questions.get(message.question)?.(message.answer);
        this.#questions.delete(message.question);
        break;
      case 'chunk':
        this.#streams.onChunk(message);
        break;
      case 'taken':
        this.#streams.onTaken(message);
        break;
      case 'read':
        this.#isProgressUnread = false;
        break;
      case 'close':
        void this.#close();
    }
  }

  get #opened(): EngineEndpoint {
    assert(this.#endpoint !== undefined, 'commands come after ready');
    return this.#endpoint;
  }

  async #open({ isAsking, ...options }: PortableOptions): Promise<void> {
    const { createEndpoint, post, disconnect } = this.#options;
    try {
      this.#endpoint = await createEndpoint({
        ...options,
        ...(isAsking ? { onOffer: this.#askCaller } : {}),
        ...(options.trace === undefined ? {} : { onTraceFailed: this.#onTraceFailed }),
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

  async #answerNotes(question: number, keyId: string): Promise<void> {
    const notes = await this.#opened.openingNotes(keyId);
    this.#options.post({ type: 'notes', question, notes });
  }

  readonly #onTraceFailed = (error: TransferError): void => {
    this.#options.post({ type: 'trace-failed', error: toPortableError(error) });
  };

  #send(key: number, request: PortableSendRequest): void {
    if ('paths' in request) {
      this.#add(key, this.#opened.send(request));
      return;
    }
    const { streamName: name, ...peer } = request;
    const source = this.#streams.source(key);
    this.#add(key, this.#opened.send({ ...peer, stream: { name, source } }));
  }

  readonly #askCaller = async (offered: OfferedFile): Promise<ReceiveAnswer> => {
    const question = ++this.#lastQuestion;
    const { from, name, sizeBytes, kind, isAlone, signal } = offered;
    const offer = { from, name, sizeBytes, kind, isAlone };
    const { post } = this.#options;
    post({ type: 'offered', question, offer });
    const onWithdrawn = (): void => {
      post({ type: 'withdrawn', question });
    };
    signal.addEventListener('abort', onWithdrawn);
    const answer = await new Promise<PortableAnswer>((resolve) => {
      this.#questions.set(question, resolve);
    });
    signal.removeEventListener('abort', onWithdrawn);
    const { isStream = false, error, ...rest } = answer;
    if (error !== undefined) throw new Error(error);
    return isStream ? { into: this.#streams.sink(question) } : rest;
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

  #add(key: number, transfer: EngineTransfer): void {
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

  #end(key: number, transfer: EngineTransfer, outcome: PortableOutcome): void {
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

function standingOf(key: number, { state, progress }: EngineTransfer): Standing {
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
