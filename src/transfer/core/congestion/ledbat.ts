import type {
  AckEvent,
  CongestionController,
  ControllerOptions,
  LossEvent,
  SpuriousLossEvent,
} from './controller.ts';
import { ASSUMED_RTT_US, INITIAL_WINDOW_PACKETS, MIN_WINDOW_PACKETS } from './controller.ts';
import { LedbatDelay } from './ledbat-delay.ts';
import { LedbatQueueDepth } from './ledbat-queue-depth.ts';
import { LedbatSlowdown } from './ledbat-slowdown.ts';
import { RecoveryPeriod } from './recovery-period.ts';

/** Queueing delay that a flow alone builds up, and from which it gives way, at most (draft §4.2). */
const MAX_TARGET_US = 60_000;
/** Of the target: slow start ends at this delay (draft §4.3). */
const SLOW_START_PART = 3 / 4;
/** The slowest growth, as a part of Reno's (draft §4.2). */
const MAX_GAIN_DIVISOR = 16;
/** Least part of the window that is left after a round trip of too much delay, and after a loss. */
const BETA = 1 / 2;
const PACING_GAIN = 1.25;
const SLOW_START_PACING_GAIN = 2;

/** What a halving replaces. */
interface Before {
  readonly windowBytes: number;
  readonly ssthreshBytes: number;
}

/**
 * LEDBAT++ (draft-irtf-iccrg-ledbat-plus-plus): takes what others leave. It gives way once its packets
 * wait 60 ms in a queue, grows slower than Reno below that, and steps back now and then so that its own
 * queue is not taken for the path.
 *
 * Delays are of round trips, as in the draft: so clocks need not agree, and a slow way back counts too.
 * Where a queue overflows before it holds 60 ms, it gives way at a quarter of what it holds (ours): the
 * draft's flow gives way to loss alone there, and CUBIC had 0.75 to 0.88 of a link instead of 0.98.
 */
export class Ledbat implements CongestionController {
  readonly connectionWindowPackets: number = Infinity;
  readonly #delay = new LedbatDelay();
  readonly #slowdown = new LedbatSlowdown();
  readonly #queueDepth = new LedbatQueueDepth();
  #datagramBytes: number;
  #windowBytes: number;
  #ssthreshBytes: number = Infinity;
  #smoothedRttUs = ASSUMED_RTT_US;
  #nowUs = 0;
  readonly #recovery = new RecoveryPeriod<Before>();

  constructor(options: ControllerOptions) {
    this.#datagramBytes = options.datagramBytes;
    this.#windowBytes = INITIAL_WINDOW_PACKETS * options.datagramBytes;
  }

  get windowBytes(): number {
    return this.#windowBytes;
  }

  get pacingBytesPerSec(): number {
    return (this.inflightGain * this.#windowBytes * 1e6) / this.#smoothedRttUs;
  }

  get inflightGain(): number {
    return this.#isInSlowStart ? SLOW_START_PACING_GAIN : PACING_GAIN;
  }

  get state(): 'startup' | 'slowdown' | 'avoidance' {
    if (this.#slowdown.isHolding(this.#nowUs)) return 'slowdown';
    return this.#isInSlowStart ? 'startup' : 'avoidance';
  }

  get #isInSlowStart(): boolean {
    return this.#windowBytes < this.#ssthreshBytes;
  }

  get #minWindowBytes(): number {
    return MIN_WINDOW_PACKETS * this.#datagramBytes;
  }

  /** Queueing delay from which it gives way. */
  get #targetUs(): number {
    return Math.min(MAX_TARGET_US, this.#queueDepth.targetUs);
  }

