import { LOSS_THRESHOLD } from './constants.ts';

/** Packets from which one estimate of the loss rate is made. */
const SAMPLE_PACKETS = 200;
/** Weight of a new estimate. */
const EWMA_WEIGHT = 1 / 5;
/** A path that loses more than this for no reason is not usable anyway. */
const MAX_BASELINE = 0.2;
/** What the threshold allows above the baseline: a part of it, and what chance adds. */
const BASELINE_GAIN = 1.25;
const NOISE_DEVIATIONS = 2.5;
const MIN_NOISE_PACKETS = 16;
/** Packets whose loss is compared with the mean, to see bursts; and the weight of one comparison. */
const BLOCK_PACKETS = 50;
const BLOCK_WEIGHT = 1 / 40;
/** Bursts are not taken to be longer. */
const MAX_BURST_PACKETS = 16;
/** The queue is empty while the RTT stays below 1.15 × min + 3 ms. */
const EMPTY_QUEUE_GAIN = 1.15;
const EMPTY_QUEUE_US = 3_000;

/** Packets whose fate is known. */
interface Fates {
  acked: number;
  lost: number;
}

/**
 * The loss that a path has without any queue: radio noise, not congestion.
 *
 * BBRv3 takes loss above 2 % for congestion whatever its cause, and collapses under random loss (4 to
 * 10 % of the link at 5 % loss, simulated). Loss that is seen while the queue is empty is not ours; what
 * it is in the mean moves the threshold. So a lossy path is used, and a full queue is still noticed.
 */
export class LossBaseline {
  #baseline = 0;
  #hasEstimate = false;
  #lostPackets = 0;
  #ackedPackets = 0;
  /** Of one packet's fate, were packets lost independently. */
  #variance = 0;
  #blockAcked = 0;
  #blockLost = 0;
  /** Of Startup's previous round and of the present one. */
  #held: readonly [Fates, Fates] = [
    { acked: 0, lost: 0 },
    { acked: 0, lost: 0 },
  ];

  get value(): number {
    return this.#baseline;
  }

  /** Whether losses seen at this RTT can be the path's own. */
  static isQueueEmpty(rttUs: number, minRttUs: number): boolean {
    return rttUs < EMPTY_QUEUE_GAIN * minRttUs + EMPTY_QUEUE_US;
  }

  /** What was taken for an empty queue was none: nothing is known. */
  forget(): void {
    this.#baseline = 0;
    this.#hasEstimate = false;
    this.#variance = 0;
    this.#ackedPackets = 0;
    this.#lostPackets = 0;
    this.#blockAcked = 0;
    this.#blockLost = 0;
  }

  /** Packets whose fate became known while the queue was empty. */
  onFates(ackedPackets: number, lostPackets: number): void {
    this.#ackedPackets += ackedPackets;
    this.#lostPackets += lostPackets;
    this.#learnVariance(ackedPackets, lostPackets);
    const packets = this.#ackedPackets + this.#lostPackets;
    if (packets < SAMPLE_PACKETS) return;
    const rate = Math.min(MAX_BASELINE, this.#lostPackets / packets);
    const weight = this.#hasEstimate ? EWMA_WEIGHT : 1;
    this.#baseline += weight * (rate - this.#baseline);
    this.#hasEstimate = true;
    this.#ackedPackets = 0;
    this.#lostPackets = 0;
  }

  /** How far the loss of a few packets lies from the mean: more than chance where losses come in bursts. */
  #learnVariance(ackedPackets: number, lostPackets: number): void {
    this.#blockAcked += ackedPackets;
    this.#blockLost += lostPackets;
    const packets = this.#blockAcked + this.#blockLost;
    if (packets < BLOCK_PACKETS) return;
    const deviation = this.#blockLost / packets - this.#baseline;
    this.#variance += BLOCK_WEIGHT * (packets * deviation * deviation - this.#variance);
    this.#blockAcked = 0;
    this.#blockLost = 0;
  }

  /**
   * Startup's own flood fills a short queue before the RTT shows it: what a round of it lost counts
   * only when the delivery rate grew in the next.
   */
  holdFates(ackedPackets: number, lostPackets: number): void {
    const present = this.#held[1];
    present.acked += ackedPackets;
    present.lost += lostPackets;
  }

  /** A round of Startup is over. */
  onStartupRound(hasGrown: boolean): void {
    const [previous, present] = this.#held;
    if (hasGrown) this.onFates(previous.acked, previous.lost);
    this.#held = [present, { acked: 0, lost: 0 }];
  }

  /** Loss rate above which a round of so many packets has filled the queue. */
  threshold(roundPackets: number): number {
    const b = this.#baseline;
    const packets = Math.max(MIN_NOISE_PACKETS, roundPackets);
    const variance = Math.max(b * (1 - b), Math.min(this.#variance, MAX_BURST_PACKETS * b));
    const noise = NOISE_DEVIATIONS * Math.sqrt(variance / packets);
    return LOSS_THRESHOLD + BASELINE_GAIN * b + noise;
  }
}
