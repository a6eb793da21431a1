import type { RateSample } from '../../recovery/delivery-rate.ts';
import type {
  AckEvent,
  CongestionController,
  ControllerOptions,
  LossEvent,
  SentEvent,
} from '../controller.ts';
import { AckAggregation } from './ack-aggregation.ts';
import { gains, type State } from './gains.ts';
import { Flow } from './flow.ts';
import type { LossRound } from './losses.ts';
import { PathChange, type SeenPath } from './path-change.ts';
import { ProbeBw } from './probe-bw.ts';
import { ProbeRtt } from './probe-rtt.ts';
import { isStartupOver } from './startup-gate.ts';

/** What the path may hold beside the standing share while nothing is probed (DESIGN §4). */
const QUIET_INFLIGHT_GAIN = 1.25;

/**
 * BBRv3 (draft-ietf-ccwg-bbr) with a learned loss baseline.
 *
 * The model is bandwidth (`BandwidthFilter`) × lowest RTT (`MinRtt`), bounded by what congestion has
 * shown: `LongTerm` from probes, `ShortTerm` from the latest rounds. What is ours, each with what it
 * was measured to bring: the threshold above which loss counts is moved by `LossBaseline`; Startup
 * leaves because of loss only if the queue has grown too (`startup-gate.ts`), and is followed by probes until they
 * find nothing more (`ProbeClock`); where others want the link, a probe climbs or the next one waits
 * (`Contention`); a path that has changed is begun anew (`PathChange`).
 */
export class Bbr implements CongestionController {
  readonly connectionWindowPackets: number = Infinity;
  readonly #flow: Flow;
  readonly #probeBw: ProbeBw;
  readonly #probeRtt = new ProbeRtt();
  readonly #pathChange = new PathChange();
  /** What ProbeRTT looks at is a new path that delivers so much: the old one's RTT means nothing. */
  #newPathBytesPerSec: number | undefined;
  readonly #aggregation = new AckAggregation();
  #hasRtt = false;
  #isIdleRestart = false;

  constructor(options: ControllerOptions) {
    this.#flow = new Flow(options);
    this.#probeBw = new ProbeBw(this.#flow);
  }

  get windowBytes(): number {
    return this.#flow.allowance.windowBytes;
  }

  get pacingBytesPerSec(): number {
    return this.#flow.allowance.pacingBytesPerSec;
  }

  get inflightGain(): number {
    if (this.#flow.isFilling) return gains.up[1];
    const isProbing = this.#flow.state === 'startup' || this.#flow.state === 'up';
    return isProbing ? gains[this.#flow.state][1] : QUIET_INFLIGHT_GAIN;
  }

  get minRttUs(): number {
    return this.#flow.model.minRtt.valueUs;
  }

  get state(): State {
    return this.#flow.state;
  }

  /** For traces and tests: the loss that is taken for the path's own. */
  get lossBaseline(): number {
    return this.#flow.losses.baseline;
  }

  get #isProbingBw(): boolean {
    return (
      this.#flow.state === 'startup' || this.#flow.state === 'refill' || this.#flow.state === 'up'
    );
  }

  /** The queue of a new path is being emptied: its RTTs say nothing. */
  get #isLeavingOldPath(): boolean {
    return this.#newPathBytesPerSec !== undefined && this.#probeRtt.isDraining;
  }

  // ---- notifications

