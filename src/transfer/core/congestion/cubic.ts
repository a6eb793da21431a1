import type {
  AckEvent,
  CongestionController,
  ControllerOptions,
  LossEvent,
  SpuriousLossEvent,
} from './controller.ts';
import { ASSUMED_RTT_US, INITIAL_WINDOW_PACKETS, MIN_WINDOW_PACKETS } from './controller.ts';
import { RecoveryPeriod } from './recovery-period.ts';

/** Aggressiveness of the cubic function, packets per second³ (RFC 9438 §4.1). */
const C = 0.4;
/** Multiplicative decrease (RFC 9438 §4.6). */
const BETA = 0.7;
/** Additive increase that lets the Reno estimate average the same as Reno (RFC 9438 §4.3). */
const RENO_ALPHA = (3 * (1 - BETA)) / (1 + BETA);
/** Pacing above window / RTT, so that the window and not the pacer is the limit (RFC 9002 §7.7). */
const PACING_GAIN = 1.25;
const SLOW_START_PACING_GAIN = 2;
/** The cubic function adds at most this in a round trip (RFC 9438 §4.2). */
const MAX_GROWTH_PER_RTT = 1.5;

/** One congestion avoidance: how the window grows from the first ACK after a reduction on. */
interface Epoch {
  /** Later by the time that the window was not used: it counts for nothing (RFC 9438 §5.8). */
  startUs: number;
  /** The window at the start, bytes. */
  readonly windowBytes: number;
  /** From the start until the cubic function reaches W_max, seconds. */
  readonly kSec: number;
  /** W_est: the window that Reno would have, bytes. */
  renoWindowBytes: number;
}

/** What a reduction replaces. */
interface Before {
  readonly windowBytes: number;
  readonly ssthreshBytes: number;
  readonly maxWindowBytes: number;
  readonly priorWindowBytes: number;
  readonly epoch: Epoch | undefined;
}

/**
 * CUBIC (RFC 9438) over bytes, with RFC 9002's recovery period: one reduction for all packets sent
 * before it, undone when every loss that caused it turns out spurious (`RecoveryPeriod`).
 */
export class Cubic implements CongestionController {
  readonly connectionWindowPackets: number = Infinity;
  #datagramBytes: number;
  #windowBytes: number;
  #ssthreshBytes: number = Infinity;
  /** W_max: where the last reduction found the limit, less where the flow gives way, bytes. */
  #maxWindowBytes = 0;
  /** cwnd_prior: the window before the last reduction, bytes. */
  #priorWindowBytes = 0;
  /** Undefined from a reduction until the first ACK after it. */
  #epoch: Epoch | undefined;
  #lastAckAtUs = 0;
  readonly #recovery = new RecoveryPeriod<Before>();
  #smoothedRttUs = ASSUMED_RTT_US;

  constructor(options: ControllerOptions) {
    this.#datagramBytes = options.datagramBytes;
    this.#windowBytes = INITIAL_WINDOW_PACKETS * options.datagramBytes;
  }

  get windowBytes(): number {
    return this.#windowBytes;
  }

  get pacingBytesPerSec(): number {
    const gain = this.#isInSlowStart ? SLOW_START_PACING_GAIN : PACING_GAIN;
    return (gain * this.#windowBytes * 1e6) / this.#smoothedRttUs;
  }

  /** Only a window that doubles needs the network to hold two of it. */
  get inflightGain(): number {
    return this.#isInSlowStart ? SLOW_START_PACING_GAIN : PACING_GAIN;
  }

  get state(): 'startup' | 'avoidance' {
    return this.#isInSlowStart ? 'startup' : 'avoidance';
  }

  get #isInSlowStart(): boolean {
    return this.#windowBytes < this.#ssthreshBytes;
  }

  onSent(): void {
    // CUBIC acts on ACKs and losses only.
  }

