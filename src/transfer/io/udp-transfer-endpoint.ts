import { CloseCode, type TransportConnection } from '../core/index.ts';
import { StreamDisk } from '../files/byte-stream.ts';
import type { ReceivePolicy } from '../files/receiving/receive-policy.ts';
import { createReceivePolicy } from '../files/receiving/receive-policy.ts';
import { ReceivingTransfer } from '../files/receiving/receiving-transfer.ts';
import { SendingTransfer } from '../files/sending/sending-transfer.ts';
import { EarlierTries } from '../files/receiving/earlier-tries.ts';
import { TransferError } from '../files/transfer-error.ts';
import type { EngineTransfer, Introduction, SocketAddress } from '../files/transfer.ts';
import { X25519KeyPair } from '../secure/noise/x25519.ts';
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
import { ExpectedPeers } from './ticket/expected-peers.ts';
import { transportIntroduction } from './ticket/introductions.ts';
import { EndpointSockets } from './udp/endpoint-sockets.ts';
import type { ConnectionUser, SocketEngine } from './udp/socket-engine.ts';
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
import { UdpBindError, UdpPort } from './udp/udp-port.ts';

/** Longest that an opening under an introduction takes: so long it lives (PRODUCT §5). */
const OPEN_TIMEOUT_MS = 60_000;
/** Sends and receives files; see `TransferEndpoint`. One listening socket, one more a peer sent to. */
export class UdpTransferEndpoint implements EngineEndpoint {
  readonly #options: EngineOptions;
  readonly #key: X25519KeyPair;
  readonly #policy: ReceivePolicy;
  readonly #disk: EndpointDisk;
  readonly #fineTimers: FineTimers | undefined;
  readonly #giveUpMs: number;
  readonly #trace: TraceWriter | undefined;
  readonly #sockets: EndpointSockets;
  /** The one of `#sockets` that listens. */
  readonly #listening: SocketEngine;
  readonly #expected: ExpectedPeers;
  readonly #turns: TicketTurns = new TicketTurns();
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
    this.#policy = createReceivePolicy({
      platform: PLATFORM,
      maxSizeBytes: options.maxSizeBytes,
      onOffer: options.onOffer,
    });
    this.#disk = new EndpointDisk(options.inbox, PLATFORM);
    this.#sockets = new EndpointSockets({
      port,
      host: options.host ?? DEFAULT_HOST,
      createSocket: options.createSocket,
      config: {
        controller: options.congestion ?? 'bbr',
        ...(options.windowPackets === undefined ? {} : { windowPackets: options.windowPackets }),
        idleTimeoutUs: giveUpMs * 1000,
        openTimeoutUs: Math.min(giveUpMs, options.openTimeoutMs ?? OPEN_TIMEOUT_MS) * 1000,
        datagramBytes: DATAGRAM_BYTES,
        maxBytesPerSec: options.maxBytesPerSec,
        tagBytes: TAG_BYTES,
        trace: trace?.recorder,
      },
      mtuBytes: options.mtuBytes,
      fineTimers,
      onIncoming: this.#onIncoming,
      onCreditFreed: () => {
        this.#askForCredit();
      },
    });
    this.#listening = this.#sockets.listening;
    this.#expected = new ExpectedPeers(this.#listening, this.address, key);
  }

  /** `fineTimers`: only on a thread that does nothing else. */
  static async create(
    options: EngineOptions,
    fineTimers?: FineTimers,
  ): Promise<UdpTransferEndpoint> {
    const { host = DEFAULT_HOST, port = 0, createSocket, privateKey } = options;
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
      const why = cause instanceof UdpBindError ? cause.reason : message;
      const reason = code === 'EADDRINUSE' ? 'another program uses it' : why;
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
    this.#expected.expect(introduction, from, purpose);
  }

  ticket(options: TicketOptions = {}): string {
    return this.#expected.ticket(options);
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
      const engine = await this.#sockets.to(addresses);
      if (this.#isClosing) throw new TransferError('cancelled', 'the endpoint is closed');
      return [engine, engine.open(sealed, addresses, message, { isCompared: true })];
    });
  }

  openingNotes(keyId: string): Promise<OpeningNotes> {
    return this.#sockets.openingNotes(keyId);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#messages.cancelAll();
    const transfers = [...this.#transfers];
    for (const transfer of transfers) transfer.cancel();
    this.#guard.close();
    await this.#sockets.close();
    await Promise.allSettled(transfers.map(({ done }) => done));
    await this.#disk.close();
    await this.#trace?.close();
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
      engine = await this.#sockets.to(request.addresses);
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

  readonly #onIncoming = (connection: TransportConnection): ConnectionUser | undefined => {
    const expected = this.#expected.take(connection);
    if (expected === undefined) return undefined;
    if (this.#isClosing) {
      connection.close(CloseCode.cancelled, 'the endpoint is closed');
      return undefined;
    }
    const { from, purpose, origin } = expected;
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
}

const DEFAULT_HOST = '127.0.0.1';
const BAD_INTRODUCTION = 'the introduction is not valid';
const PLATFORM = process.platform === 'win32' ? 'win32' : 'posix';
/** UDP payload of the datagrams sent, until the path's MTU is discovered. */
const DATAGRAM_BYTES = 1_200;
