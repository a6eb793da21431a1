import type { LossEvent } from '../controller.ts';
import type { State } from './gains.ts';
import { LossBaseline } from './loss-baseline.ts';
import { LossRounds } from './loss-rounds.ts';
import type { PathModel } from './path-model.ts';
import { StartupFlood } from './startup-gate.ts';

/** Of the RTTs seen lately, those of an empty queue are in the lowest quarter (ours). */
const EMPTY_PART = 1 / 4;

/** A flight whose fate is known. */
export interface LossRound {
  /** More was lost than the path loses by itself. */
  readonly isLossy: boolean;
  /** Runs of packets lost together. */
  readonly eventCount: number;
  readonly lossRate: number;
  readonly bytes: number;
}

/** What is lost, and whether it is more than the path loses by itself. */
export class Losses {
  readonly #model: PathModel;
  readonly #baseline = new LossBaseline();
  readonly #round = new LossRounds();
  /** From one probe to the next, the probe's own included. */
  readonly #cycle = new LossRounds();
  #flood = new StartupFlood();
  /** Since the last ACK, of those that `onLost` was told to count. */
  #freshPackets = 0;
  /** The highest of what was the lowest RTT when the baseline was learned; 0 where nothing was. */
  #learnedAtRttUs = 0;

  constructor(model: PathModel) {
    this.#model = model;
  }

  /** The loss that is taken for the path's own. */
  get baseline(): number {
    return this.#baseline.value;
  }

  /** Startup overflows a short queue. */
  get isFlood(): boolean {
    return this.#flood.isSeen;
  }

  /** Startup begins again. */
  onStartup(): void {
    this.#flood = new StartupFlood();
  }

  /** Loss rate above which a flight of so many bytes has filled the queue. */
  readonly threshold = (bytes: number): number =>
    this.#baseline.threshold(bytes / this.#model.datagramBytes);

  /**
   * The part of the flight that a lost packet left with which came before the loss passed the
   * threshold; undefined while it has not.
   */
  fittingBytes({
    lostBytes,
    lostBytesAtSend,
    txInFlightBytes,
    sizeBytes,
  }: LossEvent): number | undefined {
    const lostSinceBytes = lostBytes - lostBytesAtSend;
    const threshold = this.threshold(txInFlightBytes);
    if (lostSinceBytes <= txInFlightBytes * threshold) return undefined;
    const priorInflight = txInFlightBytes - sizeBytes;
    const priorLost = lostSinceBytes - sizeBytes;
    return priorInflight + Math.max(0, (threshold * priorInflight - priorLost) / (1 - threshold));
  }

  /** `isCounted`: false for what was sent to find out how much is too much. */
  onLost({ sizeBytes, sentAtUs }: LossEvent, state: State, isCounted: boolean): void {
    this.#cycle.onLost(sizeBytes, sentAtUs);
    if (isCounted) {
      this.#freshPackets++;
      this.#round.onLost(sizeBytes, sentAtUs);
    }
    if (state === 'startup') this.#flood.onLost(sizeBytes, sentAtUs);
  }

  /** Of all that was sent, what was lost since this was asked the last time. */
  takeCycleRate(): number {
    const { lossRate } = this.#cycle;
    this.#cycle.restart(0);
    return lossRate;
  }

  onAcked(newlyAckedBytes: number, state: State): void {
    this.#cycle.onAcked(newlyAckedBytes);
    this.#round.onAcked(newlyAckedBytes);
    if (state !== 'startup') return;
    this.#flood.onAcked(newlyAckedBytes, this.#model.datagramBytes, this.threshold(0));
  }

  /**
   * Loss while the queue is empty is the path's own. Who comes to a queue that others keep full takes it
   * for the path: five flows lost a sixth of all packets in a queue of 0.1 BDP, since each took
   * the drops for noise. So what was learned counts no more once the RTT turns out to be lower.
   */
  learnBaseline(newlyAckedBytes: number, rttUs: number, state: State): void {
    const lostPackets = this.#freshPackets;
    this.#freshPackets = 0;
    if (!this.#model.isQueueEmpty(this.#learnedAtRttUs, EMPTY_PART)) {
      this.#learnedAtRttUs = 0;
      this.#baseline.forget();
    }
    const isQuiet = state !== 'up' && state !== 'probeRtt' && state !== 'drain';
    if (!isQuiet || !this.#model.isQueueEmpty(rttUs, EMPTY_PART)) return;
    this.#learnedAtRttUs = Math.max(this.#learnedAtRttUs, this.#model.minRtt.valueUs);
    const ackedPackets = newlyAckedBytes / this.#model.datagramBytes;
    if (state === 'startup') this.#baseline.holdFates(ackedPackets, lostPackets);
    else this.#baseline.onFates(ackedPackets, lostPackets);
  }

  /** A round of Startup is over. */
  onStartupRound(hasGrown: boolean): void {
    this.#baseline.onStartupRound(hasGrown);
  }

  /** The round that a packet sent at `priorDeliveredBytes` ends, or undefined; the next one begins. */
  takeRound(priorDeliveredBytes: number, deliveredBytes: number): LossRound | undefined {
    if (!this.#round.isOver(priorDeliveredBytes)) return undefined;
    const { lossRate, bytes, eventCount } = this.#round;
    this.#round.restart(deliveredBytes);
    return { isLossy: lossRate > this.threshold(bytes), eventCount, lossRate, bytes };
  }

  /** A round begins with what is sent from now on. */
  restartRound(deliveredBytes: number): void {
    this.#round.restart(deliveredBytes);
  }
}
