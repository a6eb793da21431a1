import type {
  AckEvent,
  CongestionController,
  ControllerOptions,
  LossEvent,
  SpuriousLossEvent,
} from './controller.ts';
import { ASSUMED_RTT_US, INITIAL_WINDOW_PACKETS, MIN_WINDOW_PACKETS } from './controller.ts';

/** Aggressiveness of the cubic function, packets per second³ (RFC 9438 §4.1). */
const C = 0.4;
/** Multiplicative decrease (RFC 9438 §4.6). */
const BETA = 0.7;
/** Additive increase that lets the Reno estimate average the same as Reno (RFC 9438 §4.3). */
const RENO_ALPHA = (3 * (1 - BETA)) / (1 + BETA);
/** Pacing above window / RTT, so that the window and not the pacer is the limit (RFC 9002 §7.7). */
const PACING_GAIN = 1.25;
const SLOW_START_PACING_GAIN = 2;

/** What a reduction replaced, kept until it is known to have been right. */
interface Undo {
  readonly windowBytes: number;
  readonly ssthreshBytes: number;
  readonly maxWindowBytes: number;
  readonly epochStartUs: number | undefined;
}

/**
 * CUBIC (RFC 9438) over bytes, with RFC 9002's recovery period: one reduction for all packets sent
 * before it. A reduction is undone when every loss that caused it turns out spurious (RFC 9438 §4.9).
 */
export class Cubic implements CongestionController {
  readonly connectionWindowPackets: number = Infinity;
  #datagramBytes: number;
  #windowBytes: number;
  #ssthreshBytes: number = Infinity;
  /** W_max: the window before the last reduction, bytes. */
  #maxWindowBytes = 0;
  /** Start of the present congestion avoidance; undefined until its first ACK. */
  #epochStartUs: number | undefined;
  /** W_est: the window that Reno would have, bytes. */
  #renoWindowBytes = 0;
  /** The window at the start of the epoch, bytes. */
  #epochWindowBytes = 0;
  /** Time from the epoch's start until the cubic function reaches W_max, seconds. */
  #kSec = 0;
  /** Packets sent before this belong to a loss that was answered already. */
  #recoveryStartUs = -Infinity;
  #undo: Undo | undefined;
  /** Losses of the present recovery period that have not been proven spurious. */
  #provenLossCount = 0;
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
    if (event.newestSentAtUs <= this.#recoveryStartUs) return;
    // A window that was not used says nothing about the path (RFC 9438 §5.8).
    if (event.isAppLimited || event.priorBytesInFlight < this.#windowBytes / 2) return;
    if (this.#isInSlowStart) {
      this.#windowBytes += event.newlyAckedBytes;
      return;
    }
    this.#grow(event);
  }

  #grow(event: AckEvent): void {
    if (this.#epochStartUs === undefined) {
      this.#epochStartUs = event.nowUs;
      this.#epochWindowBytes = this.#windowBytes;
      this.#renoWindowBytes = this.#windowBytes;
      const packetsBelow = Math.max(0, this.#maxWindowBytes - this.#windowBytes);
      this.#kSec = Math.cbrt(packetsBelow / this.#datagramBytes / C);
      this.#maxWindowBytes = Math.max(this.#maxWindowBytes, this.#windowBytes);
    }
    const elapsedSec = (event.nowUs - this.#epochStartUs) / 1e6;
    const targetBytes = Math.min(
      Math.max(this.#cubicBytes(elapsedSec + this.#smoothedRttUs / 1e6), this.#windowBytes),
      1.5 * this.#windowBytes,
    );
    const alpha = this.#renoWindowBytes < this.#maxWindowBytes ? RENO_ALPHA : 1;
    this.#renoWindowBytes +=
      (alpha * event.newlyAckedBytes * this.#datagramBytes) / this.#windowBytes;
    if (this.#cubicBytes(elapsedSec) < this.#renoWindowBytes) {
      this.#windowBytes = Math.max(this.#windowBytes, this.#renoWindowBytes);
    } else {
      const share = event.newlyAckedBytes / this.#windowBytes;
      this.#windowBytes += (targetBytes - this.#windowBytes) * Math.min(1, share);
    }
  }

  /** W_cubic(t), bytes. */
  #cubicBytes(elapsedSec: number): number {
    const wMaxBytes = Math.max(this.#maxWindowBytes, this.#epochWindowBytes);
    return C * (elapsedSec - this.#kSec) ** 3 * this.#datagramBytes + wMaxBytes;
  }

  onLost(event: LossEvent): void {
    if (event.sentAtUs <= this.#recoveryStartUs) {
      this.#provenLossCount++;
      return;
    }
    this.#undo = {
      windowBytes: this.#windowBytes,
      ssthreshBytes: this.#ssthreshBytes,
      maxWindowBytes: this.#maxWindowBytes,
      epochStartUs: this.#epochStartUs,
    };
    this.#provenLossCount = 1;
    this.#recoveryStartUs = event.nowUs;
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
    this.#epochStartUs = undefined;
  }

  onSpuriousLoss(event: SpuriousLossEvent): void {
    if (this.#undo === undefined || event.sentAtUs > this.#recoveryStartUs) return;
    if (--this.#provenLossCount > 0) return;
    this.#windowBytes = Math.max(this.#windowBytes, this.#undo.windowBytes);
    this.#ssthreshBytes = this.#undo.ssthreshBytes;
    this.#maxWindowBytes = this.#undo.maxWindowBytes;
    this.#epochStartUs = this.#undo.epochStartUs;
    this.#recoveryStartUs = -Infinity;
    this.#undo = undefined;
  }

  onPersistentCongestion(nowUs: number): void {
    this.#undo = undefined;
    this.#recoveryStartUs = nowUs;
    this.#maxWindowBytes = this.#windowBytes;
    this.#reduceTo(0);
    this.#ssthreshBytes = Math.max(this.#maxWindowBytes * BETA, this.#windowBytes);
  }

  onDatagramBytes(datagramBytes: number): void {
    // What the path holds is counted in bytes: larger datagrams are fewer (RFC 8899 §3).
    this.#windowBytes = Math.max(this.#windowBytes, MIN_WINDOW_PACKETS * datagramBytes);
    this.#datagramBytes = datagramBytes;
  }
}
