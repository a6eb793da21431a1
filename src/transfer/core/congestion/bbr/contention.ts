import type { PathModel } from './path-model.ts';

/** Of the RTTs seen lately, one in the lowest sixteenth shows that nobody fills the queue (ours). */
const UNCONTESTED_PART = 1 / 16;
/**
 * Where more is lost from one probe to the next than contests cost (0.2 to 0.6 %), the path loses by
 * itself and lowers bounds by chance: climbing back cost 0.02 of a link with 10 % loss at 200 ms (ours).
 */
const MAX_CONTEST_LOSS = 0.01;
/** A queue that adds less to the RTT than this part of it shows no contest (ours). */
const SHORT_QUEUE_PART = 0.2;

/**
 * Whether other flows want what a probe is about to claim, and what a probe therefore does not do.
 *
 * The draft's probe returns to the long-term bound at once and takes back what it had left for others
 * to grow into. CUBIC needs five seconds for a third of its window and was cut every two and a half; shares
 * of our own flows froze, since everyone returned to his old bound. All of it is ours.
 */
export class Contention {
  readonly #model: PathModel;
  #isClean = false;
  #isContested = false;
  /** The lowest since Refill began. */
  #refillRttUs = Infinity;

  constructor(model: PathModel) {
    this.#model = model;
  }

  onRtt(rttUs: number): void {
    this.#refillRttUs = Math.min(this.#refillRttUs, rttUs);
  }

  /** A probe is prepared: `lossRate` is that since the previous one was. */
  onRefill(lossRate: number): void {
    this.#isClean = lossRate < MAX_CONTEST_LOSS;
    this.#refillRttUs = Infinity;
  }

  /** The pipe has been filled for a round: the queue shows whether others fill it too. */
  onUp(): void {
    const isContested = !this.#model.isQueueEmpty(this.#refillRttUs, UNCONTESTED_PART);
    this.#isContested = this.#isClean && isContested;
  }

  /** Losses are those of full queues, not the path's. */
  get isClean(): boolean {
    return this.#isClean;
  }

  /** Others kept the queue while the pipe was filled. */
  get isContested(): boolean {
    return this.#isContested;
  }

  /** Refill stays at the bound of cruising: what is above it may have been taken meanwhile. */
  get isClimbing(): boolean {
    return this.#isClean && !this.#isQueueShort;
  }

  /**
   * The next probe waits twice as long: a short queue never shows who shares it, and twice the time lets
   * CUBIC grow back. It has 0.28 of the link beside us at 0.1 BDP instead of 0.16. A flow alone there
   * keeps its share at 100 Mbit/s and has 0.83 instead of 0.85 at 20.
   */
  get isYielding(): boolean {
    return this.#isClean && this.#isQueueShort;
  }

  get #isQueueShort(): boolean {
    const minRttUs = this.#model.minRtt.valueUs;
    return this.#model.rttRange.spanUs(minRttUs) < SHORT_QUEUE_PART * minRttUs;
  }
}
