import type { RateSample } from '../../recovery/delivery-rate.ts';
import type {
  AckEvent,
  CongestionController,
  ControllerOptions,
  LossEvent,
  SentEvent,
} from '../controller.ts';
import { ASSUMED_RTT_US, INITIAL_WINDOW_PACKETS } from '../controller.ts';
import { AckAggregation } from './ack-aggregation.ts';
import { BandwidthFilter } from './bandwidth-filter.ts';
import * as K from './constants.ts';
import { FullPipe } from './full-pipe.ts';
import { LongTerm } from './long-term.ts';
import { LossBaseline } from './loss-baseline.ts';
import { LossRounds } from './loss-rounds.ts';
import { MinRtt } from './min-rtt.ts';
import { ProbeClock } from './probe-clock.ts';
import { ShortTerm } from './short-term.ts';

/** The states of the draft's section 4, in the order a flow meets them. */
type State = 'startup' | 'drain' | 'down' | 'cruise' | 'refill' | 'up' | 'probeRtt';

/** Pacing gain and window gain of each state. */
const gains: Readonly<Record<State, readonly [pacing: number, window: number]>> = {
  startup: [K.STARTUP_PACING_GAIN, K.STARTUP_WINDOW_GAIN],
  drain: [K.DRAIN_PACING_GAIN, K.STARTUP_WINDOW_GAIN],
  down: [K.DOWN_PACING_GAIN, K.CRUISE_WINDOW_GAIN],
  cruise: [1, K.CRUISE_WINDOW_GAIN],
  refill: [1, K.CRUISE_WINDOW_GAIN],
  up: [K.UP_PACING_GAIN, K.UP_WINDOW_GAIN],
  probeRtt: [1, K.PROBE_RTT_WINDOW_GAIN],
};

/** What the path may hold beside the standing share while nothing is probed (DESIGN §4). */
const QUIET_INFLIGHT_GAIN = 1.25;
/** Startup leaves on loss only when the queue shows it, or the loss is this far above (ours). */
const STARTUP_RTT_GAIN = 1.1;
const STARTUP_RTT_SLACK_US = 2_000;
const STARTUP_LOSS_EXCESS = 0.15;
const STARTUP_NOISE_DEVIATIONS = 2.5;

/**
 * BBRv3 (draft-ietf-ccwg-bbr) with a learned loss baseline.
 *
 * The model is bandwidth (`BandwidthFilter`) × lowest RTT (`MinRtt`), bounded by what congestion has
 * shown: `LongTerm` from probes, `ShortTerm` from the latest rounds. Two things are ours: the
 * threshold above which loss counts is moved by `LossBaseline`, and Startup leaves because of loss
 * only if the queue has grown too, or loss is 15 points above the threshold. Without the second, at
 * 10 % random loss Startup ended before a baseline existed and pinned the flow at a tenth of the path.
 */
export class Bbr implements CongestionController {
  readonly connectionWindowPackets: number = Infinity;
  #state: State = 'startup';
  #datagramBytes: number;
  #windowBytes: number;
  #pacingBytesPerSec: number;
  readonly #bandwidth = new BandwidthFilter();
  readonly #minRtt = new MinRtt();
  readonly #pipe = new FullPipe();
  readonly #aggregation = new AckAggregation();
  readonly #baseline = new LossBaseline();
  readonly #losses = new LossRounds();
  readonly #shortTerm = new ShortTerm();
  readonly #longTerm = new LongTerm();
  readonly #clock: ProbeClock;
  #deliveredBytes = 0;
  #roundEndBytes = 0;
  #roundCount = 0;
  #isRoundStart = false;
  #hasRtt = false;
  /** Of the present loss round: the highest rate and the most delivered in a flight. */
  #latestBytesPerSec = 0;
  #latestInflightBytes = 0;
  /** Lost since the last ACK and not sent while probing upward. */
  #ownLostPackets = 0;
  #upFromUs = Infinity;
  #upToUs = -Infinity;
  #rttUs = 0;
  #probeRttEndUs: number | undefined;
  #probeRttHasRound = false;
  #savedWindowBytes = 0;
  #isIdleRestart = false;

