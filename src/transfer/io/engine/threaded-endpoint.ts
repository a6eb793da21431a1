import { EventEmitter } from 'node:events';
import { refusedName } from '../../files/stored-name.ts';
import { nameOfPaths } from '../../files/transfer-name.ts';
import { Outcome } from '../../files/outcome.ts';
import { asTransferError, TransferError } from '../../files/transfer-error.ts';
import type { Introduction, SocketAddress } from '../../files/transfer.ts';
import { CallerStreams } from './caller-streams.ts';
import { systemTimers, type Timers } from '../clock.ts';
import {
  type FromEngine,
  fromPortableError,
  type PortableAnswer,
  type PortableOffer,
  type PortableSendRequest,
  toPortableError,
} from './engine-messages.ts';
import type { EngineThread } from './engine-thread.ts';
import { ThreadedTransfer, type TransferIdentity } from './threaded-transfer.ts';
import { introducedPeer } from '../ticket/send-target.ts';
import { TicketMaker } from '../ticket/ticket-maker.ts';
import type {
  DirectMessage,
  EndpointEvents,
  EndpointOptions,
  IntroductionPurpose,
  MessageListener,
  MessageRequest,
  OfferAnswer,
  OpeningNotes,
  SendRequest,
  SentMessage,
  TicketOptions,
  Transfer,
  TransferEndpoint,
} from '../transfer-endpoint.ts';

/**
 * Longest that `close` waits for the thread before it is ended: an endpoint closes its connections
 * within 6 s, its sockets within 1 s and its trace within 2 s; the rest is for a slow disk.
 */
export const MAX_THREAD_CLOSE_MS = 10_000;

type Ready = Extract<FromEngine, { type: 'ready' }>;
/** What comes of an endpoint that is open. */
type News = Exclude<FromEngine, { type: 'ready' | 'failed' }>;

/**
 * An endpoint whose engine runs on a thread of its own: commands and news go as messages, so what is
 * read here is as old as the last `progress`. When the thread ends by itself, whatever runs fails with
 * one error, and whatever is sent later fails at once.
 */
export class ThreadedEndpoint extends EventEmitter<EndpointEvents> implements TransferEndpoint {
  readonly address: SocketAddress;
  readonly publicKey: string;
  readonly receiveBufferBytes: number;
  readonly #thread: EngineThread;
  readonly #onOffer: EndpointOptions['onOffer'];
  readonly #streams: CallerStreams;
  readonly #timers: Timers;
  readonly #tickets: TicketMaker;
  /** By key. */
  readonly #transfers: Map<number, ThreadedTransfer> = new Map();
  /** Direct messages on their way, by key. */
  readonly #messages: Map<number, Outcome<void>> = new Map();
  /** Questions of `openingNotes` that wait for their answer. */
  readonly #noting: Map<number, (notes: OpeningNotes) => void> = new Map();
  /** Offers that `onOffer` was asked about, by question. */
  readonly #asked: Map<number, AbortController> = new Map();
  #messageListener: MessageListener | undefined;
  #lastId = 0;
  #lastSentKey = 0;
  #lastQuestion = 0;
  #closing: Promise<void> | undefined;
  /** Why nothing runs any more, once the thread has ended. */
  #end: TransferError | undefined;
  #onEnded: () => void = () => undefined;