  /** Growth as a part of Reno's: slower where the target is many times the base RTT. */
  get #gain(): number {
    return 1 / Math.min(MAX_GAIN_DIVISOR, Math.ceil((2 * MAX_TARGET_US) / this.#delay.baseUs));
  }

  onSent(): void {
    // LEDBAT++ acts on ACKs and losses only.
  }

  onAcked(event: AckEvent): void {
    const { nowUs, latestRttUs } = event;
    this.#nowUs = nowUs;
    this.#smoothedRttUs = Math.max(1, event.smoothedRttUs);
    if (latestRttUs !== undefined) this.#delay.onSample(Math.max(1, latestRttUs), nowUs);
    if (!this.#delay.hasSample || this.#recovery.covers(event.newestSentAtUs)) return;
    if (this.#slowdown.isHolding(nowUs)) return;
    if (this.#slowdown.isDue(nowUs)) this.#beginSlowdown(nowUs);
    else if (this.#isInSlowStart) this.#growFast(event);
    else this.#follow(event);
  }

  #beginSlowdown(nowUs: number): void {
    this.#recovery.keep();
    this.#ssthreshBytes = this.#windowBytes;
    this.#windowBytes = this.#minWindowBytes;
    this.#slowdown.begin(this.#smoothedRttUs, nowUs);
  }

  #growFast(event: AckEvent): void {
    if (this.#delay.queueUs > SLOW_START_PART * this.#targetUs)
      this.#ssthreshBytes = this.#windowBytes;
    else if (isWindowUsed(event, this.#windowBytes)) {
      this.#windowBytes += this.#gain * event.newlyAckedBytes;
    }
    if (!this.#isInSlowStart) this.#slowdown.onSlowStartEnd(this.#smoothedRttUs, event.nowUs);
  }

  /** One ACK's part of the change that a round trip makes. */
  #follow(event: AckEvent): void {
    const part = Math.min(1, event.newlyAckedBytes / this.#windowBytes);
    const gainBytes = this.#gain * this.#datagramBytes;
    const excess = this.#delay.queueUs / this.#targetUs - 1;
    if (excess <= 0) {
      if (isWindowUsed(event, this.#windowBytes)) this.#windowBytes += part * gainBytes;
      return;
    }
    const change = Math.max(gainBytes - this.#windowBytes * excess, -BETA * this.#windowBytes);
    if (change < 0 || isWindowUsed(event, this.#windowBytes)) this.#windowBytes += part * change;
    this.#windowBytes = Math.max(this.#windowBytes, this.#minWindowBytes);
    // Giving way is no reason for slow start.
    this.#ssthreshBytes = Math.min(this.#ssthreshBytes, this.#windowBytes);
  }

  onLost(event: LossEvent): void {
    this.#nowUs = event.nowUs;
    if (this.#delay.hasSample) this.#queueDepth.onLost(this.#delay.highestQueueUs, event.nowUs);
    if (!this.#recovery.onLost(event.sentAtUs)) return;
    const before = { windowBytes: this.#windowBytes, ssthreshBytes: this.#ssthreshBytes };
    this.#recovery.begin(before, event.nowUs);
    const wasInSlowStart = this.#isInSlowStart;
    this.#windowBytes = Math.max(BETA * this.#windowBytes, this.#minWindowBytes);
    this.#ssthreshBytes = this.#windowBytes;
    if (wasInSlowStart) this.#slowdown.onSlowStartEnd(this.#smoothedRttUs, event.nowUs);
  }

  onSpuriousLoss(event: SpuriousLossEvent): void {
    const before = this.#recovery.onSpuriousLoss(event.sentAtUs);
    if (before === undefined) return;
    this.#windowBytes = Math.max(this.#windowBytes, before.windowBytes);
    this.#ssthreshBytes = before.ssthreshBytes;
  }

  onPersistentCongestion(nowUs: number): void {
    this.#recovery.restart(nowUs);
    this.#ssthreshBytes = Math.max(
      Math.min(this.#ssthreshBytes, this.#windowBytes),
      this.#minWindowBytes,
    );
    this.#windowBytes = this.#minWindowBytes;
  }

  onDatagramBytes(datagramBytes: number): void {
    this.#datagramBytes = datagramBytes;
    this.#windowBytes = Math.max(this.#windowBytes, this.#minWindowBytes);
  }
}

/** A window that was not used says nothing about the path: it does not grow. */
function isWindowUsed(event: AckEvent, windowBytes: number): boolean {
  return !event.isAppLimited && event.priorBytesInFlight >= windowBytes / 2;
}
