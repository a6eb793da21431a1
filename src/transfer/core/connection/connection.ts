import type { Path } from '../path/path.ts';
import type { Address, PathMember } from '../path/path-member.ts';
import type { PacketHeader } from '../wire/packet.ts';
import type { PacketSession } from '../wire/packet-session.ts';
import type { ConnectionHost, DatagramVerdict } from './connection-host.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { ConnectionTrace } from './connection-trace.ts';
import { connectionStats, type ConnectionStats } from './connection-stats.ts';
import { Deadline, type Timed } from './deadlines.ts';
import { Ending } from './ending.ts';
import { HoldClock } from './hold-clock.ts';
import { Liveness } from './liveness.ts';
import { PacketIntake, type PacketIntakeOwner } from './packet-intake.ts';
import { PacketOutlet } from './packet-outlet.ts';
import { PacketTap } from './packet-tap.ts';
import { PacketWriter } from './packet-writer.ts';
import { Receiver } from './receiving/receiver.ts';
import { Route } from './route.ts';
import { Sender } from './sending/sender.ts';
import { recordLimitBytes } from './sending/send-limits.ts';
import { SendStream } from './sending/send-stream.ts';
import { WriteRoom } from './sending/write-room.ts';

/**
 * One connection: a stream each way over one path, with what ties them together. `Sender` decides what
 * is sent, `PacketOutlet` what leaves next, `PacketIntake` hands what comes to its part, `Route` says where
 * all goes, `Liveness` whether the peer is there, `Ending` how it ends; this class serves the user, and the
 * timers between them.
 *
 * Methods come in five kinds: commands of the user (write … close), `handle…` for input, `on…` by which
 * its parts tell of it, `poll…` for output, and getters. Never throws at what the peer sends.
 */
export class Connection implements PathMember, PacketIntakeOwner, Timed {
  readonly handle: number;
  readonly keyId: string;
  readonly isOpener: boolean;
  readonly session: PacketSession;
  readonly localConnectionId: number;
  readonly trace: ConnectionTrace | undefined;
  readonly deadline: Deadline = new Deadline();
  deficitBytes = 0;
  isReady = false;
  readonly #host: ConnectionHost;
  readonly #writer: PacketWriter;
  readonly #sender: Sender;
  readonly #sendStream: SendStream;
  readonly #writeRoom: WriteRoom;
  readonly #receiver: Receiver;
  readonly #liveness: Liveness;
  readonly #route: Route;
  readonly #ending: Ending;
  readonly #intake: PacketIntake;
  readonly #outlet: PacketOutlet;
  readonly #holds: HoldClock;
  #isConfirmed: boolean;