  private constructor(
    thread: EngineThread,
    { address, publicKey, receiveBufferBytes }: Ready,
    onOffer: EndpointOptions['onOffer'],
    timers: Timers,
  ) {
    super();
    this.#thread = thread;
    this.address = address;
    this.publicKey = publicKey;
    this.receiveBufferBytes = receiveBufferBytes;
    this.#onOffer = onOffer;
    this.#streams = new CallerStreams((message, transferred) => {
      thread.post(message, transferred);
    });
    this.#timers = timers;
    this.#tickets = new TicketMaker(address, publicKey);
  }

  /** Rejects as `createEndpoint` does. `thread` was just started. */
  static create(
    options: Omit<EndpointOptions, 'createSocket'>,
    thread: EngineThread,
    timers: Timers = systemTimers,
  ): Promise<ThreadedEndpoint> {
    const { onOffer, ...portable } = options;
    return new Promise((resolve, reject) => {
      let endpoint: ThreadedEndpoint | undefined;
      const onMessage = (message: FromEngine): void => {
        if (message.type === 'failed') {
          reject(fromPortableError(message.error));
        } else if (message.type === 'ready') {
          endpoint = new ThreadedEndpoint(thread, message, onOffer, timers);
          resolve(endpoint);
        } else if (endpoint !== undefined) {
          endpoint.#onNews(message);
        }
      };
      thread.listen(onMessage, (error) => {
        if (endpoint === undefined) reject(threadEnded(error));
        else endpoint.#onThreadEnd(error);
      });
      try {
        thread.post({ type: 'open', options: { ...portable, isAsking: onOffer !== undefined } });
      } catch (error) {
        // Something that is no option, a function say: the thread has nothing to do.
        thread.terminate();
        throw error;
      }
    });
  }

  get transfers(): readonly Transfer[] {
    return [...this.#transfers.values()];
  }

  onMessage(listener: MessageListener): void {
    this.#messageListener = listener;
  }

  expect(introduction: Introduction, from: string, purpose: IntroductionPurpose = 'files'): void {
    this.#thread.post({ type: 'expect', introduction, from, purpose });
  }

  openingNotes(keyId: string): Promise<OpeningNotes> {
    if (this.#end !== undefined) return Promise.resolve(NO_NOTES);
    const question = ++this.#lastQuestion;
    return new Promise((resolve) => {
      this.#noting.set(question, resolve);
      this.#thread.post({ type: 'ask-notes', question, keyId });
    });
  }

  sendMessage(request: MessageRequest): SentMessage {
    const key = ++this.#lastSentKey;
    const outcome = new Outcome<void>();
    if (this.#end !== undefined) {
      outcome.reject(this.#end);
      return { done: outcome.done, cancel: () => undefined };
    }
    this.#messages.set(key, outcome);
    this.#thread.post({ type: 'send-message', key, request });
    const cancel = (): void => {
      if (this.#messages.has(key)) this.#thread.post({ type: 'cancel-message', key });
    };
    return { done: outcome.done, cancel };
  }

  ticket(options: TicketOptions = {}): string {
    const { text, introduction } = this.#tickets.make(options);
    this.#thread.post({ type: 'ticket', secret: Buffer.from(introduction.secret, 'hex') });
    return text;
  }

  send(asked: SendRequest): Transfer {
    const { introduction, addresses, peer } = introducedPeer(asked);
    const isStream = 'stream' in asked;
    const name = isStream ? asked.name : nameOfPaths(asked.paths);
    const refusal = isStream ? refusedName(name) : undefined;
    if (refusal !== undefined) throw new TypeError(`a stream cannot have this name: ${refusal}`);
    const key = ++this.#lastSentKey;
    const transfer = this.#add(key, { id: ++this.#lastId, direction: 'send', peer, name });
    const { signal } = asked;
    const end = this.#end ?? (signal?.aborted === true ? cancelled() : undefined);
    if (signal !== undefined) cancelOn(signal, transfer);
    if (end !== undefined) {
      this.#transfers.delete(key);
      if (isStream) asked.stream.destroy();
      // Whoever listens to what this returns misses nothing.
      queueMicrotask(() => {
        transfer.fail(end);
      });
      return transfer;
    }
    if (isStream) this.#streams.addSource(key, asked.stream);
    const content = isStream ? { streamName: name } : { paths: asked.paths };
    const isTicket = 'ticket' in asked;
    const request: PortableSendRequest = { introduction, addresses, peer, isTicket, ...content };
    this.#thread.post({ type: 'send', key, request });
    return transfer;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#end !== undefined) return;
    this.#thread.post({ type: 'close' });
    await new Promise<void>((resolve) => {
      const cancelTimer = this.#timers.after(MAX_THREAD_CLOSE_MS, () => {
        this.#thread.terminate();
      });
      this.#onEnded = () => {
        cancelTimer();
        resolve();
      };
    });
  }

  #add(key: number, identity: TransferIdentity): ThreadedTransfer {
    const transfer = new ThreadedTransfer(identity, () => {
      if (this.#transfers.has(key)) this.#thread.post({ type: 'cancel', key });
    });
    this.#transfers.set(key, transfer);
    return transfer;
  }

  #onNews(message: News): void {
    switch (message.type) {
      case 'offered':
        void this.#answer(message.question, message.offer);
        break;
      case 'withdrawn':
        this.#asked.get(message.question)?.abort();
        break;
      case 'pull':
        void this.#streams.onPull(message.key);
        break;
      case 'unpull':
        this.#streams.onUnpull(message.key);
        break;
      case 'sink':
        void this.#streams.onSink(message);
        break;
      case 'received': {
        const { key, peer, name } = message;
        const transfer = this.#add(key, { id: ++this.#lastId, direction: 'receive', peer, name });
        transfer.stand(message);
        this.emit('transfer', transfer);
        break;
      }
      case 'progress':
        for (const standing of message.standings)
          this.#transfers.get(standing.key)?.stand(standing);
        this.#thread.post({ type: 'read' });
        break;
      case 'notes':
        this.#noting.get(message.question)?.(message.notes);
        this.#noting.delete(message.question);
        break;
      case 'trace-failed':
        this.emit('traceFailed', fromPortableError(message.error));
        break;
      case 'message':
        void this.#show(message.question, message.message);
        break;
      case 'message-ended': {
        const outcome = this.#messages.get(message.key);
        this.#messages.delete(message.key);
        if (message.error === undefined) outcome?.resolve();
        else outcome?.reject(fromPortableError(message.error));
        break;
      }
      case 'ended': {
        const transfer = this.#transfers.get(message.key);
        this.#transfers.delete(message.key);
        transfer?.stand(message);
        transfer?.end(message.outcome);
        break;
      }
    }
  }

  async #answer(question: number, offer: PortableOffer): Promise<void> {
    const asked = new AbortController();
    this.#asked.set(question, asked);
    let answer: PortableAnswer;
    try {
      answer = this.#portable(question, await this.#onOffer!({ ...offer, signal: asked.signal }));
    } catch (error) {
      answer = { error: String(error) };
    }
    this.#asked.delete(question);
    this.#thread.post({ type: 'answer', question, answer });
  }

  #portable(question: number, answer: OfferAnswer): PortableAnswer {
    if (answer === undefined) return {};
    if (!('into' in answer)) return answer;
    this.#streams.addSink(question, answer.into);
    // Nobody asks for anything to be written any more.
    if (this.#end !== undefined) this.#streams.end(this.#end);
    return { isStream: true };
  }

  async #show(question: number, message: DirectMessage): Promise<void> {
    try {
      if (this.#messageListener === undefined) {
        throw new TransferError('refused', 'nobody reads messages here');
      }
      await this.#messageListener(message);
      this.#thread.post({ type: 'shown', question });
    } catch (error) {
      this.#thread.post({
        type: 'shown',
        question,
        error: toPortableError(asTransferError(error)),
      });
    }
  }

  #onThreadEnd(error: Error | undefined): void {
    const isClosed = this.#closing !== undefined && error === undefined;
    this.#end = isClosed
      ? new TransferError('cancelled', 'the endpoint is closed')
      : threadEnded(error);
    this.#fail(this.#end);
    this.#onEnded();
    if (isClosed) this.emit('close');
    else this.emit('close', this.#end);
  }

  /** Whatever runs. */
  #fail(error: TransferError): void {
    this.#streams.end(error);
    for (const asked of this.#asked.values()) asked.abort();
    for (const transfer of this.#transfers.values()) transfer.fail(error);
    this.#transfers.clear();
    for (const message of this.#messages.values()) message.reject(error);
    this.#messages.clear();
    for (const resolve of this.#noting.values()) resolve(NO_NOTES);
    this.#noting.clear();
  }
}

const NO_NOTES: OpeningNotes = { isAnswered: false };

function cancelled(): TransferError {
  return new TransferError('cancelled', 'cancelled by the sender');
}

/** Nothing is left on the signal once the transfer has ended. */
function cancelOn(signal: AbortSignal, transfer: ThreadedTransfer): void {
  const onAbort = (): void => {
    transfer.cancel(signal.reason);
  };
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort);
  const forget = (): void => {
    signal.removeEventListener('abort', onAbort);
  };
  transfer.done.then(forget, forget);
}

function threadEnded(cause: Error | undefined): TransferError {
  const why = cause === undefined ? '' : `: ${cause.message}`;
  return new TransferError('internal', `the thread of the engine has ended${why}`, { cause });
}