  onAcked(event: AckEvent): void {
    this.#smoothedRttUs = Math.max(1, event.smoothedRttUs);
    const sinceAckUs = event.nowUs - this.#lastAckAtUs;
    this.#lastAckAtUs = event.nowUs;
    if (this.#recovery.covers(event.newestSentAtUs)) return;
    // A window that was not used says nothing about the path (RFC 9438 §5.8).
    if (event.isAppLimited || event.priorBytesInFlight < this.#windowBytes / 2) {
      if (this.#epoch !== undefined) this.#epoch.startUs += sinceAckUs;
      return;
    }
    if (this.#isInSlowStart) this.#windowBytes += event.newlyAckedBytes;
    else this.#grow(event);
  }

  #grow(event: AckEvent): void {
    const epoch = (this.#epoch ??= this.#beginEpoch(event.nowUs));
    const elapsedSec = (event.nowUs - epoch.startUs) / 1e6;
    const targetBytes = Math.min(
      Math.max(this.#cubicBytes(epoch, elapsedSec + this.#smoothedRttUs / 1e6), this.#windowBytes),
      MAX_GROWTH_PER_RTT * this.#windowBytes,
    );
    const alpha = epoch.renoWindowBytes < this.#priorWindowBytes ? RENO_ALPHA : 1;
    epoch.renoWindowBytes +=
      (alpha * event.newlyAckedBytes * this.#datagramBytes) / this.#windowBytes;
    if (this.#cubicBytes(epoch, elapsedSec) < epoch.renoWindowBytes) {
      this.#windowBytes = Math.max(this.#windowBytes, epoch.renoWindowBytes);
    } else {
      const share = event.newlyAckedBytes / this.#windowBytes;
      this.#windowBytes += (targetBytes - this.#windowBytes) * Math.min(1, share);
    }
  }

  #beginEpoch(nowUs: number): Epoch {
    const windowBytes = this.#windowBytes;
    this.#maxWindowBytes = Math.max(this.#maxWindowBytes, windowBytes);
    const packetsBelow = (this.#maxWindowBytes - windowBytes) / this.#datagramBytes;
    const kSec = Math.cbrt(packetsBelow / C);
    return { startUs: nowUs, windowBytes, kSec, renoWindowBytes: windowBytes };
  }

  /** W_cubic(t), bytes. */
  #cubicBytes(epoch: Epoch, elapsedSec: number): number {
    return C * (elapsedSec - epoch.kSec) ** 3 * this.#datagramBytes + this.#maxWindowBytes;
  }

  onLost(event: LossEvent): void {
    if (!this.#recovery.onLost(event.sentAtUs)) return;
    const before: Before = {
      windowBytes: this.#windowBytes,
      ssthreshBytes: this.#ssthreshBytes,
      maxWindowBytes: this.#maxWindowBytes,
      priorWindowBytes: this.#priorWindowBytes,
      epoch: this.#epoch,
    };
    this.#recovery.begin(before, event.nowUs);
    this.#priorWindowBytes = this.#windowBytes;
    // Fast convergence: a flow that lost before it came back to W_max gives way (RFC 9438 §4.7).
    this.#maxWindowBytes =
      this.#windowBytes < this.#maxWindowBytes
        ? (this.#windowBytes * (1 + BETA)) / 2
        : this.#windowBytes;
    this.#reduceTo(this.#windowBytes * BETA);
  }

  #reduceTo(bytes: number): void {
    this.#windowBytes = Math.max(bytes, MIN_WINDOW_PACKETS * this.#datagramBytes);
    this.#ssthreshBytes = this.#windowBytes;
    this.#epoch = undefined;
  }

  onSpuriousLoss(event: SpuriousLossEvent): void {
    const before = this.#recovery.onSpuriousLoss(event.sentAtUs);
    if (before === undefined) return;
    this.#windowBytes = Math.max(this.#windowBytes, before.windowBytes);
    this.#ssthreshBytes = before.ssthreshBytes;
    this.#maxWindowBytes = before.maxWindowBytes;
    this.#priorWindowBytes = before.priorWindowBytes;
    this.#epoch = before.epoch;
  }

  /**
   * Back to slow start, up to what the losses that told of it have left; from there the cubic function
   * begins anew, with K = 0 (RFC 9438 §4.8).
   */
  onPersistentCongestion(nowUs: number): void {
    this.#recovery.restart(nowUs);
    const reducedBytes = Math.min(this.#ssthreshBytes, this.#windowBytes);
    this.#reduceTo(0);
    this.#ssthreshBytes = Math.max(reducedBytes, this.#windowBytes);
    this.#maxWindowBytes = 0;
  }

  onDatagramBytes(datagramBytes: number): void {
    // What the path holds is counted in bytes: larger datagrams are fewer (RFC 8899 §3).
    this.#windowBytes = Math.max(this.#windowBytes, MIN_WINDOW_PACKETS * datagramBytes);
    this.#datagramBytes = datagramBytes;
  }
}
