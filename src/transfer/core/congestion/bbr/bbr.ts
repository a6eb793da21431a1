import type { RateSample } from '../../recovery/delivery-rate.ts';
import type {
  AckEvent,
  CongestionController,
  ControllerOptions,
  LossEvent,
  SentEvent,
} from '../controller.ts';
import { AckAggregation } from './ack-aggregation.ts';
import { Allowance } from './allowance.ts';
import * as K from './constants.ts';
import { Contention } from './contention.ts';
import { FullPipe } from './full-pipe.ts';
import { gains, type State } from './gains.ts';
import { LatestFlight } from './latest-flight.ts';
import { LongTerm } from './long-term.ts';
import { Losses, type LossRound } from './losses.ts';
import { PathChange, type SeenPath } from './path-change.ts';
import { PathModel } from './path-model.ts';
import { ProbeClock } from './probe-clock.ts';
import { ProbeRtt } from './probe-rtt.ts';
import { Rounds } from './rounds.ts';
import { isStartupOver } from './startup-gate.ts';
import { UpProbe } from './up-probe.ts';

/** What the path may hold beside the standing share while nothing is probed (DESIGN §4). */
const QUIET_INFLIGHT_GAIN = 1.25;

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
  readonly #model: PathModel;
  readonly #allowance: Allowance;
  readonly #pipe = new FullPipe();
  readonly #pathChange = new PathChange();
  /** What ProbeRTT looks at is a new path that delivers so much: the old one's RTT means nothing. */
  #newPathBytesPerSec: number | undefined;
  /** The path has become longer: what it holds grows until the next probe. */
  #isFilling = false;
  readonly #aggregation = new AckAggregation();
  readonly #losses: Losses;
  readonly #longTerm = new LongTerm();
  readonly #probeRtt = new ProbeRtt();
  readonly #clock: ProbeClock;
  readonly #rounds = new Rounds();
  readonly #latest = new LatestFlight();
  #hasRtt = false;
  readonly #upProbe = new UpProbe();
  #rttUs = 0;
  readonly #contention: Contention;
  #isIdleRestart = false;

  constructor(options: ControllerOptions) {
    this.#model = new PathModel(options.datagramBytes);
    this.#allowance = new Allowance(this.#model, this.#longTerm);
    this.#losses = new Losses(this.#model);
    this.#contention = new Contention(this.#model);
    this.#clock = new ProbeClock(options.random);
  }

  get windowBytes(): number {
    return this.#allowance.windowBytes;
  }

  get pacingBytesPerSec(): number {
    return this.#allowance.pacingBytesPerSec;
  }

  get inflightGain(): number {
    if (this.#isFilling) return gains.up[1];
    const isProbing = this.#state === 'startup' || this.#state === 'up';
    return isProbing ? gains[this.#state][1] : QUIET_INFLIGHT_GAIN;
  }

  get minRttUs(): number {
    return this.#model.minRtt.valueUs;
  }

  get state(): State {
    return this.#state;
  }

  /** For traces and tests: the loss that is taken for the path's own. */
  get lossBaseline(): number {
    return this.#losses.baseline;
  }

  get #isInProbeBw(): boolean {
    const state = this.#state;
    return state === 'down' || state === 'cruise' || state === 'refill' || state === 'up';
  }

  get #isProbingBw(): boolean {
    return this.#state === 'startup' || this.#state === 'refill' || this.#state === 'up';
  }

  /** The queue of a new path is being emptied: its RTTs say nothing. */
  get #isLeavingOldPath(): boolean {
    return this.#newPathBytesPerSec !== undefined && this.#probeRtt.isDraining;
  }

  // ---- notifications

  onSent({ nowUs, sizeBytes, bytesInFlight }: SentEvent): void {
    if (bytesInFlight > sizeBytes || this.#rounds.deliveredBytes === 0) return;
    // Nothing was in flight: silence, then a new start.
    this.#isIdleRestart = true;
    this.#aggregation.restart(nowUs);
    if (this.#isInProbeBw) this.#allowance.paceAtBandwidth();
    else if (this.#state === 'probeRtt' && this.#probeRtt.isOver(nowUs)) this.#exitProbeRtt(nowUs);
  }

  onLost(event: LossEvent): void {
    this.#losses.onLost(event, this.#state, !this.#upProbe.sent(event.sentAtUs));
    if (!this.#longTerm.isSampling) return;
    const fittingBytes = this.#losses.fittingBytes(event);
    if (fittingBytes === undefined) return;
    this.#onInflightTooHigh(fittingBytes, event.isAppLimited, event.nowUs);
  }

  #onInflightTooHigh(inflightBytes: number, isAppLimited: boolean, nowUs: number): void {
    this.#longTerm.isSampling = false;
    if (!isAppLimited) {
      this.#longTerm.inflightBytes = Math.max(
        inflightBytes,
        K.BETA * this.#allowance.targetInflightBytes,
      );
    }
    if (this.#state !== 'up') return;
    this.#startDown(nowUs);
    if (this.#contention.isYielding) this.#clock.beginPatience();
  }

  onSpuriousLoss(): void {
    this.#model.shortTerm.undo();
    this.#longTerm.undo();
  }

  onPersistentCongestion(): void {
    this.#probeRtt.save(this.#allowance.windowBytes);
    this.#allowance.windowBytes = this.#model.minPipeBytes;
  }

  onDatagramBytes(datagramBytes: number): void {
    this.#model.datagramBytes = datagramBytes;
    this.#allowance.windowBytes = Math.max(this.#allowance.windowBytes, this.#model.minPipeBytes);
  }

  onAcked(event: AckEvent): void {
    const { nowUs, rate } = event;
    this.#rounds.onAcked(event.newlyAckedBytes);
    this.#losses.onAcked(event.newlyAckedBytes, this.#state);
    if (!this.#hasRtt) {
      this.#hasRtt = true;
      this.#allowance.startPacing(event.smoothedRttUs);
    }
    if (event.latestRttUs !== undefined) {
      this.#rttUs = event.latestRttUs;
      if (!this.#isLeavingOldPath) this.#model.onRtt(event.latestRttUs, nowUs);
      this.#contention.onRtt(event.latestRttUs);
    }
    this.#losses.learnBaseline(event.newlyAckedBytes, this.#rttUs, this.#state);
    if (rate !== undefined) this.#learnRate(rate);
    this.#aggregation.onAcked(
      event.newlyAckedBytes,
      this.#model.usedBytesPerSec,
      this.#allowance.windowBytes,
      this.#rounds.count,
      this.#pipe.isReached,
      nowUs,
    );
    this.#noticeNewPath(event);
    this.#advanceState(event);
    this.#allowance.onAcked({
      state: this.#state,
      isPipeFull: this.#pipe.isReached,
      roundCount: this.#rounds.count,
      deliveredBytes: this.#rounds.deliveredBytes,
      newlyAckedBytes: event.newlyAckedBytes,
      extraAckedBytes: this.#aggregation.extraBytes,
    });
  }

  #noticeNewPath(event: AckEvent): void {
    if (!this.#isInProbeBw) {
      this.#pathChange.restart(event.nowUs);
      return;
    }
    const known = { bytesPerSec: this.#model.bandwidth.max, minRttUs: this.#model.minRtt.valueUs };
    const seen = this.#pathChange.onAcked(event, known);
    if (seen !== undefined) this.#startOver(seen, event.nowUs);
  }

  /** A longer way is filled at the rate known; where there is a queue, it is emptied first. */
  #startOver({ bytesPerSec, minRttUs }: SeenPath, nowUs: number): void {
    this.#longTerm.inflightBytes = Infinity;
    this.#enterProbeRtt(nowUs);
    if (minRttUs === undefined) {
      this.#newPathBytesPerSec = bytesPerSec;
      this.#clock.onRateDrop(nowUs);
      this.#model.bandwidth.restart(bytesPerSec);
    } else {
      this.#model.bandwidth.restart(this.#model.bandwidth.max);
      this.#model.minRtt.restart(minRttUs, nowUs);
      this.#exitProbeRtt(nowUs);
      this.#clock.restart(nowUs);
      this.#isFilling = true;
    }
  }

  /** The queue of a new path is empty: now its RTT shows, and rates are of it alone. */
  #forgetOldPath(bytesPerSec: number, nowUs: number): void {
    this.#model.bandwidth.restart(bytesPerSec);
    this.#model.minRtt.restart(Infinity, nowUs);
    this.#pipe.forget();
    this.#losses.onStartup();
    this.#allowance.paceAtBandwidth();
  }

  #learnRate(rate: RateSample): void {
    const { deliveryRateBytesPerSec, priorDeliveredBytes } = rate;
    this.#rounds.onSample(priorDeliveredBytes);
    if (this.#rounds.isStart) this.#clock.onRound();
    if (deliveryRateBytesPerSec >= this.#model.bandwidth.max || !rate.isAppLimited) {
      this.#model.bandwidth.onSample(deliveryRateBytesPerSec);
    }
    this.#latest.onSample(rate);
    if (this.#state === 'startup' && this.#losses.isFlood) this.#endStartup();
    const round = this.#losses.takeRound(priorDeliveredBytes, this.#rounds.deliveredBytes);
    if (round !== undefined) {
      this.#onLossRound(round, rate.isAppLimited);
      this.#latest.restart(rate);
    }
    if (!rate.isAppLimited) this.#pipe.onSample(deliveryRateBytesPerSec, this.#rounds.isStart);
    if (this.#state === 'startup' && this.#rounds.isStart) {
      this.#losses.onStartupRound(this.#pipe.isGrowing);
    }
  }

  #onLossRound(round: LossRound, isAppLimited: boolean): void {
    this.#model.shortTerm.forgive(this.#losses.threshold);
    if (!round.isLossy) return;
    const { eventCount } = round;
    if (this.#state === 'startup') {
      const minRttUs = this.#model.minRtt.valueUs;
      if (isStartupOver({ eventCount, rttUs: this.#rttUs, minRttUs })) this.#endStartup();
    } else if (!this.#isProbingBw && !(isAppLimited && this.#state === 'drain')) {
      // A Startup with pauses of the sender overflows the queue, and its rates are no bound.
      this.#model.shortTerm.onLossyRound(
        { bytesPerSec: this.#model.bandwidth.max, inflightBytes: this.#allowance.windowBytes },
        this.#latest,
        round,
      );
    }
  }

  /** Because of loss. */
  #endStartup(): void {
    this.#pipe.isReached = true;
    this.#longTerm.inflightBytes = Math.max(this.#model.bdpBytes(1), this.#latest.inflightBytes);
    this.#clock.probeSoon();
    this.#enterDrain();
  }

  // ---- the state machine

  #advanceState(event: AckEvent): void {
    const { nowUs, bytesInFlight } = event;
    if (this.#state === 'startup' && this.#pipe.isReached) this.#enterDrain();
    if (this.#state === 'drain') {
      // The rates of Startup's last round come in only now.
      this.#longTerm.onCleanFlight(this.#model.bdpBytes(1));
      const isEmpty = bytesInFlight <= this.#allowance.inflightBytes(this.#state, 1);
      if (isEmpty) this.#startDown(nowUs);
    }
    if (this.#pipe.isReached) this.#adaptLongTerm(event);
    if (this.#isInProbeBw) this.#advanceCycle(event);
    if (this.#state !== 'probeRtt' && this.#model.minRtt.isProbeDue && !this.#isIdleRestart) {
      this.#enterProbeRtt(nowUs);
    }
    if (this.#state === 'probeRtt') this.#handleProbeRtt(bytesInFlight, nowUs);
    this.#isIdleRestart = false;
  }

  /** Not for the first time: what is known bounds nothing. */
  #enterStartup(nowUs: number): void {
    this.#upProbe.end(nowUs);
    this.#state = 'startup';
    this.#longTerm.stop();
    this.#longTerm.inflightBytes = Infinity;
    this.#pipe.forget();
    this.#losses.onStartup();
  }

  #enterDrain(): void {
    this.#state = 'drain';
  }

  #adaptLongTerm(event: AckEvent): void {
    const { rate } = event;
    const isFeedbackOver = this.#rounds.isStart && this.#longTerm.onRound();
    if (isFeedbackOver && this.#isInProbeBw && rate?.isAppLimited === false) {
      this.#model.bandwidth.advance();
    }
    if (rate === undefined) return;
    if (rate.lostBytes > rate.txInFlightBytes * this.#losses.threshold(rate.txInFlightBytes))
      return;
    this.#longTerm.onCleanFlight(rate.txInFlightBytes);
    if (this.#state !== 'up' || !this.#isBoundByLongTerm(event)) return;
    this.#longTerm.grow(
      event.newlyAckedBytes,
      this.#allowance.windowBytes,
      this.#model.datagramBytes,
      this.#rounds.isStart,
    );
  }

  /**
   * Not the sender's data, the pacer or a late tick: asked of a whole round, ACKs come in batches. Where
   * others fill the queue, only ACKs that find the window full count (ours): the climb is slower, and
   * a flow of CUBIC has 0.23 and 0.55 of the link at 0.25 and 1 BDP instead of 0.16 and 0.22.
   */
  #isBoundByLongTerm({ isWindowLimited, priorBytesInFlight }: AckEvent): boolean {
    if (!isWindowLimited || !this.#allowance.isAtLongTermBound) return false;
    return !this.#contention.isContested || this.#allowance.isFull(priorBytesInFlight);
  }

  #advanceCycle(event: AckEvent): void {
    const { nowUs, bytesInFlight, rate } = event;
    const targetPackets = this.#upProbe.hasLeapt(this.#model.bandwidth.max)
      ? K.MIN_PIPE_PACKETS
      : this.#allowance.targetInflightBytes / this.#model.datagramBytes;
    switch (this.#state) {
      case 'down':
        if (this.#clock.isProbeTime(targetPackets, nowUs)) this.#startRefill();
        else if (this.#allowance.isDrained(this.#state, bytesInFlight)) this.#state = 'cruise';
        break;
      case 'cruise':
        if (this.#clock.isProbeTime(targetPackets, nowUs)) this.#startRefill();
        break;
      case 'refill':
        if (this.#rounds.isStart) this.#startUp(rate, nowUs);
        break;
      default:
        if (
          this.#rounds.isStart &&
          this.#upProbe.hasBuiltQueue(this.#rttUs, this.#model.minRtt.valueUs)
        ) {
          this.#startDown(nowUs);
        } else if (this.#upProbe.hasLeapt(this.#model.bandwidth.max)) {
          this.#enterStartup(nowUs);
        } else if (this.#isBoundByLongTerm(event)) {
          this.#pipe.restart(rate?.deliveryRateBytesPerSec ?? this.#model.bandwidth.max);
        } else if (this.#pipe.isFullNow) {
          this.#startDown(nowUs);
        }
    }
  }

  #startDown(nowUs: number): void {
    if (this.#state === 'up') this.#upProbe.end(nowUs);
    this.#state = 'down';
    this.#clock.restart(nowUs);
    this.#leaveProbe();
  }

  #leaveProbe(): void {
    this.#longTerm.restoreKnown();
    this.#losses.restartRound(this.#rounds.deliveredBytes);
    this.#latest.restart();
    this.#longTerm.stop();
    this.#rounds.restart();
  }

  #startRefill(): void {
    this.#isFilling = false;
    this.#state = 'refill';
    this.#contention.onRefill(this.#losses.takeCycleRate());
    this.#model.shortTerm.reset();
    this.#longTerm.refill(this.#contention.isClimbing ? this.#allowance.cruisingBytes : Infinity);
    this.#rounds.restart();
  }

  #startUp(rate: RateSample | undefined, nowUs: number): void {
    this.#state = 'up';
    const { bandwidth, minRtt } = this.#model;
    this.#contention.onUp();
    if (!this.#contention.isContested) this.#longTerm.restoreKnown();
    this.#upProbe.begin(
      { rttUs: this.#rttUs, minRttUs: minRtt.valueUs, bytesPerSec: bandwidth.max },
      nowUs,
    );
    this.#longTerm.start(this.#allowance.windowBytes, this.#model.datagramBytes);
    this.#pipe.restart(rate?.deliveryRateBytesPerSec ?? this.#model.bandwidth.max);
    this.#rounds.restart();
  }

  // ---- ProbeRTT: empties the queue to see the path's own RTT again

  #enterProbeRtt(nowUs: number): void {
    if (this.#state === 'up') this.#upProbe.end(nowUs);
    this.#probeRtt.begin(this.#allowance.windowBytes);
    this.#state = 'probeRtt';
    this.#longTerm.restoreKnown();
    this.#longTerm.stop();
    this.#rounds.restart();
  }

  #handleProbeRtt(bytesInFlight: number, nowUs: number): void {
    if (this.#probeRtt.isDraining) {
      if (bytesInFlight > this.#allowance.probeRttWindowBytes) return;
      this.#probeRtt.onDrained(nowUs);
      const bytesPerSec = this.#newPathBytesPerSec;
      if (bytesPerSec !== undefined) this.#forgetOldPath(bytesPerSec, nowUs);
      this.#rounds.restart();
      return;
    }
    if (this.#rounds.isStart) this.#probeRtt.onRound();
    if (this.#probeRtt.isOver(nowUs)) this.#exitProbeRtt(nowUs);
  }

  #exitProbeRtt(nowUs: number): void {
    this.#model.minRtt.onProbed(nowUs);
    const saved = this.#probeRtt.takeSaved();
    const isNewPath = this.#newPathBytesPerSec !== undefined;
    const floor = isNewPath ? this.#allowance.inflightBytes('startup', 1) : saved;
    this.#newPathBytesPerSec = undefined;
    this.#allowance.windowBytes = Math.max(this.#allowance.windowBytes, floor);
    this.#model.shortTerm.reset();
    if (!this.#pipe.isReached) {
      this.#state = 'startup';
      return;
    }
    this.#state = 'cruise';
    this.#leaveProbe();
    if (!this.#contention.isClean) this.#clock.restart(nowUs);
  }
}