  constructor(options: ConnectionOptions, host: ConnectionHost) {
    this.handle = options.handle;
    this.keyId = options.keyId;
    this.isOpener = options.isOpener;
    this.session = options.session;
    this.localConnectionId = options.localConnectionId;
    this.#host = host;
    this.trace = host.trace?.begin(options.isOpener, options.path.address, options.nowUs);
    this.#isConfirmed = options.isOpener;
    this.#writer = new PacketWriter(options.peerConnectionId, options.session.check);
    this.#sendStream = new SendStream(options.peerCreditBytes);
    this.#writeRoom = new WriteRoom(this.#sendStream, host.ledger);
    this.#holds = new HoldClock(this.#sendStream, this.trace, options.nowUs);
    this.#sender = new Sender(
      options.path,
      this.#writer,
      this.#sendStream,
      options.firstPacketNumber,
      host.random,
      this.trace,
    );
    this.#receiver = new Receiver({
      writer: this.#writer,
      peerFirstPacketNumber: options.peerFirstPacketNumber,
      account: options.account,
      ledger: host.ledger,
      pool: host.pool,
      startUs: options.nowUs,
    });
    const tap = this.trace && new PacketTap(this.trace, this.#writer, this.#sender, this.#receiver);
    this.#route = new Route(this, {
      path: options.path,
      host,
      sender: this.#sender,
      bodyAt: this.#writer.bodyAt,
      peerSocketShareBytes: options.peerSocketShareBytes,
    });
    this.#ending = new Ending({
      connection: this,
      host,
      writer: this.#writer,
      closeSeal: options.session.closeSeal,
      sender: this.#sender,
      release: () => {
        this.#route.leave();
        this.#receiver.close();
      },
    });
    this.#liveness = new Liveness(host.idleTimeoutUs, options.nowUs);
    const parts = {
      sender: this.#sender,
      receiver: this.#receiver,
      route: this.#route,
      ending: this.#ending,
      tap,
    };
    this.#intake = new PacketIntake(this, { ...parts, writer: this.#writer });
    this.#outlet = new PacketOutlet({ ...parts, holds: this.#holds });
    this.#route.join();
  }

  // ---- getters

  get isClosed(): boolean {
    return this.#ending.isClosed;
  }

  /** Where its packets go; another one once the peer has moved. */
  get path(): Path {
    return this.#route.path;
  }

  get standingBytes(): number {
    return this.#route.standingBytes;
  }

  get peerConnectionId(): number {
    return this.#writer.peerConnectionId;
  }

  /** Of what its path has in flight. */
  get bytesOnPath(): number {
    return this.isClosed ? 0 : this.#sender.bytesOnPath;
  }

  /** What the peer may still make this side hold. */
  get grantedBytes(): number {
    return this.isClosed ? 0 : this.#receiver.grantedBytes;
  }

  /** Where what `pollControl` has filled goes. */
  get transmitTo(): Address {
    return this.isClosed ? this.peerAddress : this.#route.transmitTo;
  }

  /** Nothing comes back, or the peer speaks from elsewhere: it may have to be looked for. */
  get isPeerAway(): boolean {
    return !this.isClosed && (this.#sender.isSilenced || this.#route.isPeerElsewhere);
  }

  /** Whether the peer has proven that it can hear us at its address. */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  get peerAddress(): Address {
    return this.path.address;
  }

  get writeRoomBytes(): number {
    return this.isClosed ? 0 : this.#writeRoom.roomBytes;
  }

  get acknowledgedBytes(): number {
    return this.#sendStream.acknowledged;
  }

  get recordLimitBytes(): number {
    return recordLimitBytes(this.#sendStream, this.path.pacingBytesPerSec);
  }

  get readableBytes(): number {
    return this.#receiver.stream.readableBytes;
  }

  get isReadFinished(): boolean {
    return this.#receiver.stream.isReadFinished;
  }

  get stats(): ConnectionStats {
    const { nowUs } = this.#host;
    const count = this.#outlet.sentCount;
    return connectionStats(this.path, this.#sender, this.#receiver, count, this.#holds, nowUs);
  }

  get hasControl(): boolean {
    return this.#isConfirmed && this.#outlet.hasControl(this.#host.nowUs);
  }

  /** When `handleTimeout` has something to do; Infinity when nothing is armed. */
  get nextTimeoutUs(): number {
    if (this.isClosed) return this.#ending.nextTimeoutUs;
    // Half-open: may send nothing, and ends with its introduction.
    if (!this.#isConfirmed) return Infinity;
    return Math.min(
      this.#sender.nextTimeoutUs,
      this.#receiver.nextTimeoutUs,
      this.#route.nextTimeoutUs,
      this.#liveness.nextTimeoutUs(this.#sender.lastSentAtUs, this.#sender.isWaiting),
      this.#ending.nextTimeoutUs,
    );
  }

  /** Fails where an invariant of the sending side is broken: for tests. */
  audit(): void {
    if (!this.isClosed) this.#sender.audit();
  }

  // ---- commands

  write(chunk: Uint8Array): void {
    if (this.#ending.hasBegun) return;
    this.#host.deadlines.touch(this);
    this.#sendStream.write(chunk);
    this.#writeRoom.onWritten();
    if (this.#holds.isBehind) this.#host.wantsControl(this);
    this.#activate();
  }

  flush(): void {
    this.#sender.endTurn();
    this.#activate();
  }

  finish(): void {
    if (this.isClosed) return;
    this.#host.deadlines.touch(this);
    this.#sendStream.finish();
    this.#activate();
  }

  peek(): Uint8Array {
    return this.#receiver.stream.peek();
  }

  consume(byteCount: number): void {
    if (this.isClosed) return;
    this.#host.deadlines.touch(this);
    this.#receiver.consume(byteCount, this.#host.nowUs);
    this.#queueAck();
  }

  raiseCredit(): boolean {
    if (this.isClosed || !this.#receiver.raiseCredit(this.#host.nowUs)) return false;
    this.#host.deadlines.touch(this);
    this.#queueAck();
    return true;
  }

  expectPeer(): void {
    this.#host.deadlines.touch(this);
    this.#liveness.expectPeer();
  }

  close(code: number, reason: string): void {
    this.#host.deadlines.touch(this);
    this.#ending.close(code, reason, this.#host.nowUs);
  }

  /** Asks the peer for a sign of life. */
  ping(): void {
    if (this.isClosed) return;
    this.#sender.ping();
    this.#host.wantsControl(this);
  }

  /** Looks for the largest datagram that the path carries; false when it has found it. */
  probeMtu(): boolean {
    if (this.isClosed || !this.#sender.probeMtu()) return false;
    this.#host.wantsControl(this);
    return true;
  }

  /** Ends without a word: the opener was never heard again. */
  abort(): void {
    this.#ending.onVanished('the opening was not completed');
  }

  /** Says something by itself, so that the peer learns that its OPEN_ACK arrived. */
  greet(): void {
    if (!this.#sendStream.hasSlice) this.#sender.ping();
    this.#host.wantsControl(this);
  }

  #activate(): void {
    if (this.#isConfirmed && !this.isClosed && this.#sender.hasData) this.path.activate(this);
  }

  #queueAck(): void {
    if (this.#receiver.ackAtUs <= this.#host.nowUs) this.#host.wantsControl(this);
  }

  // ---- input

  /** A datagram whose header names this connection. */
  handleDatagram(
    header: PacketHeader,
    datagram: Uint8Array,
    nowUs: number,
    from: Address = this.path.address,
  ): DatagramVerdict {
    this.#host.deadlines.touch(this);
    return this.#intake.handleDatagram(header, datagram, from, nowUs);
  }

  onPathHeard(nowUs: number): void {
    if (this.#sender.onPathHeard(nowUs)) this.path.activate(this);
  }

  /** Goes on by the path to this address. */
  moveTo(address: Address): void {
    this.#host.deadlines.touch(this);
    this.#route.moveTo(address);
    this.#activate();
  }

  onNumbered(): void {
    if (this.#receiver.takeReadable()) this.#host.onNews(this, 'readable');
    this.#queueAck();
  }

  onPathPacket(): void {
    this.#host.wantsControl(this);
    this.#activate();
  }

  onAcked(nowUs: number): void {
    if (this.#ending.onProgress(nowUs)) return;
    this.#holds.note(nowUs);
    if (this.#writeRoom.takeSent()) this.#host.onNews(this, 'sent');
    this.#tellWritable();
    if (this.#sender.hasProbe || this.#sender.isMarkDue(nowUs)) this.#host.wantsControl(this);
    this.#activate();
  }

  #tellWritable(): void {
    if (!this.isClosed && this.#writeRoom.takeWritable()) this.#host.onNews(this, 'writable');
  }

  onChecked(isFresh: boolean, nowUs: number): void {
    const isBack = isFresh && this.#liveness.onChecked(nowUs);
    if (isBack && !this.isClosed) this.#host.onNews(this, 'resumed');
    if (this.#isConfirmed) return;
    this.#isConfirmed = true;
    this.#host.onNews(this, 'opened');
    this.#activate();
  }

  handleTimeout(nowUs: number): void {
    if (!this.isClosed && this.#liveness.isVanished(nowUs)) {
      this.#ending.onVanished('no answer from the other side');
      return;
    }
    this.#ending.handleTimeout(nowUs);
    if (this.isClosed) return;
    this.#route.handleTimeout(nowUs);
    this.#sender.handleTimeout(nowUs);
    this.#receiver.handleTimeout(nowUs);
    this.#holds.note(nowUs);
    if (this.#liveness.isPingDue(this.#sender.lastSentAtUs, this.#sender.isWaiting, nowUs)) {
      this.#sender.ping();
    }
    if (this.#liveness.isStalledNow(this.#sender.isWaiting, this.#sender.probeTimeoutUs, nowUs)) {
      this.#host.onNews(this, 'stalled');
    }
    if (this.hasControl) this.#host.wantsControl(this);
    this.#activate();
  }

  /** When the last packet came that passed its check and was no copy. */
  get silentSinceUs(): number {
    return this.#liveness.checkedAtUs;
  }

  // ---- output

  /** Fills `buffer` with one packet that the window does not bound; 0 when none is due. */
  pollControl(buffer: Uint8Array, nowUs: number): number {
    if (!this.#isConfirmed) return 0;
    this.#host.deadlines.touch(this);
    return this.#outlet.pollControl(buffer, this.#host.socketShareBytes, nowUs);
  }

  /** Fills `buffer` with one DATA packet; called by the path when window and pacer allow. */
  pollPacket(buffer: Uint8Array, nowUs: number): number {
    if (this.isClosed) return 0;
    this.#host.deadlines.touch(this);
    const length = this.#outlet.pollData(buffer, nowUs);
    if (length > 0) this.#tellWritable();
    return length;
  }
}
