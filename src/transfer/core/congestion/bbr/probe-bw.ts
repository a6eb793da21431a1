import type { RateSample } from '../../recovery/delivery-rate.ts';
import type { AckEvent, LossEvent } from '../controller.ts';
import * as K from './constants.ts';
import { Contention } from './contention.ts';
import type { Flow } from './flow.ts';
import { UpProbe } from './up-probe.ts';

/**
 * The cycle of ProbeBW: Down empties the queue, Cruise leaves others room, Refill fills the pipe, Up asks
 * for more, until loss, a queue or a rate that no longer grows answers.
 */
export class ProbeBw {
  readonly #flow: Flow;
  readonly #upProbe = new UpProbe();
  readonly #contention: Contention;

  constructor(flow: Flow) {
    this.#flow = flow;
    this.#contention = new Contention(flow.model);
  }

  get isActive(): boolean {
    const { state } = this.#flow;
    return state === 'down' || state === 'cruise' || state === 'refill' || state === 'up';
  }

  /** Some other state follows. */
  leave(nowUs: number): void {
    if (this.#flow.state === 'up') this.#upProbe.end(nowUs);
    this.#flow.longTerm.restoreKnown();
    this.#flow.longTerm.stop();
  }

  onRtt(rttUs: number): void {
    this.#contention.onRtt(rttUs);
  }

  /** Whatever the state: the answer to a probe comes a round later. */
  onLost(event: LossEvent): void {
    const { losses, longTerm } = this.#flow;
    losses.onLost(event, this.#flow.state, !this.#upProbe.sent(event.sentAtUs));
    if (!longTerm.isSampling) return;
    const fittingBytes = losses.fittingBytes(event);
    if (fittingBytes === undefined) return;
    this.#onInflightTooHigh(fittingBytes, event.isAppLimited, event.nowUs);
  }

  #onInflightTooHigh(inflightBytes: number, isAppLimited: boolean, nowUs: number): void {
    const { allowance, longTerm, clock } = this.#flow;
    longTerm.isSampling = false;
    if (!isAppLimited) {
      longTerm.inflightBytes = Math.max(inflightBytes, K.BETA * allowance.targetInflightBytes);
    }
    if (this.#flow.state !== 'up') return;
    this.startDown(nowUs);
    if (this.#contention.isYielding) clock.beginPatience();
  }

  /** Whatever the state, once the pipe has been full: raises what is known to fit. */
  adaptLongTerm(event: AckEvent): void {
    const { model, allowance, losses, longTerm, rounds } = this.#flow;
    const { rate } = event;
    const isFeedbackOver = rounds.isStart && longTerm.onRound();
    if (isFeedbackOver && this.isActive && rate?.isAppLimited === false) {
      model.bandwidth.advance();
    }
    if (rate === undefined) return;
    if (rate.lostBytes > rate.txInFlightBytes * losses.threshold(rate.txInFlightBytes)) return;
    longTerm.onCleanFlight(rate.txInFlightBytes);
    if (this.#flow.state !== 'up' || !this.#isBoundByLongTerm(event)) return;
    longTerm.grow(
      event.newlyAckedBytes,
      allowance.windowBytes,
      model.datagramBytes,
      rounds.isStart,
    );
  }

  /**
   * Not the sender's data, the pacer or a late tick: asked of a whole round, ACKs come in batches. Where
   * others fill the queue, only ACKs that find the window full count (ours): the climb is slower, and
   * a flow of CUBIC has 0.23 and 0.55 of the link at 0.25 and 1 BDP instead of 0.16 and 0.22.
   */
  #isBoundByLongTerm({ isWindowLimited, priorBytesInFlight }: AckEvent): boolean {
    if (!isWindowLimited || !this.#flow.allowance.isAtLongTermBound) return false;
    return !this.#contention.isContested || this.#flow.allowance.isFull(priorBytesInFlight);
  }

  /** One step; true when there is so much more than was known that only Startup finds it. */
  advance(event: AckEvent): boolean {
    const { model, allowance, pipe, clock, rounds } = this.#flow;
    const { nowUs, bytesInFlight, rate } = event;
    const targetPackets = this.#upProbe.hasLeapt(model.bandwidth.max)
      ? K.MIN_PIPE_PACKETS
      : allowance.targetInflightBytes / model.datagramBytes;
    switch (this.#flow.state) {
      case 'down':
        if (clock.isProbeTime(targetPackets, nowUs)) this.#startRefill();
        else if (allowance.isDrained(this.#flow.state, bytesInFlight)) this.#flow.state = 'cruise';
        break;
      case 'cruise':
        if (clock.isProbeTime(targetPackets, nowUs)) this.#startRefill();
        break;
      case 'refill':
        if (rounds.isStart) this.#startUp(rate, nowUs);
        break;
      default:
        if (rounds.isStart && this.#upProbe.hasBuiltQueue(this.#flow.rttUs, model.minRtt.valueUs)) {
          this.startDown(nowUs);
        } else if (this.#upProbe.hasLeapt(model.bandwidth.max)) {
          return true;
        } else if (this.#isBoundByLongTerm(event)) {
          pipe.restart(rate?.deliveryRateBytesPerSec ?? model.bandwidth.max);
        } else if (pipe.isFullNow) {
          this.startDown(nowUs);
        }
    }
    return false;
  }

  startDown(nowUs: number): void {
    const { model, clock } = this.#flow;
    if (this.#flow.state === 'up') {
      this.#upProbe.end(nowUs);
      clock.onProbed(this.#upProbe.hasFound(model.bandwidth.max));
    }
    this.#flow.state = 'down';
    clock.restart(nowUs);
    this.#leaveProbe();
  }

  /** After ProbeRTT. */
  cruise(nowUs: number): void {
    this.#flow.state = 'cruise';
    this.#leaveProbe();
    // Where a queue stands, ProbeRTT would put off every second probe. A lossy path is as it was measured.
    if (!this.#contention.isClean) this.#flow.clock.restart(nowUs);
  }

  #leaveProbe(): void {
    const { losses, longTerm, rounds, latest } = this.#flow;
    longTerm.restoreKnown();
    losses.restartRound(rounds.deliveredBytes);
    latest.restart();
    longTerm.stop();
    rounds.restart();
  }

  #startRefill(): void {
    const { model, allowance, losses, longTerm, rounds } = this.#flow;
    this.#flow.isFilling = false;
    this.#flow.state = 'refill';
    this.#contention.onRefill(losses.takeCycleRate());
    model.shortTerm.reset();
    longTerm.refill(this.#contention.isClimbing ? allowance.cruisingBytes : Infinity);
    rounds.restart();
  }

  #startUp(rate: RateSample | undefined, nowUs: number): void {
    const { model, allowance, pipe, longTerm, rounds } = this.#flow;
    this.#flow.state = 'up';
    const { bandwidth, minRtt } = model;
    this.#contention.onUp();
    if (!this.#contention.isContested) longTerm.restoreKnown();
    this.#upProbe.begin(
      { rttUs: this.#flow.rttUs, minRttUs: minRtt.valueUs, bytesPerSec: bandwidth.max },
      nowUs,
    );
    longTerm.start(allowance.windowBytes, model.datagramBytes);
    pipe.restart(rate?.deliveryRateBytesPerSec ?? model.bandwidth.max);
    rounds.restart();
  }
}