  onSent({ nowUs, sizeBytes, bytesInFlight }: SentEvent): void {
    if (bytesInFlight > sizeBytes || this.#flow.rounds.deliveredBytes === 0) return;
    // Nothing was in flight: silence, then a new start.
    this.#isIdleRestart = true;
    this.#aggregation.restart(nowUs);
    if (this.#probeBw.isActive) this.#flow.allowance.paceAtBandwidth();
    else if (this.#flow.state === 'probeRtt' && this.#probeRtt.isOver(nowUs))
      this.#exitProbeRtt(nowUs);
  }

  onLost(event: LossEvent): void {
    this.#probeBw.onLost(event);
  }

  onSpuriousLoss(): void {
    this.#flow.model.shortTerm.undo();
    this.#flow.longTerm.undo();
  }

  onPersistentCongestion(): void {
    const { model, allowance } = this.#flow;
    this.#probeRtt.save(allowance.windowBytes);
    allowance.windowBytes = model.minPipeBytes;
  }

  onDatagramBytes(datagramBytes: number): void {
    const { model, allowance } = this.#flow;
    model.datagramBytes = datagramBytes;
    allowance.windowBytes = Math.max(allowance.windowBytes, model.minPipeBytes);
  }

  onAcked(event: AckEvent): void {
    const { model, allowance, pipe, losses, rounds } = this.#flow;
    const { nowUs, rate } = event;
    rounds.onAcked(event.newlyAckedBytes);
    losses.onAcked(event.newlyAckedBytes, this.#flow.state);
    if (!this.#hasRtt) {
      this.#hasRtt = true;
      allowance.startPacing(event.smoothedRttUs);
    }
    if (event.latestRttUs !== undefined) {
      this.#flow.rttUs = event.latestRttUs;
      if (!this.#isLeavingOldPath) model.onRtt(event.latestRttUs, nowUs);
      this.#probeBw.onRtt(event.latestRttUs);
    }
    losses.learnBaseline(event.newlyAckedBytes, this.#flow.rttUs, this.#flow.state);
    if (rate !== undefined) this.#learnRate(rate);
    this.#aggregation.onAcked(
      event.newlyAckedBytes,
      model.usedBytesPerSec,
      allowance.windowBytes,
      rounds.count,
      pipe.isReached,
      nowUs,
    );
    this.#noticeNewPath(event);
    this.#advanceState(event);
    allowance.onAcked({
      state: this.#flow.state,
      isPipeFull: pipe.isReached,
      roundCount: rounds.count,
      deliveredBytes: rounds.deliveredBytes,
      newlyAckedBytes: event.newlyAckedBytes,
      extraAckedBytes: this.#aggregation.extraBytes,
    });
  }

  #noticeNewPath(event: AckEvent): void {
    if (!this.#probeBw.isActive) {
      this.#pathChange.restart(event.nowUs);
      return;
    }
    const known = {
      bytesPerSec: this.#flow.model.bandwidth.max,
      minRttUs: this.#flow.model.minRtt.valueUs,
    };
    const seen = this.#pathChange.onAcked(event, known);
    if (seen !== undefined) this.#startOver(seen, event.nowUs);
  }

  /** A longer way is filled at the rate known; where there is a queue, it is emptied first. */
  #startOver({ bytesPerSec, minRttUs }: SeenPath, nowUs: number): void {
    this.#flow.longTerm.inflightBytes = Infinity;
    this.#enterProbeRtt(nowUs);
    if (minRttUs === undefined) {
      this.#newPathBytesPerSec = bytesPerSec;
      this.#flow.clock.onRateDrop(nowUs);
      this.#flow.model.bandwidth.restart(bytesPerSec);
    } else {
      this.#flow.model.bandwidth.restart(this.#flow.model.bandwidth.max);
      this.#flow.model.minRtt.restart(minRttUs, nowUs);
      this.#exitProbeRtt(nowUs);
      this.#flow.clock.restart(nowUs);
      this.#flow.isFilling = true;
    }
  }

  /** The queue of a new path is empty: now its RTT shows, and rates are of it alone. */
  #forgetOldPath(bytesPerSec: number, nowUs: number): void {
    const { model, allowance, pipe, losses } = this.#flow;
    model.bandwidth.restart(bytesPerSec);
    model.minRtt.restart(Infinity, nowUs);
    pipe.forget();
    losses.onStartup();
    allowance.paceAtBandwidth();
  }

  #learnRate(rate: RateSample): void {
    const { model, pipe, losses, clock, rounds, latest } = this.#flow;
    const { deliveryRateBytesPerSec, priorDeliveredBytes } = rate;
    rounds.onSample(priorDeliveredBytes);
    if (rounds.isStart) clock.onRound();
    if (deliveryRateBytesPerSec >= model.bandwidth.max || !rate.isAppLimited) {
      model.bandwidth.onSample(deliveryRateBytesPerSec);
    }
    latest.onSample(rate);
    if (this.#flow.state === 'startup' && losses.isFlood) this.#endStartup();
    const round = losses.takeRound(priorDeliveredBytes, rounds.deliveredBytes);
    if (round !== undefined) {
      this.#onLossRound(round, rate.isAppLimited);
      latest.restart(rate);
    }
    if (!rate.isAppLimited) pipe.onSample(deliveryRateBytesPerSec, rounds.isStart);
    if (this.#flow.state === 'startup' && rounds.isStart) {
      losses.onStartupRound(pipe.isGrowing);
    }
  }

  #onLossRound(round: LossRound, isAppLimited: boolean): void {
    const { model, allowance, losses, latest } = this.#flow;
    model.shortTerm.forgive(losses.threshold);
    if (!round.isLossy) return;
    const { eventCount } = round;
    if (this.#flow.state === 'startup') {
      const minRttUs = model.minRtt.valueUs;
      if (isStartupOver({ eventCount, rttUs: this.#flow.rttUs, minRttUs })) this.#endStartup();
    } else if (!this.#isProbingBw && !(isAppLimited && this.#flow.state === 'drain')) {
      // A Startup with pauses of the sender overflows the queue, and its rates are no bound.
      model.shortTerm.onLossyRound(
        { bytesPerSec: model.bandwidth.max, inflightBytes: allowance.windowBytes },
        latest,
        round,
      );
    }
  }

  /** Because of loss. */
  #endStartup(): void {
    const { model, pipe, longTerm, clock, latest } = this.#flow;
    pipe.isReached = true;
    longTerm.inflightBytes = Math.max(model.bdpBytes(1), latest.inflightBytes);
    clock.search();
    this.#enterDrain();
  }

  // ---- the state machine

  #advanceState(event: AckEvent): void {
    const { model, allowance, pipe, longTerm } = this.#flow;
    const { nowUs, bytesInFlight } = event;
    if (this.#flow.state === 'startup' && pipe.isReached) this.#enterDrain();
    if (this.#flow.state === 'drain') {
      // The rates of Startup's last round come in only now.
      longTerm.onCleanFlight(model.bdpBytes(1));
      const isEmpty = bytesInFlight <= allowance.inflightBytes(this.#flow.state, 1);
      if (isEmpty) this.#probeBw.startDown(nowUs);
    }
    if (pipe.isReached) this.#probeBw.adaptLongTerm(event);
    if (this.#probeBw.isActive && this.#probeBw.advance(event)) this.#enterStartup(nowUs);
    if (this.#flow.state !== 'probeRtt' && model.minRtt.isProbeDue && !this.#isIdleRestart) {
      this.#enterProbeRtt(nowUs);
    }
    if (this.#flow.state === 'probeRtt') this.#handleProbeRtt(bytesInFlight, nowUs);
    this.#isIdleRestart = false;
  }

  /** Not for the first time: what is known bounds nothing. */
  #enterStartup(nowUs: number): void {
    const { pipe, losses, longTerm } = this.#flow;
    this.#probeBw.leave(nowUs);
    this.#flow.state = 'startup';
    longTerm.inflightBytes = Infinity;
    pipe.forget();
    losses.onStartup();
  }

  #enterDrain(): void {
    this.#flow.state = 'drain';
  }

  // ---- ProbeRTT: empties the queue to see the path's own RTT again

  #enterProbeRtt(nowUs: number): void {
    this.#probeBw.leave(nowUs);
    this.#probeRtt.begin(this.#flow.allowance.windowBytes);
    this.#flow.state = 'probeRtt';
    this.#flow.rounds.restart();
  }

  #handleProbeRtt(bytesInFlight: number, nowUs: number): void {
    const { allowance, rounds } = this.#flow;
    if (this.#probeRtt.isDraining) {
      if (bytesInFlight > allowance.probeRttWindowBytes) return;
      this.#probeRtt.onDrained(nowUs);
      const bytesPerSec = this.#newPathBytesPerSec;
      if (bytesPerSec !== undefined) this.#forgetOldPath(bytesPerSec, nowUs);
      rounds.restart();
      return;
    }
    if (rounds.isStart) this.#probeRtt.onRound();
    if (this.#probeRtt.isOver(nowUs)) this.#exitProbeRtt(nowUs);
  }

  #exitProbeRtt(nowUs: number): void {
    const { model, allowance, pipe } = this.#flow;
    model.minRtt.onProbed(nowUs);
    const saved = this.#probeRtt.takeSaved();
    const isNewPath = this.#newPathBytesPerSec !== undefined;
    const floor = isNewPath ? allowance.inflightBytes('startup', 1) : saved;
    this.#newPathBytesPerSec = undefined;
    allowance.windowBytes = Math.max(allowance.windowBytes, floor);
    model.shortTerm.reset();
    if (pipe.isReached) this.#probeBw.cruise(nowUs);
    else this.#flow.state = 'startup';
  }
}
