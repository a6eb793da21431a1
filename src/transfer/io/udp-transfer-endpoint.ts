import { CloseCode, CreditLedger, type TransportConnection } from '../core/index.ts';
import { StreamDisk } from '../files/byte-stream.ts';
import type { ReceivePolicy } from '../files/receiving/receive-policy.ts';
import { createReceivePolicy } from '../files/receiving/receive-policy.ts';
import { ReceivingTransfer } from '../files/receiving/receiving-transfer.ts';
import { SendingTransfer } from '../files/sending/sending-transfer.ts';
import { EarlierTries } from '../files/receiving/earlier-tries.ts';
import { TransferError } from '../files/transfer-error.ts';
import type { EngineTransfer, Introduction, SocketAddress } from '../files/transfer.ts';
import { X25519KeyPair } from '../secure/noise/x25519.ts';
import { peerKeyOf } from '../secure/sealed-session.ts';
import { TAG_BYTES } from '../secure/tag/tag-hash.ts';
import { monotonicNowUs, systemTimers } from './clock.ts';
import type {
  EngineEndpoint,
  EngineOptions,
  EnginePeer,
  EngineSendRequest,
} from './engine-endpoint.ts';
import { DirectMessages } from './direct-messages.ts';
import { EndpointDisk } from './disk/endpoint-disk.ts';
import { engineBusyUs } from './udp/engine-load.ts';
import type { FineTimers } from './udp/fine-timers.ts';
import { IncomingGuard } from './incoming-guard.ts';
import { ticketExpectation, transportIntroduction } from './ticket/introductions.ts';
import { PeerSockets } from './udp/peer-sockets.ts';
import {
  type ConnectionUser,
  SocketEngine,
  type SocketEngineOptions,
} from './udp/socket-engine.ts';
import { TicketMaker } from './ticket/ticket-maker.ts';
import { TicketTurns } from './ticket/ticket-turns.ts';
import { traceAsked, type TraceWriter } from './trace/trace-writer.ts';
import type {
  IntroductionPurpose,
  MessageListener,
  MessageRequest,
  OpeningNotes,
  SentMessage,
  TicketOptions,
} from './transfer-endpoint.ts';
import { UdpPort } from './udp/udp-port.ts';
import { SendRings } from './udp/udp-send-ring.ts';

/** Introductions that may wait for their opener. */
const MAX_INTRODUCED = 256;
/** Longest that an opening under an introduction takes: so long it lives (PRODUCT §5). */
const OPEN_TIMEOUT_MS = 60_000;
/** Longest that `close` waits for lingering connections. */
const MAX_CLOSE_WAIT_MS = 6_000;

