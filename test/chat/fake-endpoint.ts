import { EventEmitter } from 'node:events';
import { basename } from 'node:path';
import {
  type EndpointEvents,
  type EndpointOptions,
  type Introduction,
  type IntroductionPurpose,
  type MessageListener,
  type MessageRequest,
  type OpeningNotes,
  type SendRequest,
  type TicketOptions,
  type SentMessage,
  type Transfer,
  type TransferEndpoint,
  type TransferEvents,
  TransferError,
  type TransferErrorCode,
  type TransferProgress,
  type TransferResult,
  type TransferState,
} from '../../src/transfer/index.ts';
import type { EngineOptions, EngineSendRequest } from '../../src/transfer/io/engine-endpoint.ts';

/** A transfer that goes as far as a test says. */
export class FakeTransfer extends EventEmitter<TransferEvents> implements Transfer {
  readonly id: number;
  readonly direction: 'send' | 'receive';
  readonly peer: string;
  readonly name: string;
  readonly done: Promise<TransferResult>;
  state: TransferState = 'running';
  progress: { -readonly [Key in keyof TransferProgress]: TransferProgress[Key] } = {
    transferredBytes: 0,
    totalBytes: 0,
    bytesPerSec: 0,
    stalledMs: 0,
  };
  #resolve: (result: TransferResult) => void = () => undefined;
  #reject: (error: TransferError) => void = () => undefined;

  constructor(direction: 'send' | 'receive', id: number, peer: string, name: string) {
    super();
    this.direction = direction;
    this.id = id;
    this.peer = peer;
    this.name = name;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TransferProgress, void, undefined> {
    yield this.progress;
    await this.done;
  }

  finish(
    totalBytes: number,
    elapsedMs: number,
    path: string = this.name,
    more: Partial<TransferResult> = {},
  ): void {
    this.state = 'done';
    const sha256 = '0'.repeat(64);
    const file = { kind: 'file', name: this.name, path, totalBytes, fileCount: 1, sha256 } as const;
    const failed = { failures: [], failedCount: 0, skippedLinks: [], skippedCount: 0 };
    const rest = { ...failed, retransmittedBytes: 0, packetsLostCount: 0, ...more };
    this.#resolve({ totalBytes, elapsedMs, path, sha256, items: [file], fileCount: 1, ...rest });
  }

  fail(code: TransferErrorCode, message: string): void {
    this.state = 'failed';
    this.#reject(new TransferError(code, message));
  }

  cancel(): void {
    this.fail('cancelled', 'cancelled');
  }
}

/** A direct message that a test delivers or not. */
export class FakeMessage implements SentMessage {
  readonly request: MessageRequest;
  readonly done: Promise<void>;
  deliver: () => void = () => undefined;
  #reject: (error: TransferError) => void = () => undefined;

  constructor(request: MessageRequest) {
    this.request = request;
    this.done = new Promise((resolve, reject) => {
      this.deliver = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => undefined);
  }

  fail(code: TransferErrorCode, message: string): void {
    this.#reject(new TransferError(code, message));
  }

  cancel(): void {
    this.fail('cancelled', 'cancelled');
  }
}

let endpointCount = 0;

type SentPaths = Extract<SendRequest | EngineSendRequest, { readonly paths: readonly string[] }>;

/** An endpoint without a network: a test sees what it was asked for and decides what becomes of it. */
export class FakeEndpoint extends EventEmitter<EndpointEvents> implements TransferEndpoint {
  readonly options: EndpointOptions | EngineOptions;
  readonly address = { address: '127.0.0.1', port: 6000 };
  /** Another one for each endpoint. */
  readonly publicKey: string = (++endpointCount).toString(16).padStart(64, '0');
  readonly receiveBufferBytes = 0;
  readonly expected: {
    readonly introduction: Introduction;
    readonly from: string;
    readonly purpose: IntroductionPurpose;
  }[] = [];
  readonly sent: {
    readonly request: SentPaths;
    readonly transfer: FakeTransfer;
  }[] = [];
  readonly tickets: TicketOptions[] = [];
  readonly sentMessages: FakeMessage[] = [];
  /** What is known of openings, by key id. */
  readonly notes: Map<string, OpeningNotes> = new Map();
  isClosed = false;
  /** What shows the direct messages that come. */
  show: MessageListener = () => undefined;
  readonly #transfers: FakeTransfer[] = [];
  #onReceive: (transfer: Transfer) => void = () => undefined;
  #onChange: () => void = () => undefined;

  constructor(options: EndpointOptions | EngineOptions) {
    super();
    this.options = options;
  }

  get transfers(): readonly FakeTransfer[] {
    return this.#transfers;
  }

  expect(introduction: Introduction, from: string, purpose: IntroductionPurpose = 'files'): void {
    this.expected.push({ introduction, from, purpose });
    this.#onChange();
  }

  ticket(options: TicketOptions = {}): string {
    this.tickets.push(options);
    return 'upd1fake';
  }

  send(request: SendRequest | EngineSendRequest): FakeTransfer {
    if (!('paths' in request)) throw new Error('no test sends a stream here');
    const transfer = this.#add('send', request.peer ?? 'a ticket', basename(request.paths[0]!));
    this.sent.push({ request, transfer });
    this.#onChange();
    return transfer;
  }

  openingNotes(keyId: string): Promise<OpeningNotes> {
    return Promise.resolve(this.notes.get(keyId) ?? { isAnswered: false });
  }

  sendMessage(request: MessageRequest): SentMessage {
    const message = new FakeMessage(request);
    this.sentMessages.push(message);
    this.#onChange();
    return message;
  }

  onMessage(listener: MessageListener): void {
    this.show = listener;
  }

  /** As the engine has it, for tests of what stands in front of the engine. */
  onReceive(listener: (transfer: Transfer) => void): void {
    this.#onReceive = listener;
  }

  receive(peer: string, name: string, totalBytes: number): FakeTransfer {
    const transfer = this.#add('receive', peer, name);
    transfer.progress.totalBytes = totalBytes;
    this.#onReceive(transfer);
    this.emit('transfer', transfer);
    return transfer;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  /** Resolves when so many sends have been asked for. */
  async sends(count: number): Promise<FakeTransfer[]> {
    await this.#until(() => this.sent.length >= count);
    return this.sent.map(({ transfer }) => transfer);
  }

  /** Resolves when so many direct messages have been asked for. */
  async messages(count: number): Promise<FakeMessage[]> {
    await this.#until(() => this.sentMessages.length >= count);
    return this.sentMessages;
  }

  /** Resolves when so many introductions have come. */
  async expectations(count: number): Promise<FakeEndpoint['expected']> {
    await this.#until(() => this.expected.length >= count);
    return this.expected;
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.#onChange = resolve));
  }

  #add(direction: 'send' | 'receive', peer: string, name: string): FakeTransfer {
    const transfer = new FakeTransfer(direction, this.#transfers.length + 1, peer, name);
    this.#transfers.push(transfer);
    return transfer;
  }
}
