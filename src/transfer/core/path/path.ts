import assert from 'node:assert/strict';
import type { CongestionController } from '../congestion/controller.ts';
import { type DriverTimers, Pacer } from '../congestion/pacer.ts';
import { DeliveryRate } from '../recovery/delivery-rate.ts';
import { PersistentCongestion } from '../recovery/persistent-congestion.ts';
import { RttEstimator } from '../recovery/rtt-estimator.ts';
import { PacketKind, type SentPackets } from '../recovery/sent-packets.ts';
import { StateClock } from '../recovery/state-clock.ts';
import { AckTally } from './ack-tally.ts';
import { MemberRing } from './member-ring.ts';
import { MAX_ACK_DELAY_US, PathCapacity } from './path-capacity.ts';
import type { Address, PathMember } from './path-member.ts';
import { PathMtu } from './path-mtu.ts';
import { ProbeAllowance } from './probe-allowance.ts';
import { turnPacketsOf } from './turn-length.ts';

/** Datagram that every path is taken to carry (DESIGN §5, MTU). */
export const BASE_DATAGRAM_BYTES = 1200;
/** Packets that may stand in the peer's kernel buffer whatever it granted (DESIGN §4). */
const MIN_STANDING_PACKETS = 4;
/** What BBR calls the state in which it empties the path to see its RTT. */
const PROBING_RTT = 'probeRtt';
/** And the one that ends once the rate no longer grows. */
const STARTING = 'startup';
/**
 * Part of the rate limit from which on a controller's rate would exceed it but for the limit itself: what
 * is delivered is all that a controller learns from, so its rate stays about there.
 */
const RATE_LIMITED_PART = 0.8;

/** What holds a path back: its window or controller's rate, or the rate limit that this side was given. */
export type PathHold = 'none' | 'network' | 'rate';

/**
 * What the connections between two addresses share: RTT, congestion controller, pacer, bytes in
 * flight and delivery rate. Four files to one person are four members of one path, not four rivals.
 *
 * Invariant: `bytesInFlight` is the sum of the in-flight bytes of all members that are not suspended,
 * and at most the window when a paced packet leaves.
 */
export class Path {
  readonly address: Address;
  readonly rtt: RttEstimator = new RttEstimator();
  readonly controller: CongestionController;
  readonly delivery: DeliveryRate = new DeliveryRate();
  /** How large its datagrams are. Probes beside other packets, and lost ones, are the path's business too. */
  readonly mtu: PathMtu;
  readonly #pacer: Pacer;
  readonly #maxBytesPerSec: number;
  readonly #capacity: PathCapacity = new PathCapacity();
  readonly #probes: ProbeAllowance = new ProbeAllowance();
  readonly #tally: AckTally = new AckTally();
  readonly #silence: PersistentCongestion;
  readonly #ready: MemberRing = new MemberRing();
  readonly #members: Set<PathMember> = new Set();
  readonly #holds: StateClock<PathHold> = new StateClock('none', 0);
  #bytesInFlight = 0;
  /** Of members that hear nothing: on its way, and no part of the window. */
  #suspendedBytes = 0;
  /** Sum over the members: what may stand in the peer's kernel buffer. */
  #standingBytes = 0;
  /** A member has become silent since anything was acknowledged. */
  #hasSilencedMember = false;
  #isHeldByPacer = false;
  #turnPackets = 1;
  /** Count of delivered bytes that ends the round in which the controller's window held a packet back. */
  #windowLimitedUntilBytes = -1;
  /** Last use, for forgetting a path without members. */
  usedAtUs = 0;

  constructor(
    address: Address,
    controller: CongestionController,
    datagramBytes: number = BASE_DATAGRAM_BYTES,
    timers?: DriverTimers,
    maxBytesPerSec: number = Infinity,
  ) {
    this.address = address;
    this.#maxBytesPerSec = maxBytesPerSec;
    this.controller = controller;
    this.#silence = new PersistentCongestion(this.rtt, MAX_ACK_DELAY_US);
    this.#pacer = new Pacer(datagramBytes, timers);
    this.mtu = new PathMtu(datagramBytes, (bytes) => {
      this.#pacer.datagramBytes = bytes;
      controller.onDatagramBytes(bytes);
    });
  }