  constructor(options: ControllerOptions) {
    this.#datagramBytes = options.datagramBytes;
    this.#windowBytes = INITIAL_WINDOW_PACKETS * options.datagramBytes;
    this.#pacingBytesPerSec = this.#initialPacing(ASSUMED_RTT_US);
    this.#clock = new ProbeClock(options.random);
  }

  get windowBytes(): number {
    return this.#windowBytes;
  }

  get pacingBytesPerSec(): number {
    return this.#pacingBytesPerSec;
  }

  get inflightGain(): number {
    const isProbing = this.#state === 'startup' || this.#state === 'up';
    return isProbing ? gains[this.#state][1] : QUIET_INFLIGHT_GAIN;
  }

  /** For traces and tests. */
  get state(): State {
    return this.#state;
  }

  /** For traces and tests: the loss that is taken for the path's own. */
  get lossBaseline(): number {
    return this.#baseline.value;
  }

  #initialPacing(rttUs: number): number {
    const window = INITIAL_WINDOW_PACKETS * this.#datagramBytes;
    return (K.STARTUP_PACING_GAIN * window * 1e6) / rttUs;
  }

  // ---- the model

  /** Bandwidth that is used: the highest measured, within the short-term bound. */
  get #usedBytesPerSec(): number {
    return Math.min(this.#bandwidth.max, this.#shortTerm.bytesPerSec);
  }

  #bdpBytes(gain: number): number {
    if (this.#minRtt.valueUs === Infinity) return INITIAL_WINDOW_PACKETS * this.#datagramBytes;
    return (gain * this.#usedBytesPerSec * this.#minRtt.valueUs) / 1e6;
  }

  /** With what the pacer's burst and the receiver's gathering of ACKs need at least. */
  #inflightBytes(gain: number): number {
    const rate = this.#usedBytesPerSec;
    const quantum = Math.max(2 * this.#datagramBytes, (rate * K.QUANTUM_US) / 1e6);
    const unacked = Math.min(
      K.MAX_ACK_EVERY_PACKETS * this.#datagramBytes,
      (rate * K.MAX_ACK_DELAY_US) / 1e6,
    );
    const floor = Math.max(quantum + unacked, this.#minPipeBytes);
    const probe = this.#state === 'up' ? 2 * this.#datagramBytes : 0;
    return Math.max(this.#bdpBytes(gain), floor) + probe;
  }

  get #minPipeBytes(): number {
    return K.MIN_PIPE_PACKETS * this.#datagramBytes;
  }

  get #targetInflightBytes(): number {
    return Math.min(this.#bdpBytes(1), this.#windowBytes);
  }

  #threshold(bytes: number): number {
    return this.#baseline.threshold(bytes / this.#datagramBytes);
  }

  get #isInProbeBw(): boolean {
    const state = this.#state;
    return state === 'down' || state === 'cruise' || state === 'refill' || state === 'up';
  }