/** Sends and receives files; see `TransferEndpoint`. One listening socket, one more a peer sent to. */
export class UdpTransferEndpoint implements EngineEndpoint {
  readonly #options: EngineOptions;
  readonly #ledger = new CreditLedger();
  readonly #config: SocketEngineOptions['config'];
  readonly #key: X25519KeyPair;
  readonly #policy: ReceivePolicy;
  readonly #disk: EndpointDisk;
  readonly #fineTimers: FineTimers | undefined;
  readonly #rings: SendRings = new SendRings();
  readonly #giveUpMs: number;
  readonly #trace: TraceWriter | undefined;
  readonly #listening: SocketEngine;
  readonly #peers: PeerSockets = new PeerSockets(async () => {
    const port = await this.#bindFree(this.#options.host ?? '127.0.0.1');
    return this.#createEngine(port, () => undefined);
  });
  readonly #tickets: TicketMaker;
  readonly #turns: TicketTurns = new TicketTurns();
  /** Key id to what was given in `expect`, the oldest first. */
  readonly #introduced: Map<string, Introduced> = new Map();
  readonly #messages: DirectMessages = new DirectMessages();
  readonly #transfers: Set<SendingTransfer | ReceivingTransfer> = new Set();
  readonly #guard: IncomingGuard = new IncomingGuard(systemTimers, () => {
    this.#listening.wake();
  });
  readonly #earlierTries: EarlierTries = new EarlierTries({
    nowUs: monotonicNowUs,
    after: (delayMs, action) => systemTimers.after(delayMs, action),
    wake: () => {
      this.#listening.wake();
    },
  });
  readonly #listeners: ((transfer: EngineTransfer) => void)[] = [];
  readonly #busyUs = (): number => engineBusyUs(this.#fineTimers);
  #nextId = 1;
  #isClosing = false;
  #onQuiet: (() => void) | undefined;

  private constructor(
    options: EngineOptions,
    key: X25519KeyPair,
    port: UdpPort,
    fineTimers: FineTimers | undefined,
    trace: TraceWriter | undefined,
  ) {
    this.#options = options;
    this.#key = key;
    this.#fineTimers = fineTimers;
    this.#trace = trace;
    const giveUpMs = options.giveUpMs ?? 300_000;
    this.#giveUpMs = giveUpMs;
    this.#config = {
      controller: options.congestion ?? 'bbr',
      ...(options.windowPackets === undefined ? {} : { windowPackets: options.windowPackets }),
      idleTimeoutUs: giveUpMs * 1000,
      openTimeoutUs: Math.min(giveUpMs, options.openTimeoutMs ?? OPEN_TIMEOUT_MS) * 1000,
      datagramBytes: DATAGRAM_BYTES,
      maxBytesPerSec: options.maxBytesPerSec,
      tagBytes: TAG_BYTES,
      trace: trace?.recorder,
      // One for all sockets: whoever sends to many peers has no more memory for each of them.
      ledger: this.#ledger,
    };
    this.#policy = createReceivePolicy({
      platform: PLATFORM,
      maxSizeBytes: options.maxSizeBytes,
      onOffer: options.onOffer,
    });
    this.#disk = new EndpointDisk(options.inbox, PLATFORM);
    this.#listening = this.#createEngine(port, this.#onIncoming);
    this.#tickets = new TicketMaker(this.address, this.publicKey);
  }

  /** `fineTimers`: only on a thread that does nothing else. */
  static async create(
    options: EngineOptions,
    fineTimers?: FineTimers,
  ): Promise<UdpTransferEndpoint> {
    const { host = '127.0.0.1', port = 0, createSocket, privateKey } = options;
    const key =
      privateKey === undefined ? X25519KeyPair.generate() : X25519KeyPair.fromPrivate(privateKey);
    const trace = traceAsked(options);
    try {
      const udpPort = await UdpPort.bind({
        host,
        port,
        ...(createSocket === undefined ? {} : { createSocket }),
      });
      return new UdpTransferEndpoint(options, key, udpPort, fineTimers, trace);
    } catch (cause) {
      await trace?.close();
      const { code, message } = cause as NodeJS.ErrnoException;
      const reason = code === 'EADDRINUSE' ? 'another program uses it' : message;
      throw new TransferError('internal', `cannot use UDP port ${port} on ${host}: ${reason}`, {
        cause,
      });
    }
  }

  get address(): SocketAddress {
    return this.#listening.port.address;
  }

  get publicKey(): string {
    return Buffer.from(this.#key.publicKey).toString('hex');
  }

  get receiveBufferBytes(): number {
    return this.#listening.port.receiveBufferBytes;
  }

  get transfers(): readonly EngineTransfer[] {
    return [...this.#transfers].filter(
      (transfer) => transfer.direction === 'send' || transfer.state !== 'waiting',
    );
  }

  onReceive(listener: (transfer: EngineTransfer) => void): void {
    this.#listeners.push(listener);
  }

  onMessage(listener: MessageListener): void {
    this.#messages.listen(listener);
  }

  expect(introduction: Introduction, from: string, purpose: IntroductionPurpose = 'files'): void {
    const expected = transportIntroduction(introduction, this.#key);
    if (expected === undefined || !this.#listening.expect(expected)) return;
    this.#introduced.set(introduction.keyId, { from, purpose });
    if (this.#introduced.size <= MAX_INTRODUCED) return;
    const [oldest] = this.#introduced.keys();
    this.#introduced.delete(oldest!);
  }

  ticket(options: TicketOptions = {}): string {
    const { text, introduction } = this.#tickets.make(options);
    // The same once more is known already.
    this.#listening.expectMany(ticketExpectation(introduction, this.#key));
    return text;
  }

  send(request: EngineSendRequest): EngineTransfer {
    let engine: SocketEngine | undefined;
    const content =
      'paths' in request
        ? { paths: request.paths, disk: this.#disk.source }
        : {
            paths: [''],
            name: request.stream.name,
            disk: new StreamDisk(request.stream, Date.now()),
          };
    const transfer = new SendingTransfer({
      id: this.#nextId++,
      peer: request.peer,
      ...content,
      memory: this.#disk.memory,
      bounds: {
        maxBytesPerSec: this.#options.maxBytesPerSec,
        windowPackets: this.#options.windowPackets,
        busyUs: this.#busyUs,
      },
      giveUpMs: this.#giveUpMs,
      after: (delayMs, action) => systemTimers.after(delayMs, action),
      nowUs: monotonicNowUs,
      wake: () => engine?.wake(),
    });
    this.#track(transfer);
    const open = (): Promise<void> => this.#open(transfer, request, (opened) => (engine = opened));
    // An introduction does not last: what has one cannot wait.
    if (!request.isTicket) void open();
    else
      this.#turns.run(request.introduction.keyId, async () => {
        if (transfer.isOver) return;
        await open();
        await transfer.done.catch(() => undefined);
      });
    return transfer;
  }

  sendMessage({ introduction, addresses, text }: MessageRequest): SentMessage {
    return this.#messages.send(text, async (message) => {
      const sealed = transportIntroduction(introduction, this.#key);
      if (sealed === undefined) throw new TransferError('protocol', BAD_INTRODUCTION);
      const engine = await this.#peers.to(addresses);
      if (this.#isClosing) throw new TransferError('cancelled', 'the endpoint is closed');
      return [engine, engine.open(sealed, addresses, message, { isCompared: true })];
    });
  }

  async openingNotes(keyId: string): Promise<OpeningNotes> {
    for (const engine of [this.#listening, ...(await this.#peers.all())]) {
      const notes = engine.openingNotes(keyId);
      if (notes !== undefined) return notes;
    }
    return { isAnswered: false };
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#messages.cancelAll();
    const transfers = [...this.#transfers];
    for (const transfer of transfers) transfer.cancel();
    this.#guard.close();
    const engines = [this.#listening, ...(await this.#peers.all())];
    for (const engine of engines) engine.wake();
    await this.#quiet(engines);
    await Promise.all(engines.map((engine) => engine.close()));
    await Promise.allSettled(transfers.map(({ done }) => done));
    await this.#disk.close();
    await this.#trace?.close();
  }

  /** Resolves when no connection is open or lingers, or after a bounded wait. */
  async #quiet(engines: readonly SocketEngine[]): Promise<void> {
    const isQuiet = (): boolean => engines.every((engine) => engine.connectionCount === 0);
    if (isQuiet()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, MAX_CLOSE_WAIT_MS);
      this.#onQuiet = () => {
        if (!isQuiet()) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #createEngine(port: UdpPort, onIncoming: SocketEngineOptions['onIncoming']): SocketEngine {
    const onTurn = (): void => {
      if (this.#ledger.waitingCount > 0) this.#askForCredit();
      this.#onQuiet?.();
    };
    return new SocketEngine({
      port,
      config: this.#config,
      onIncoming,
      onTurn,
      bindFree: this.#bindFree,
      mtuBytes: this.#options.mtuBytes,
      fineTimers: this.#fineTimers,
      rings: this.#rings,
    });
  }

  #track(transfer: SendingTransfer | ReceivingTransfer): void {
    this.#transfers.add(transfer);
    const forget = (): void => {
      this.#transfers.delete(transfer);
      this.#askForCredit();
    };
    transfer.done.then(forget, forget);
  }

  /** Offers that wait for memory may have it now: others have consumed what they were granted. */
  #askForCredit(): void {
    for (const transfer of this.#transfers) {
      if (transfer instanceof ReceivingTransfer) transfer.onCreditFreed();
    }
  }

  async #open(
    transfer: SendingTransfer,
    request: EnginePeer,
    onEngine: (engine: SocketEngine) => void,
  ): Promise<void> {
    if (!(await transfer.prepare())) return;
    if (this.#isClosing) {
      transfer.cancel();
      return;
    }
    const introduction = transportIntroduction(request.introduction, this.#key);
    if (introduction === undefined) {
      const reason = BAD_INTRODUCTION;
      transfer.onClosed({ code: CloseCode.violation, reason, byPeer: false });
      return;
    }
    let engine: SocketEngine;
    try {
      engine = await this.#peers.to(request.addresses);
    } catch {
      transfer.cancel();
      return;
    }
    if (transfer.isOver) return;
    onEngine(engine);
    const { openTimeoutMs = this.#giveUpMs } = this.#options;
    const timeoutUs = Math.min(openTimeoutMs, this.#giveUpMs) * 1000;
    const options = request.isTicket ? { isTicket: true, timeoutUs } : { isCompared: true };
    const handle = engine.open(introduction, request.addresses, transfer, options);
    // A transfer that ends before its connection opened wants none.
    transfer.done.catch(() => {
      engine.abandon(handle);
    });
  }

  readonly #bindFree = (host: string): Promise<UdpPort> => {
    const { createSocket } = this.#options;
    return UdpPort.bindFree({ host, ...(createSocket === undefined ? {} : { createSocket }) });
  };

  readonly #onIncoming = (connection: TransportConnection): ConnectionUser | undefined => {
    const introduced = this.#introducedAs(connection);
    if (introduced === undefined) return undefined;
    if (this.#isClosing) {
      connection.close(CloseCode.cancelled, 'the endpoint is closed');
      return undefined;
    }
    this.#introduced.delete(connection.keyId);
    const { from, purpose } = introduced;
    const origin = this.#tickets.has(connection.keyId) ? connection.keyId : from;
    if (!this.#guard.admits(origin)) {
      connection.close(CloseCode.busy, 'too many transfers from one sender at once');
      return undefined;
    }
    if (purpose === 'message') {
      const message = this.#messages.receive(connection, from, () => {
        this.#listening.wake();
      });
      this.#guard.watch(origin, message, connection);
      return message;
    }
    const transfer = new ReceivingTransfer({
      id: this.#nextId++,
      peer: from,
      connection,
      inbox: this.#disk.inbox,
      memory: this.#disk.memory,
      policy: this.#policy,
      conflict: this.#options.conflict ?? 'rename',
      platform: PLATFORM,
      giveUpMs: this.#giveUpMs,
      busyUs: this.#busyUs,
      nowUs: monotonicNowUs,
      after: (delayMs, action) => systemTimers.after(delayMs, action),
      wake: () => {
        this.#listening.wake();
      },
      earlierTries: this.#earlierTries,
      onOffered: (offered) => {
        for (const listener of this.#listeners) listener(offered);
      },
    });
    this.#track(transfer);
    this.#earlierTries.add(transfer);
    this.#guard.watch(origin, transfer, connection);
    return transfer;
  };

  /** Whom `expect` has named, or the key of a ticket's holder. */
  #introducedAs({ keyId, session }: TransportConnection): Introduced | undefined {
    const introduced = this.#introduced.get(keyId);
    if (introduced !== undefined || !this.#tickets.has(keyId)) return introduced;
    return { from: Buffer.from(peerKeyOf(session)!).toString('hex'), purpose: 'files' };
  }
}

/** Who was introduced, and for what. */
interface Introduced {
  readonly from: string;
  readonly purpose: IntroductionPurpose;
}

const BAD_INTRODUCTION = 'the introduction is not valid';
const PLATFORM = process.platform === 'win32' ? 'win32' : 'posix';
/** UDP payload of the datagrams sent, until the path's MTU is discovered. */
const DATAGRAM_BYTES = 1_200;
