import assert from 'node:assert/strict';
import { Connection } from './connection/connection.ts';
import type { ConnectionHost, ConnectionNews } from './connection/connection-host.ts';
import type { ConnectionOptions } from './connection/connection-options.ts';
import type { TransferTrace } from './connection/connection-trace.ts';
import { CREDIT_POOL_BYTES, CreditLedger } from './connection/credit-ledger.ts';
import { Deadlines } from './connection/deadlines.ts';
import { SegmentPool } from './connection/receiving/segment-pool.ts';
import { type EndpointCounters, newCounters } from './endpoint-counters.ts';
import { EventQueue } from './event-queue.ts';
import type { EndpointConfig } from './endpoint-config.ts';
import type { HandshakeHost } from './handshake-host.ts';
import { Handshakes } from './handshakes.ts';
import type { TransportIntroduction } from './introduction.ts';
import type { OpeningNotes } from './opening-notes.ts';
import type { OpenOptions } from './openings.ts';
import { PathTable } from './path/path-table.ts';
import type { Path } from './path/path.ts';
import {
  CloseCode,
  closeCodeOfPeer,
  type PeerAddress,
  type Transmit,
  type Transport,
} from './transport.ts';
import type { TransportEvent } from './transport.ts';
import { decodeHeader } from './wire/codec.ts';
import { MIN_OPEN_BYTES, PacketType } from './wire/packet.ts';

/** Open connections, whatever the credit ledger would hold (DESIGN §9). */
export const MAX_CONNECTIONS = 1024;
/** OPENs and answers that wait to be sent. OPENs beyond wait; answers are dropped: OPEN comes again. */
export const MAX_OUTBOX = 256;
/** What the kernel charges for a datagram beside its bytes, and the part of a buffer to fill. */
const KERNEL_OVERHEAD_BYTES = 900;
const STANDING_PART = 3;
/** Datagrams of the largest size that fit this side's receive buffer at least (DESIGN §5). */
const LARGEST_PER_BUFFER = 32;
/** What fits UDP over IPv4. */
const MAX_UDP_PAYLOAD_BYTES = 65_507;
/** Receive buffer of a stock Linux kernel (net.core.rmem_default). */
const STOCK_RECEIVE_BUFFER_BYTES = 212_992;

/**
 * All connections of one UDP socket: finds them by id, opens and answers openings, and serves their
 * packets, timers and events through the four verbs of `Transport`.
 */
export class Endpoint implements Transport, ConnectionHost, HandshakeHost {
  readonly counters: EndpointCounters = newCounters();
  readonly ledger: CreditLedger;
  readonly pool: SegmentPool = new SegmentPool();
  readonly deadlines: Deadlines<Connection> = new Deadlines();
  readonly idleTimeoutUs: number;
  readonly random: () => number;
  readonly trace: TransferTrace | undefined;
  readonly #config: EndpointConfig;
  /** Largest datagram that came and passed its check; the peers' packets are taken to be as large. */
  #largestReceivedBytes: number = MIN_OPEN_BYTES;
  readonly #paths: PathTable;
  readonly #handshakes: Handshakes;
  readonly #connections: Map<number, Connection> = new Map();
  readonly #control: Set<Connection> = new Set();
  readonly #events: EventQueue = new EventQueue();
  readonly #outbox: { datagram: Uint8Array; to: PeerAddress }[] = [];
  #nextHandle = 1;
  #nowUs = 0;