  get #isProbingBw(): boolean {
    return this.#state === 'startup' || this.#state === 'refill' || this.#state === 'up';
  }

  // ---- notifications

  onSent({ nowUs, sizeBytes, bytesInFlight }: SentEvent): void {
    if (bytesInFlight > sizeBytes || this.#deliveredBytes === 0) return;
    // Nothing was in flight: silence, then a new start.
    this.#isIdleRestart = true;
    this.#aggregation.restart(nowUs);
    if (this.#isInProbeBw) this.#pacingBytesPerSec = this.#paced(1);
    else if (this.#state === 'probeRtt') this.#checkProbeRttDone(nowUs);
  }

  onLost(event: LossEvent): void {
    this.#losses.onLost(event.sizeBytes, event.sentAtUs);
    const wasProbe = event.sentAtUs >= this.#upFromUs && event.sentAtUs <= this.#upToUs;
    if (!wasProbe) this.#ownLostPackets++;
    if (!this.#longTerm.isSampling) return;
    const lostBytes = event.lostBytes - event.lostBytesAtSend;
    const threshold = this.#threshold(event.txInFlightBytes);
    if (lostBytes <= event.txInFlightBytes * threshold) return;
    // Where in the flight the loss passed the threshold.
    const priorInflight = event.txInFlightBytes - event.sizeBytes;
    const priorLost = lostBytes - event.sizeBytes;
    const prefix = (threshold * priorInflight - priorLost) / (1 - threshold);
    this.#onInflightTooHigh(priorInflight + Math.max(0, prefix), event.isAppLimited, event.nowUs);
  }

  #onInflightTooHigh(inflightBytes: number, isAppLimited: boolean, nowUs: number): void {
    this.#longTerm.isSampling = false;
    if (!isAppLimited) {
      this.#longTerm.inflightBytes = Math.max(inflightBytes, K.BETA * this.#targetInflightBytes);
    }
    if (this.#state === 'up') this.#startDown(nowUs);
  }

  onSpuriousLoss(): void {
    this.#shortTerm.undo();
    this.#longTerm.undo();
  }

  onPersistentCongestion(): void {
    this.#savedWindowBytes = Math.max(this.#savedWindowBytes, this.#windowBytes);
    this.#windowBytes = this.#minPipeBytes;
  }

  onDatagramBytes(datagramBytes: number): void {
    this.#datagramBytes = datagramBytes;
    this.#windowBytes = Math.max(this.#windowBytes, this.#minPipeBytes);
  }

  onAcked(event: AckEvent): void {
    const { nowUs, rate } = event;
    this.#deliveredBytes += event.newlyAckedBytes;
    this.#losses.onAcked(event.newlyAckedBytes);
    if (!this.#hasRtt) {
      // Until now the first pacing rate stood on an assumed RTT.
      this.#hasRtt = true;
      this.#pacingBytesPerSec = this.#initialPacing(Math.max(1, event.smoothedRttUs));
    }
    if (event.latestRttUs !== undefined) {
      this.#rttUs = event.latestRttUs;
      this.#minRtt.onSample(event.latestRttUs, nowUs);
    }
    this.#learnBaseline(event.newlyAckedBytes);
    this.#isRoundStart = false;
    if (rate !== undefined) this.#learnRate(rate);
    this.#aggregation.onAcked(
      event.newlyAckedBytes,
      this.#usedBytesPerSec,
      this.#windowBytes,
      this.#roundCount,
      this.#pipe.isReached,
      nowUs,
    );
    this.#advanceState(event);
    this.#setPacing();
    this.#setWindow(event.newlyAckedBytes);
  }

  #learnBaseline(newlyAckedBytes: number): void {
    const lostPackets = this.#ownLostPackets;
    this.#ownLostPackets = 0;
    const isQuiet = this.#state !== 'up' && this.#state !== 'probeRtt' && this.#state !== 'drain';
    if (!isQuiet || !LossBaseline.isQueueEmpty(this.#rttUs, this.#minRtt.valueUs)) return;
    this.#baseline.onFates(newlyAckedBytes / this.#datagramBytes, lostPackets);
  }

  #learnRate(rate: RateSample): void {
    const { deliveryRateBytesPerSec, deliveredBytes, priorDeliveredBytes } = rate;
    if (priorDeliveredBytes >= this.#roundEndBytes) {
      this.#roundEndBytes = this.#deliveredBytes;
      this.#roundCount++;
      this.#clock.onRound();
      this.#isRoundStart = true;
    }
    if (deliveryRateBytesPerSec >= this.#bandwidth.max || !rate.isAppLimited) {
      this.#bandwidth.onSample(deliveryRateBytesPerSec);
    }
    this.#latestBytesPerSec = Math.max(this.#latestBytesPerSec, deliveryRateBytesPerSec);
    this.#latestInflightBytes = Math.max(this.#latestInflightBytes, deliveredBytes);
    if (this.#losses.isOver(priorDeliveredBytes)) {
      this.#endLossRound();
      this.#latestBytesPerSec = deliveryRateBytesPerSec;
      this.#latestInflightBytes = deliveredBytes;
    }
    if (!rate.isAppLimited) this.#pipe.onSample(deliveryRateBytesPerSec, this.#isRoundStart);
  }

  /** A flight's fate is known: did it lose more than the path does by itself? */
  #endLossRound(): void {
    const { lossRate, bytes, eventCount } = this.#losses;
    const excess = lossRate - this.#threshold(bytes);
    this.#losses.restart(this.#deliveredBytes);
    if (excess <= 0) return;
    if (this.#state === 'startup') {
      const isInflated =
        this.#rttUs > STARTUP_RTT_GAIN * this.#minRtt.valueUs + STARTUP_RTT_SLACK_US;
      if (eventCount < K.STARTUP_LOSS_EVENTS) return;
      // A small round says little: at 10 % loss one of 60 packets exceeds 17 % every twentieth time.
      const packets = Math.max(1, bytes / this.#datagramBytes);
      const noise = STARTUP_NOISE_DEVIATIONS * Math.sqrt((lossRate * (1 - lossRate)) / packets);
      if (!isInflated && excess < STARTUP_LOSS_EXCESS + noise) return;
      this.#pipe.isReached = true;
      this.#longTerm.inflightBytes = Math.max(this.#bdpBytes(1), this.#latestInflightBytes);
      this.#enterDrain();
    } else if (!this.#isProbingBw) {
      this.#shortTerm.onLossyRound(
        { bytesPerSec: this.#bandwidth.max, inflightBytes: this.#windowBytes },
        { bytesPerSec: this.#latestBytesPerSec, inflightBytes: this.#latestInflightBytes },
      );
    }
  }

  // ---- the state machine

  #advanceState(event: AckEvent): void {
    const { nowUs, bytesInFlight } = event;
    if (this.#state === 'startup' && this.#pipe.isReached) this.#enterDrain();
    if (this.#state === 'drain' && bytesInFlight <= this.#inflightBytes(1)) this.#startDown(nowUs);
    if (this.#pipe.isReached) this.#adaptLongTerm(event);
    if (this.#isInProbeBw) this.#advanceCycle(event);
    if (this.#state !== 'probeRtt' && this.#minRtt.isProbeDue && !this.#isIdleRestart) {
      this.#enterProbeRtt();
    }
    if (this.#state === 'probeRtt') this.#handleProbeRtt(bytesInFlight, nowUs);
    this.#isIdleRestart = false;
  }

  #enterDrain(): void {
    this.#state = 'drain';
  }

  #adaptLongTerm(event: AckEvent): void {
    const { rate } = event;
    if (this.#isRoundStart && this.#longTerm.onRound() && rate?.isAppLimited === false) {
      this.#bandwidth.advance();
    }
    if (rate === undefined) return;
    if (rate.lostBytes > rate.txInFlightBytes * this.#threshold(rate.txInFlightBytes)) return;
    this.#longTerm.onCleanFlight(rate.txInFlightBytes);
    if (this.#state !== 'up' || !this.#isWindowLimited(event)) return;
    this.#longTerm.grow(
      event.newlyAckedBytes,
      this.#windowBytes,
      this.#datagramBytes,
      this.#isRoundStart,
    );
  }

  /** The window, not the sender's data or the pacer, bounded the flight. */
  #isWindowLimited(event: AckEvent): boolean {
    const isFull = event.priorBytesInFlight + 2 * this.#datagramBytes >= this.#windowBytes;
    return isFull && this.#windowBytes >= this.#longTerm.inflightBytes;
  }

  #advanceCycle(event: AckEvent): void {
    const { nowUs, bytesInFlight, rate } = event;
    const targetPackets = this.#targetInflightBytes / this.#datagramBytes;
    switch (this.#state) {
      case 'down':
        if (this.#clock.isProbeTime(targetPackets, nowUs)) this.#startRefill();
        else if (this.#isDrained(bytesInFlight)) this.#state = 'cruise';
        break;
      case 'cruise':
        if (this.#clock.isProbeTime(targetPackets, nowUs)) this.#startRefill();
        break;
      case 'refill':
        if (this.#isRoundStart) this.#startUp(rate, nowUs);
        break;
      default:
        if (this.#isWindowLimited(event)) {
          this.#pipe.restart(rate?.deliveryRateBytesPerSec ?? this.#bandwidth.max);
        } else if (this.#pipe.isFullNow) {
          this.#startDown(nowUs);
        }
    }
  }

  #isDrained(bytesInFlight: number): boolean {
    const withHeadroom = this.#longTerm.withHeadroom(this.#datagramBytes, this.#minPipeBytes);
    return bytesInFlight <= withHeadroom && bytesInFlight <= this.#inflightBytes(1);
  }

  #startRound(): void {
    this.#roundEndBytes = this.#deliveredBytes;
  }

  #startDown(nowUs: number): void {
    if (this.#state === 'up') this.#upToUs = nowUs;
    this.#state = 'down';
    this.#losses.restart(this.#deliveredBytes);
    this.#latestBytesPerSec = 0;
    this.#latestInflightBytes = 0;
    this.#longTerm.stop();
    this.#clock.restart(nowUs);
    this.#startRound();
  }

  #startRefill(): void {
    this.#state = 'refill';
    this.#shortTerm.reset();
    this.#longTerm.refill();
    this.#startRound();
  }

  #startUp(rate: RateSample | undefined, nowUs: number): void {
    this.#state = 'up';
    this.#upFromUs = nowUs;
    this.#upToUs = Infinity;
    this.#longTerm.start(this.#windowBytes, this.#datagramBytes);
    this.#pipe.restart(rate?.deliveryRateBytesPerSec ?? this.#bandwidth.max);
    this.#startRound();
  }

  // ---- ProbeRTT: empties the queue to see the path's own RTT again

  #enterProbeRtt(): void {
    if (this.#state === 'up') this.#upToUs = Infinity;
    this.#savedWindowBytes = Math.max(this.#savedWindowBytes, this.#windowBytes);
    this.#state = 'probeRtt';
    this.#probeRttEndUs = undefined;
    this.#longTerm.stop();
    this.#startRound();
  }

  get #probeRttWindowBytes(): number {
    return Math.max(this.#bdpBytes(K.PROBE_RTT_WINDOW_GAIN), this.#minPipeBytes);
  }

  #handleProbeRtt(bytesInFlight: number, nowUs: number): void {
    if (this.#probeRttEndUs === undefined) {
      // A floor of the window above half a BDP must not keep the probe from beginning.
      if (bytesInFlight > Math.max(this.#probeRttWindowBytes, this.#minPipeBytes)) return;
      this.#probeRttEndUs = nowUs + K.PROBE_RTT_DURATION_US;
      this.#probeRttHasRound = false;
      this.#startRound();
      return;
    }
    if (this.#isRoundStart) this.#probeRttHasRound = true;
    if (this.#probeRttHasRound) this.#checkProbeRttDone(nowUs);
  }

  #checkProbeRttDone(nowUs: number): void {
    if (this.#probeRttEndUs === undefined || nowUs <= this.#probeRttEndUs) return;
    this.#minRtt.onProbed(nowUs);
    this.#windowBytes = Math.max(this.#windowBytes, this.#savedWindowBytes);
    this.#savedWindowBytes = 0;
    this.#probeRttEndUs = undefined;
    this.#shortTerm.reset();
    if (!this.#pipe.isReached) {
      this.#state = 'startup';
      return;
    }
    this.#startDown(nowUs);
    this.#state = 'cruise';
  }

  // ---- what follows from the model

  #paced(gain: number): number {
    return gain * this.#usedBytesPerSec * (1 - K.PACING_MARGIN);
  }

  #setPacing(): void {
    if (this.#bandwidth.max === 0) return;
    const wanted = this.#paced(gains[this.#state][0]);
    if (this.#pipe.isReached || wanted > this.#pacingBytesPerSec) this.#pacingBytesPerSec = wanted;
  }

  #setWindow(newlyAckedBytes: number): void {
    const gain = gains[this.#state][1];
    const most = this.#inflightBytes(gain) + this.#aggregation.extraBytes;
    if (this.#pipe.isReached) {
      this.#windowBytes = Math.min(this.#windowBytes + newlyAckedBytes, most);
    } else if (
      this.#windowBytes < most ||
      this.#deliveredBytes < INITIAL_WINDOW_PACKETS * this.#datagramBytes
    ) {
      this.#windowBytes += newlyAckedBytes;
    }
    this.#windowBytes = Math.max(this.#windowBytes, this.#minPipeBytes);
    if (this.#state === 'probeRtt') {
      this.#windowBytes = Math.min(this.#windowBytes, this.#probeRttWindowBytes);
    }
    this.#windowBytes = Math.min(this.#windowBytes, this.#modelBoundBytes());
  }

  #modelBoundBytes(): number {
    let bound = Infinity;
    const state = this.#state;
    if (state === 'cruise' || state === 'probeRtt') {
      bound = this.#longTerm.withHeadroom(this.#datagramBytes, this.#minPipeBytes);
    } else if (this.#isInProbeBw) {
      bound = this.#longTerm.inflightBytes;
    }
    return Math.max(this.#minPipeBytes, Math.min(bound, this.#shortTerm.inflightBytes));
  }
}