  get bytesInFlight(): number {
    return this.#bytesInFlight;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  /** Packets that a member sends in its turn. */
  get turnPackets(): number {
    return this.#turnPackets;
  }

  /** Whether the turn of the member that sends so many bytes now ends with them, if turns are that long. */
  endsTurn(sizeBytes: number): boolean {
    return this.#turnPackets > 1 && this.#ready.turnLeftBytes <= sizeBytes;
  }

  /** Largest datagram to send, UDP payload bytes. */
  get datagramBytes(): number {
    return this.mtu.datagramBytes;
  }

  /** A round trip of the handshake or of a challenge starts an RTT that knows nothing. */
  learnRoundTrip(roundTripUs: number, nowUs: number): void {
    if (!this.rtt.hasSample) this.rtt.onSample(roundTripUs, 0, 0, nowUs);
  }

  /** What the controller allows, and no more than this side was told to send. */
  get pacingBytesPerSec(): number {
    return Math.min(this.controller.pacingBytesPerSec, this.#maxBytesPerSec);
  }

  /** Bytes that may be in flight now: the window, and no more than network and peer can hold. */
  get windowBytes(): number {
    const holdableBytes = this.#capacity.holdableBytes({
      smoothedRttUs: this.rtt.smoothedUs,
      datagramBytes: this.datagramBytes,
      inflightGain: this.controller.inflightGain,
      minRttUs: this.controller.minRttUs,
      standingBytes: Math.max(this.#standingBytes, MIN_STANDING_PACKETS * this.datagramBytes),
    });
    return Math.min(this.controller.windowBytes, holdableBytes);
  }

  join(member: PathMember): void {
    this.#members.add(member);
    this.#standingBytes += member.standingBytes;
  }

  leave(member: PathMember, bytesInFlight: number): void {
    if (!this.#members.delete(member)) return;
    this.#ready.remove(member);
    this.#standingBytes -= member.standingBytes;
    this.#forget(bytesInFlight);
  }

  /**
   * A member hears nothing: what it has in flight no longer fills the window that all share. Until
   * `resume`, which comes before anything of it is acknowledged or lost.
   */
  suspend(bytesInFlight: number): void {
    this.#forget(bytesInFlight);
    this.#suspendedBytes += bytesInFlight;
  }

  resume(bytesInFlight: number): void {
    this.#suspendedBytes -= bytesInFlight;
    this.#bytesInFlight += bytesInFlight;
  }

  /** A member begins to hear nothing. */
  onMemberSilenced(): void {
    this.#hasSilencedMember = true;
  }

  /** The peer told another share of its kernel buffer for this member. */
  onStandingBytes(member: PathMember, bytes: number): void {
    this.#standingBytes += bytes - member.standingBytes;
  }

  /** A member has something to send that the window bounds. */
  activate(member: PathMember): void {
    this.#ready.add(member);
  }

  /**
   * Lets the next member, by deficit round robin, fill `buffer` with one packet, when window and
   * pacer allow. Returns its length, 0 when nothing may leave now.
   */
  pollPacket(buffer: Uint8Array, nowUs: number): number {
    this.#isHeldByPacer = false;
    if (this.#ready.isEmpty) return this.#rest('none', nowUs);
    // An MTU probe that is due is waited for: it needs more room than what leaves usually.
    const { windowBytes, datagramBytes } = this;
    const wantedBytes = Math.max(datagramBytes, this.mtu.dueProbeBytes(windowBytes, nowUs));
    if (this.#bytesInFlight + wantedBytes > windowBytes && this.#bytesInFlight > 0) {
      this.#noteWindowLimit(wantedBytes);
      return this.#rest('network', nowUs);
    }
    if (!this.#pacer.maySend(this.pacingBytesPerSec, nowUs)) {
      this.#isHeldByPacer = true;
      this.#holds.enter(this.isRateLimited ? 'rate' : 'network', nowUs);
      return 0;
    }
    // A sender that is slow at first, not the path, must not end Startup; later its own speed counts.
    if (this.#pacer.isBehind && this.controller.state === STARTING) this.#markAppLimited();
    this.#turnPackets = this.#members.size > 1 ? this.#turnPacketsNow(windowBytes) : 1;
    const length = this.#ready.poll(buffer, this.#turnPackets * datagramBytes, nowUs);
    if (length === 0) {
      this.#markAppLimited();
      return this.#rest('none', nowUs);
    }
    assert(
      this.#bytesInFlight <= Math.max(windowBytes, length),
      'what leaves paced fits the window',
    );
    this.#holds.enter('none', nowUs);
    return length;
  }

  #turnPacketsNow(windowBytes: number): number {
    const { pacingBytesPerSec, datagramBytes } = this;
    return turnPacketsOf({ pacingBytesPerSec, windowBytes, datagramBytes });
  }

  #rest(hold: PathHold, nowUs: number): 0 {
    this.#pacer.rest();
    this.#holds.enter(hold, nowUs);
    return 0;
  }

  /** The rate limit holds it back, rather than its controller. */
  get isRateLimited(): boolean {
    const limit = this.#maxBytesPerSec;
    return limit < Infinity && this.controller.pacingBytesPerSec >= RATE_LIMITED_PART * limit;
  }

  /** How long members that had something to send were held back by this. */
  heldUs(hold: PathHold, nowUs: number): number {
    return this.#holds.spentUs(hold, nowUs);
  }

  /** When the pacer will let the next packet leave; Infinity when it holds none back. */
  get nextTimeoutUs(): number {
    return this.#isHeldByPacer ? this.#pacer.nextSendAtUs : Infinity;
  }

  /**
   * The same for a driver that would sleep till then. Infinity at rates for which its timers are to
   * serve, and while the RTT is being probed: an ACK that comes during a sleep is taken for later than
   * it was.
   */
  get sleepUntilUs(): number {
    const isWoken = this.controller.state === PROBING_RTT || !this.#pacer.isSleptFor;
    return isWoken ? Infinity : this.nextTimeoutUs;
  }

  /** Whether `prober` may send one more PTO probe; counts it. Probes bypass window and pacer. */
  mayProbe(prober: object, nowUs: number, probeTimeoutUs: number): boolean {
    const isSmallWindow = this.windowBytes < MIN_STANDING_PACKETS * this.datagramBytes;
    return this.#probes.take(prober, isSmallWindow, probeTimeoutUs, nowUs);
  }

  /** Size of the MTU probe that the packet asked for by `pollPacket` should be; see `PathMtu.takeProbe`. */
  takeMtuProbe(roomBytes: number, nowUs: number): number {
    return this.mtu.takeProbe(roomBytes, nowUs, this.windowBytes);
  }

  /** A lost packet that says nothing about congestion. */
  onMtuProbeLost(sizeBytes: number, probeTimeoutUs: number, nowUs: number): void {
    this.#forget(sizeBytes);
    this.mtu.onProbeLost(sizeBytes, probeTimeoutUs, nowUs);
  }

  /** A numbered packet left; it stands in `sent` already. */
  onSent(sent: SentPackets, packetNumber: number, sizeBytes: number, nowUs: number): void {
    // What is suspended may still arrive: the path was not silent, and rates count from before.
    const bytesBefore = this.#bytesInFlight + this.#suspendedBytes;
    this.delivery.onSent(sent, packetNumber, bytesBefore, nowUs);
    this.#bytesInFlight += sizeBytes;
    this.#pacer.onSent(sizeBytes);
    this.controller.onSent({ nowUs, sizeBytes, bytesInFlight: bytesBefore + sizeBytes });
    this.usedAtUs = nowUs;
  }

  /** Opens the account of one ACK: `onPacketAcked` and `onPacketLost` follow, then `endAck`. */
  beginAck(): void {
    this.#tally.begin(this.#bytesInFlight);
  }

  /** `wasInFlight` is false for a packet that had been declared lost. */
  onPacketAcked(
    sent: SentPackets,
    packetNumber: number,
    wasInFlight: boolean,
    nowUs: number,
  ): void {
    const sizeBytes = sent.sizeBytes(packetNumber);
    const sentAtUs = sent.sentAtUs(packetNumber);
    this.delivery.onAcked(sent, packetNumber, nowUs);
    this.#tally.onAcked(sent, packetNumber);
    this.#silence.onAcked(sentAtUs);
    if (wasInFlight) this.#forget(sizeBytes);
    else this.controller.onSpuriousLoss({ nowUs, sizeBytes, sentAtUs });
    if (sent.kind(packetNumber) !== PacketKind.mtuProbe) this.mtu.onAcked(sizeBytes, nowUs);
  }

  onPacketLost(sent: SentPackets, packetNumber: number, nowUs: number): void {
    const sizeBytes = sent.sizeBytes(packetNumber);
    this.#forget(sizeBytes);
    this.delivery.lostBytes += sizeBytes;
    this.mtu.onLost(sizeBytes, sent.sentAtUs(packetNumber));
    this.#silence.onLost(sent.sentAtUs(packetNumber));
    const { delivery, bytesInFlight } = this;
    const path = { bytesInFlight, lostBytes: delivery.lostBytes };
    this.controller.onLost(this.#tally.onLost(sent, packetNumber, path, nowUs));
  }

  endAck(latestRttUs: number | undefined, nowUs: number): void {
    if (this.#tally.isEmpty) return;
    this.mtu.endAck(this.rtt.probeTimeoutUs(MAX_ACK_DELAY_US), nowUs);
    if (latestRttUs !== undefined) this.#capacity.onRtt(latestRttUs, nowUs);
    const rate = this.delivery.takeSample(this.rtt.minUs, nowUs);
    if (rate !== undefined) this.#capacity.onRate(rate);
    if (this.#silence.take()) this.controller.onPersistentCongestion(nowUs);
    if (!this.#tally.hasAcked) return;
    this.#tellHeard(nowUs);
    const bytesInFlight = this.#bytesInFlight;
    const isWindowLimited = this.#windowLimitedUntilBytes >= this.delivery.deliveredBytes;
    const path = { bytesInFlight, isWindowLimited };
    this.controller.onAcked(this.#tally.ackEvent(this.rtt, latestRttUs, rate, path, nowUs));
    this.#capacity.onDelivered(this.delivery.deliveredBytes, bytesInFlight);
  }

  /**
   * The path carries again: all who hear nothing may ask at once. By their timers, of a second, they would
   * come back two a second, and the path wait for them meanwhile.
   */
  #tellHeard(nowUs: number): void {
    if (!this.#hasSilencedMember) return;
    this.#hasSilencedMember = false;
    for (const member of this.#members) member.onPathHeard(nowUs);
  }

  /** Holds till what is in flight now is acknowledged: a round. */
  #noteWindowLimit(wantedBytes: number): void {
    if (this.#bytesInFlight + wantedBytes <= this.controller.windowBytes) return;
    this.#windowLimitedUntilBytes = this.delivery.deliveredBytes + this.#bytesInFlight;
  }

  #markAppLimited(): void {
    if (this.#bytesInFlight < this.windowBytes) this.delivery.markAppLimited(this.#bytesInFlight);
  }

  #forget(sizeBytes: number): void {
    this.#bytesInFlight -= sizeBytes;
    assert(this.#bytesInFlight >= 0, 'bytes in flight are never negative');
  }
}