  constructor(config: EndpointConfig) {
    this.#config = config;
    this.random = config.random;
    this.trace = config.trace;
    this.idleTimeoutUs = config.idleTimeoutUs ?? 300_000_000;
    const datagramBytes = config.datagramBytes ?? MIN_OPEN_BYTES;
    this.ledger = config.ledger ?? new CreditLedger(config.creditPoolBytes ?? CREDIT_POOL_BYTES);
    this.#paths = new PathTable({
      controller: config.controller,
      windowPackets: config.windowPackets ?? 32,
      random: config.random,
      datagramBytes,
      timers: config.timers,
      maxDatagramBytes: config.maxDatagramBytes ?? datagramBytes,
      maxBytesPerSec: config.maxBytesPerSec,
    });
    const openTimeoutUs = config.openTimeoutUs ?? 60_000_000;
    this.#handshakes = new Handshakes(this, openTimeoutUs, config.tagBytes ?? 0);
  }

  get nowUs(): number {
    return this.#nowUs;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  get connections(): Iterable<Connection> {
    return this.#connections.values();
  }

  /** Those in use and those that are remembered. */
  get paths(): Iterable<Path> {
    return this.#paths.all;
  }

  get openingCount(): number {
    return this.#handshakes.openingCount;
  }

  get expectedCount(): number {
    return this.#handshakes.expectedCount;
  }

  get halfOpenCount(): number {
    return this.#handshakes.halfOpenCount;
  }

  get socketShareBytes(): number {
    const size = this.#largestReceivedBytes;
    const holdable = (this.#receiveBufferBytes / (size + KERNEL_OVERHEAD_BYTES)) * size;
    return Math.floor(holdable / STANDING_PART / Math.max(1, this.#connections.size));
  }

  /** Largest datagram that this side takes. */
  get maxReceivedDatagramBytes(): number {
    const largest = Math.floor(this.#receiveBufferBytes / LARGEST_PER_BUFFER);
    return Math.max(MIN_OPEN_BYTES, Math.min(MAX_UDP_PAYLOAD_BYTES, largest));
  }

  get #receiveBufferBytes(): number {
    return this.#config.receiveBufferBytes ?? STOCK_RECEIVE_BUFFER_BYTES;
  }

  get hasRoom(): boolean {
    return this.#connections.size + this.#handshakes.openingCount < MAX_CONNECTIONS;
  }

  get outboxRoom(): number {
    return MAX_OUTBOX - this.#outbox.length;
  }

  // ---- commands

  /** Lets the holder of an introduction open one connection within 60 s; false when too many wait. */
  expect(introduction: TransportIntroduction, nowUs: number): boolean {
    this.#advance(nowUs);
    return this.#handshakes.expect(introduction);
  }

  /** Lets the holders of a ticket open many connections; false when there are too many tickets. */
  expectMany(ticket: TransportIntroduction, nowUs: number): boolean {
    this.#advance(nowUs);
    return this.#handshakes.expectMany(ticket);
  }

  /**
   * Opens a connection to the first of `addresses` (at most 4) that answers. Returns its handle;
   * `opened` or `unopened` follows; no room here is `unopened` with `busy`.
   */
  open(
    introduction: TransportIntroduction,
    addresses: readonly PeerAddress[],
    nowUs: number,
    options?: OpenOptions,
  ): number {
    this.#advance(nowUs);
    const handle = this.#nextHandle++;
    if (this.hasRoom) this.#handshakes.open(handle, introduction, addresses, options);
    else this.onUnopened(handle, CloseCode.busy, 'too many connections here', false);
    return handle;
  }

  /** MTU discovery may go up to this on all paths: UDP payload that this side's interface takes. */
  setInterfaceDatagramBytes(bytes: number): void {
    this.#paths.setInterfaceDatagramBytes(bytes);
  }

  /** What the system says of each send should be told by `onDatagramTooBig` now. */
  get isProbingMtu(): boolean {
    for (const path of this.#paths.all) if (path.mtu.isProbing) return true;
    return false;
  }

  /** The system refused a datagram to somebody as too large (EMSGSIZE): a hint for all paths. */
  onDatagramTooBig(nowUs: number): void {
    this.#advance(nowUs);
    for (const path of this.#paths.all) path.mtu.onTooBig(nowUs);
  }

  /**
   * Where the connections that this side opened hear their peer; `away` while all of them have heard
   * nothing for two probe timeouts, or hear it elsewhere; `none` when there are none.
   */
  get openedPeer(): PeerAddress | 'away' | 'none' {
    let answer: 'away' | 'none' = 'none';
    for (const connection of this.#connections.values()) {
      if (!connection.isOpener || connection.isClosed) continue;
      if (!connection.isPeerAway) return connection.peerAddress;
      answer = 'away';
    }
    return answer;
  }

  /**
   * This side sends from another address: what was learned about its paths is void. Each connection
   * says something at once, so that its peer asks there.
   */
  restartPaths(nowUs: number): void {
    this.#advance(nowUs);
    this.#paths.forgetAll();
    for (const connection of this.#connections.values()) {
      if (connection.isClosed) continue;
      connection.moveTo(connection.peerAddress);
      connection.greet();
    }
  }

  /** What both sides of an opening under this introduction can compare. */
  openingNotes(keyId: string): OpeningNotes {
    return this.#handshakes.notesOf(keyId);
  }

  /** Gives up an opening; nothing is told. */
  abandon(handle: number): void {
    this.#handshakes.abandon(handle);
  }

  // ---- the four verbs

  handleDatagram(datagram: Uint8Array, from: PeerAddress, nowUs: number): void {
    this.#advance(nowUs);
    this.counters.received++;
    const header = decodeHeader(datagram);
    if (header === undefined) {
      this.counters.malformed++;
      this.trace?.onDropped('malformed', nowUs);
      return;
    }
    if (header.type === PacketType.open) {
      this.#handshakes.handleOpen(datagram, from);
      return;
    }
    if (header.type === PacketType.scout) {
      this.#handshakes.handleScout(datagram);
      return;
    }
    if (header.type === PacketType.openAck) {
      this.#handshakes.handleOpenAck(header, datagram, from);
      return;
    }
    const connection = this.#connections.get(header.connectionId);
    if (connection === undefined) {
      this.counters.unknownConnection++;
      this.trace?.onDropped('unknownConnection', nowUs);
      return;
    }
    const verdict = connection.handleDatagram(header, datagram, nowUs, from);
    if (verdict !== 'taken') {
      this.counters[verdict]++;
      this.trace?.onDropped(verdict, nowUs);
    } else if (datagram.length > this.#largestReceivedBytes) {
      this.#largestReceivedBytes = datagram.length;
    }
  }

  handleTimeout(nowUs: number): void {
    this.#advance(nowUs);
    this.#handshakes.handleTimeout(nowUs);
    for (const connection of this.deadlines.due(nowUs)) connection.handleTimeout(nowUs);
  }

  pollTransmit(transmit: Transmit, nowUs: number): boolean {
    this.#advance(nowUs);
    const queued = this.#outbox.shift();
    if (queued !== undefined) {
      transmit.buffer.set(queued.datagram);
      transmit.length = queued.datagram.length;
      transmit.to = queued.to;
      const type = this.trace && decodeHeader(queued.datagram)?.type;
      if (type !== undefined) this.trace?.onOpeningSent(type, transmit.length, nowUs);
      return true;
    }
    for (const connection of this.#control) {
      const length = connection.pollControl(transmit.buffer, nowUs);
      if (length > 0) return this.#fill(transmit, length, connection.transmitTo);
      this.#control.delete(connection);
    }
    for (const path of this.#paths.all) {
      const length = path.pollPacket(transmit.buffer, nowUs);
      if (length > 0) return this.#fill(transmit, length, path.address);
    }
    return false;
  }

  /**
   * When a pacer lets the next packet leave, for a driver that would sleep till then; part of
   * `nextTimeoutUs`. Infinity when none holds one back, or the RTT must be measured wide awake.
   */
  get sleepUntilUs(): number {
    let next = Infinity;
    for (const path of this.#paths.all) next = Math.min(next, path.sleepUntilUs);
    return next;
  }

  nextTimeoutUs(): number {
    let next = Math.min(this.#handshakes.nextTimeoutUs(), this.deadlines.nextUs);
    for (const path of this.#paths.all) next = Math.min(next, path.nextTimeoutUs);
    return next;
  }

  pollEvent(): TransportEvent | undefined {
    return this.#events.shift();
  }

  // ---- what connections tell

  wantsControl(connection: Connection): void {
    this.#control.add(connection);
  }

  onNews(connection: Connection, news: ConnectionNews): void {
    if (news === 'opened') this.#handshakes.onConfirmed(connection);
    if (news === 'stalled' || news === 'resumed') connection.trace?.onStall(news, this.#nowUs);
    this.#events.push(connection, news);
  }

  onClosed(connection: Connection, code: number, reason: string, byPeer: boolean): void {
    connection.trace?.onEnd(code, byPeer, connection.stats, this.#nowUs);
    // Nobody was told of a connection whose opener was never heard again.
    if (!connection.isConfirmed) return;
    const known = byPeer ? closeCodeOfPeer(code) : (code as CloseCode);
    this.#events.pushClosed(connection, known, reason, byPeer);
  }

  onGone(connection: Connection): void {
    this.#connections.delete(connection.localConnectionId);
    this.deadlines.remove(connection);
    this.#control.delete(connection);
  }

  // ---- what handshakes need

  drawConnectionId(): number {
    for (;;) {
      const id = Math.floor(this.random() * 2 ** 32);
      if (!this.#connections.has(id) && !this.#handshakes.hasOpening(id)) return id;
    }
  }

  drawFirstPacketNumber(): number {
    return this.#config.firstPacketNumber ?? Math.floor(this.random() * 2 ** 32);
  }

  pathTo(address: PeerAddress): Path {
    return this.#paths.to(address, this.#nowUs);
  }

  connect(options: ConnectionOptions): Connection {
    const handle = options.isOpener ? options.handle : this.#nextHandle++;
    const connection = new Connection({ ...options, handle }, this);
    this.#connections.set(connection.localConnectionId, connection);
    this.deadlines.add(connection);
    return connection;
  }

  send(datagram: Uint8Array, to: PeerAddress): void {
    if (this.outboxRoom > 0) this.#outbox.push({ datagram, to });
    else this.counters.outboxFull++;
  }

  onOpened(connection: Connection): void {
    this.#events.push(connection, 'opened');
  }

  onUnopened(handle: number, code: CloseCode, reason: string, byPeer: boolean): void {
    this.#events.pushUnopened(handle, code, reason, byPeer);
  }

  // ---- small things

  #advance(nowUs: number): void {
    assert(nowUs >= this.#nowUs, 'time never goes back');
    this.#nowUs = nowUs;
  }

  #fill(transmit: Transmit, length: number, to: PeerAddress): boolean {
    transmit.length = length;
    transmit.to = to;
    return true;
  }
}
