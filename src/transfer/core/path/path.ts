import assert from 'node:assert/strict';
import type { AckEvent, CongestionController, LossEvent } from '../congestion/controller.ts';
import { Pacer } from '../congestion/pacer.ts';
import { DeliveryRate } from '../recovery/delivery-rate.ts';
import { RttEstimator } from '../recovery/rtt-estimator.ts';
import { PacketKind, type SentPackets } from '../recovery/sent-packets.ts';
import type { Address, PathMember } from './path-member.ts';
import { MemberRing } from './member-ring.ts';
import { MtuDiscovery } from './mtu-discovery.ts';

/** Datagram that every path is taken to carry (DESIGN §5, MTU). */
export const BASE_DATAGRAM_BYTES = 1200;
/** Packets that may stand in the peer's kernel buffer whatever it granted (DESIGN §4). */
const MIN_STANDING_PACKETS = 4;
/** Gain of the in-flight bound once bandwidth is known and the controller is not probing. */
const CRUISE_GAIN = 1.25;
/** Rounds over which the highest delivery rate and the largest ACK burst are remembered. */
const BANDWIDTH_ROUNDS = 10;
/** Packets that a receiver leaves unacknowledged at most: MARK asks for no rarer ACKs. */
const MAX_UNACKED_PACKETS = 32;
/** Longest that MARK lets a receiver wait with an ACK. */
const MAX_ACK_DELAY_US = 10_000;
/** PTO probes that all connections of a path may send in one probe timeout (DESIGN §4). */
const MAX_PROBES = 2;
/** An MTU probe leaves only where it is no more than this part of the window. */
const MTU_PROBE_PART = 1 / 2;
/** How long a probe is kept for who was refused one: two of the longest probe timeouts. */
const REFUSED_PROBE_US = 2_000_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

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
  readonly #mtu: MtuDiscovery;
  #interfaceDatagramBytes = 0;
  #peerDatagramBytes: number = Infinity;
  readonly #pacer: Pacer;
  readonly #ready: MemberRing = new MemberRing();
  readonly #members: Set<PathMember> = new Set();
  #datagramBytes: number;
  #bytesInFlight = 0;
  /** Sum over the members: what may stand in the peer's kernel buffer. */
  #standingBytes = 0;
  /** Highest delivery rate of the present and the last span of rounds, bytes per second. */
  #bandwidth = 0;
  #lastSpanBandwidth = 0;
  #spanStartRound = 0;
  #roundCount = 0;
  #nextRoundBytes = 0;
  #isHeldByPacer = false;
  #probesFromUs = -Infinity;
  #probeCount = 0;
  /** Who wanted a probe and got none, the first refused first, and when last; one entry a member. */
  readonly #refusedProbers: Map<object, number> = new Map();
  /** Last use, for forgetting a path without members. */
  usedAtUs = 0;

  // One record each, reused: controllers do not keep them.
  readonly #ackEvent: Mutable<AckEvent> = {
    nowUs: 0,
    newlyAckedBytes: 0,
    newlyLostBytes: 0,
    bytesInFlight: 0,
    priorBytesInFlight: 0,
    newestSentAtUs: 0,
    smoothedRttUs: 0,
    minRttUs: 0,
    latestRttUs: undefined,
    rate: undefined,
    isAppLimited: false,
  };
  readonly #lossEvent: Mutable<LossEvent> = {
    nowUs: 0,
    sizeBytes: 0,
    sentAtUs: 0,
    bytesInFlight: 0,
    txInFlightBytes: 0,
    lostBytesAtSend: 0,
    lostBytes: 0,
    isAppLimited: false,
  };
  #ackedBytes = 0;
  #lostBytes = 0;
  #newestSentAtUs = -Infinity;
  #newestIsAppLimited = false;
  #priorBytesInFlight = 0;

  constructor(
    address: Address,
    controller: CongestionController,
    datagramBytes: number = BASE_DATAGRAM_BYTES,
    pacingTickUs?: number,
  ) {
    this.address = address;
    this.controller = controller;
    this.#datagramBytes = datagramBytes;
    this.#mtu = new MtuDiscovery(datagramBytes);
    this.#pacer = new Pacer(datagramBytes, pacingTickUs);
  }

  get bytesInFlight(): number {
    return this.#bytesInFlight;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  /** Largest datagram to send, UDP payload bytes. */
  get datagramBytes(): number {
    return this.#datagramBytes;
  }

  set datagramBytes(bytes: number) {
    assert(bytes > 0, 'a datagram has bytes');
    this.#datagramBytes = bytes;
    this.#pacer.datagramBytes = bytes;
    this.controller.onDatagramBytes(bytes);
  }

  /** A round trip of the handshake or of a challenge starts an RTT that knows nothing. */
  learnRoundTrip(roundTripUs: number, nowUs: number): void {
    if (!this.rtt.hasSample) this.rtt.onSample(roundTripUs, 0, 0, nowUs);
  }

  /** Datagrams that are taken to be carried without a probe. */
  get baseDatagramBytes(): number {
    return this.#mtu.baseBytes;
  }

  /** Datagrams above the base are tried up to this, the largest that this side's interface takes. */
  set interfaceDatagramBytes(bytes: number) {
    this.#interfaceDatagramBytes = bytes;
    this.#limitDatagrams();
  }

  /** The largest that the peer takes; never more is sent, but for the base. */
  set peerDatagramBytes(bytes: number) {
    this.#peerDatagramBytes = bytes;
    this.#limitDatagrams();
  }

  get peerDatagramBytes(): number {
    return this.#peerDatagramBytes;
  }

  #limitDatagrams(): void {
    this.#mtu.ceilingBytes = Math.min(this.#interfaceDatagramBytes, this.#peerDatagramBytes);
    this.#followMtu();
  }

  /** A datagram may turn out too large: what the system says of each should be heard. */
  get isProbingMtu(): boolean {
    return this.#mtu.isProbing;
  }

  /** The system says that a datagram to here was too large. */
  onDatagramTooBig(nowUs: number): void {
    this.#mtu.onTooBig(nowUs);
    this.#followMtu();
  }

  get pacingBytesPerSec(): number {
    return this.controller.pacingBytesPerSec;
  }

  /** Bytes that may be in flight now: the window, and no more than network and peer can hold. */
  get windowBytes(): number {
    return Math.min(this.controller.windowBytes, this.#holdableBytes());
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
  }

  resume(bytesInFlight: number): void {
    this.#bytesInFlight += bytesInFlight;
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
    if (this.#ready.isEmpty) return 0;
    // An MTU probe that is due is waited for: it needs more room than what leaves usually.
    const wantedBytes = Math.max(this.#datagramBytes, this.#dueMtuProbeBytes(nowUs));
    if (this.#bytesInFlight + wantedBytes > this.windowBytes && this.#bytesInFlight > 0) return 0;
    if (!this.#pacer.maySend(this.controller.pacingBytesPerSec, nowUs)) {
      this.#isHeldByPacer = true;
      return 0;
    }
    const length = this.#ready.poll(buffer, this.#datagramBytes, nowUs);
    if (length === 0) this.#markAppLimited();
    return length;
  }

  /** When the pacer will let the next packet leave; Infinity when it holds none back. */
  get nextTimeoutUs(): number {
    return this.#isHeldByPacer ? this.#pacer.nextSendAtUs : Infinity;
  }

  /**
   * Whether `prober` may send one more PTO probe; counts it. Probes bypass window and pacer. Who was
   * refused first is served first, so that a connection whose peer is gone starves no other.
   */
  mayProbe(prober: object, nowUs: number, probeTimeoutUs: number): boolean {
    if (nowUs - this.#probesFromUs >= probeTimeoutUs) {
      this.#probesFromUs = nowUs;
      this.#probeCount = 0;
      for (const [refused, atUs] of this.#refusedProbers) {
        if (nowUs - atUs > REFUSED_PROBE_US) this.#refusedProbers.delete(refused);
      }
    }
    const limit = this.windowBytes < MIN_STANDING_PACKETS * this.#datagramBytes ? 1 : MAX_PROBES;
    let aheadCount = 0;
    for (const refused of this.#refusedProbers.keys()) {
      if (refused === prober) break;
      aheadCount++;
    }
    if (this.#probeCount + aheadCount >= limit) {
      this.#refusedProbers.set(prober, nowUs);
      return false;
    }
    this.#refusedProbers.delete(prober);
    this.#probeCount++;
    return true;
  }

  /**
   * Size of the MTU probe that the packet asked for by `pollPacket` should be, at most `roomBytes`;
   * 0 for none. One that is returned is on its way: `onMtuProbeAcked` or `onMtuProbeLost` follows.
   */
  takeMtuProbe(roomBytes: number, nowUs: number): number {
    const sizeBytes = this.#dueMtuProbeBytes(nowUs);
    if (sizeBytes === 0 || sizeBytes > roomBytes) return 0;
    this.#mtu.onProbeSent(sizeBytes, nowUs);
    return sizeBytes;
  }

  #dueMtuProbeBytes(nowUs: number): number {
    const sizeBytes = this.#mtu.dueProbeBytes(nowUs);
    return sizeBytes > MTU_PROBE_PART * this.windowBytes ? 0 : sizeBytes;
  }

  /** `onPacketAcked` has been told of it too, unless it had been taken for lost. */
  onMtuProbeAcked(sizeBytes: number): void {
    this.#mtu.onProbeAcked(sizeBytes);
    this.#followMtu();
  }

  /** A lost packet that says nothing about congestion. */
  onMtuProbeLost(sizeBytes: number, probeTimeoutUs: number, nowUs: number): void {
    this.#forget(sizeBytes);
    this.#mtu.onProbeLost(sizeBytes, probeTimeoutUs, nowUs);
  }

  #followMtu(): void {
    const bytes = this.#mtu.datagramBytes;
    if (bytes !== this.#datagramBytes) this.datagramBytes = bytes;
  }

  /** A numbered packet left; it stands in `sent` already. */
  onSent(sent: SentPackets, packetNumber: number, sizeBytes: number, nowUs: number): void {
    this.delivery.onSent(sent, packetNumber, this.#bytesInFlight, nowUs);
    this.#bytesInFlight += sizeBytes;
    this.#pacer.onSent(sizeBytes);
    this.controller.onSent({ nowUs, sizeBytes, bytesInFlight: this.#bytesInFlight });
    this.usedAtUs = nowUs;
  }

  /** Opens the account of one ACK: `onPacketAcked` and `onPacketLost` follow, then `endAck`. */
  beginAck(): void {
    this.#ackedBytes = 0;
    this.#lostBytes = 0;
    this.#newestSentAtUs = -Infinity;
    this.#priorBytesInFlight = this.#bytesInFlight;
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
    this.#ackedBytes += sizeBytes;
    if (sentAtUs > this.#newestSentAtUs) {
      this.#newestSentAtUs = sentAtUs;
      this.#newestIsAppLimited = sent.isAppLimited(packetNumber);
    }
    if (wasInFlight) this.#forget(sizeBytes);
    else this.controller.onSpuriousLoss({ nowUs, sizeBytes, sentAtUs });
    if (sent.kind(packetNumber) !== PacketKind.mtuProbe) this.#mtu.onAcked(sizeBytes, nowUs);
  }

  onPacketLost(sent: SentPackets, packetNumber: number, nowUs: number): void {
    const sizeBytes = sent.sizeBytes(packetNumber);
    this.#forget(sizeBytes);
    this.#lostBytes += sizeBytes;
    this.delivery.lostBytes += sizeBytes;
    this.#mtu.onLost(sizeBytes, sent.sentAtUs(packetNumber));
    const event = this.#lossEvent;
    event.nowUs = nowUs;
    event.sizeBytes = sizeBytes;
    event.sentAtUs = sent.sentAtUs(packetNumber);
    event.bytesInFlight = this.#bytesInFlight;
    event.txInFlightBytes = sent.txInFlightBytes(packetNumber);
    event.lostBytesAtSend = sent.lostBytesAtSend(packetNumber);
    event.lostBytes = this.delivery.lostBytes;
    event.isAppLimited = sent.isAppLimited(packetNumber);
    this.controller.onLost(event);
  }

  endAck(latestRttUs: number | undefined, nowUs: number): void {
    if (this.#ackedBytes === 0 && this.#lostBytes === 0) return;
    const probeTimeoutUs = this.rtt.probeTimeoutUs(MAX_ACK_DELAY_US);
    if (this.#mtu.detectBlackHole(probeTimeoutUs, nowUs)) this.#followMtu();
    const rate = this.delivery.takeSample(this.rtt.minUs, nowUs);
    if (rate !== undefined) this.#learnBandwidth(rate.deliveryRateBytesPerSec, rate.isAppLimited);
    if (this.#ackedBytes === 0) return;
    const event = this.#ackEvent;
    event.nowUs = nowUs;
    event.newlyAckedBytes = this.#ackedBytes;
    event.newlyLostBytes = this.#lostBytes;
    event.bytesInFlight = this.#bytesInFlight;
    event.priorBytesInFlight = this.#priorBytesInFlight;
    event.newestSentAtUs = this.#newestSentAtUs;
    event.smoothedRttUs = this.rtt.smoothedUs;
    event.minRttUs = this.rtt.minUs;
    event.latestRttUs = latestRttUs;
    event.rate = rate;
    event.isAppLimited = this.#newestIsAppLimited;
    this.controller.onAcked(event);
    if (this.delivery.deliveredBytes >= this.#nextRoundBytes) {
      this.#roundCount++;
      this.#nextRoundBytes = this.delivery.deliveredBytes + this.#bytesInFlight;
    }
  }

  #learnBandwidth(bytesPerSec: number, isAppLimited: boolean): void {
    if (this.#roundCount - this.#spanStartRound >= BANDWIDTH_ROUNDS) {
      this.#spanStartRound = this.#roundCount;
      this.#lastSpanBandwidth = this.#bandwidth;
      this.#bandwidth = isAppLimited ? this.#bandwidth : bytesPerSec;
    }
    if (bytesPerSec > this.#bandwidth) this.#bandwidth = bytesPerSec;
  }

  /**
   * What the network and the peer's kernel buffer can hold (DESIGN §4): gain × bandwidth × minRtt, what
   * waits for an ACK, and the standing share. What waits for an ACK is counted in packets where that
   * is less than the ACK delay's worth: a busy peer's inflated RTT would otherwise widen the bound, and
   * the buffer overflow (3.6 MB in flight into 8 MB of buffer lost 290 packets on loopback).
   */
  #holdableBytes(): number {
    const bandwidth = Math.max(this.#bandwidth, this.#lastSpanBandwidth);
    if (bandwidth === 0) return Infinity;
    const standing = Math.max(this.#standingBytes, MIN_STANDING_PACKETS * this.#datagramBytes);
    const maxAckDelayUs = Math.min(MAX_ACK_DELAY_US, Math.max(1000, this.rtt.smoothedUs / 4));
    const delayed = Math.min(
      (bandwidth * maxAckDelayUs) / 1e6,
      MAX_UNACKED_PACKETS * this.#datagramBytes,
    );
    const gain = Math.max(CRUISE_GAIN, this.controller.inflightGain);
    return gain * ((bandwidth * this.rtt.minUs) / 1e6 + delayed) + standing;
  }

  #markAppLimited(): void {
    if (this.#bytesInFlight < this.windowBytes) this.delivery.markAppLimited(this.#bytesInFlight);
  }

  #forget(sizeBytes: number): void {
    this.#bytesInFlight -= sizeBytes;
    assert(this.#bytesInFlight >= 0, 'bytes in flight are never negative');
  }
}
