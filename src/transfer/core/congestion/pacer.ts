import assert from 'node:assert/strict';

/** What leaves in one burst at least, in packets (DESIGN §5 keeps bursts under an ack interval). */
const MIN_QUANTUM_PACKETS = 2;
/** What leaves in one burst at a high rate, as time at that rate, where timers are fine. */
export const FINE_TICK_US = 500;
const MAX_QUANTUM_BYTES = 1_048_576;
/** How late a tick may come and still have its budget repaid. */
const REPAID_US = 10_000;
/** How much faster than the rate a late tick's budget is repaid. */
const REPAY_GAIN = 1.25;

/** How a driver waits for the pacer. */
export interface DriverTimers {
  /** How often its timers let it send. */
  readonly tickUs: number;
  /** Below this rate it sleeps as long as it needs to, and ticks of `FINE_TICK_US` are kept. */
  readonly sleepsBelowBytesPerSec: number;
}

/** A driver that is called back at any microsecond. */
const FINE_TIMERS: DriverTimers = { tickUs: FINE_TICK_US, sleepsBelowBytesPerSec: Infinity };

/**
 * Token bucket that spreads a path's packets over time.
 *
 * Two buckets must both have room. The average one fills at the rate and keeps what a late tick left
 * over (up to 10 ms), so that no rate is lost to coarse timers; the burst one fills at 1.25 × the
 * rate and holds two quanta. So in any interval T at most 1.25·rate·T + 2 quanta leave.
 */
export class Pacer {
  readonly #timers: DriverTimers;
  #datagramBytes: number;
  #averageBytes = 0;
  #burstBytes = 0;
  #refilledAtUs: number | undefined;
  /** Nothing wanted to leave since the last refill: that time is not lateness to be repaid. */
  #isResting = true;
  #isBehind = false;
  #bytesPerSec = Infinity;

  /**
   * `timers`: how often the driver can send. Two quanta must last from one tick to the next: with
   * quanta of 0.5 ms and ticks of 1.2 to 1.8 ms only 0.6 of the rate was sent (measured).
   */
  constructor(datagramBytes: number, timers: DriverTimers = FINE_TIMERS) {
    this.#datagramBytes = datagramBytes;
    this.#timers = timers;
  }

  set datagramBytes(bytes: number) {
    this.#datagramBytes = bytes;
  }

  /** Whether the driver may sleep till `nextSendAtUs`, at the rate of the last refill. */
  get isSleptFor(): boolean {
    return this.#bytesPerSec < this.#timers.sleepsBelowBytesPerSec;
  }

  /** Bytes that may leave back to back at the present rate. */
  get quantumBytes(): number {
    const tickUs = this.isSleptFor ? FINE_TICK_US : this.#timers.tickUs;
    const atRate = (this.#bytesPerSec * tickUs) / 1e6;
    const floor = MIN_QUANTUM_PACKETS * this.#datagramBytes;
    return Math.max(floor, Math.min(atRate, MAX_QUANTUM_BYTES));
  }

  /**
   * Whether a datagram may leave now at `bytesPerSec`. When not, `nextSendAtUs` says when a quantum
   * will have gathered.
   */
  maySend(bytesPerSec: number, nowUs: number): boolean {
    if (bytesPerSec === Infinity) return true;
    assert(bytesPerSec > 0, 'a pacing rate is positive');
    this.#refill(bytesPerSec, nowUs);
    return Math.min(this.#averageBytes, this.#burstBytes) >= this.#datagramBytes;
  }

  onSent(sizeBytes: number): void {
    if (this.#bytesPerSec === Infinity) return;
    this.#averageBytes -= sizeBytes;
    this.#burstBytes -= sizeBytes;
  }

  /** There is nothing to send, or no room in the window, whatever the pacer allows. */
  rest(): void {
    this.#isResting = true;
  }

  /**
   * The driver was late by more than is repaid: it, not the path, bounds the rate. A process whose
   * code is still being compiled sends a quarter of what Startup asks for.
   */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** When `maySend` is worth asking again; never earlier than 1 µs from the last refill. */
  get nextSendAtUs(): number {
    if (this.#refilledAtUs === undefined) return 0;
    const wanted = this.quantumBytes;
    const averageUs = ((wanted - this.#averageBytes) / this.#bytesPerSec) * 1e6;
    const burstUs = ((wanted - this.#burstBytes) / (REPAY_GAIN * this.#bytesPerSec)) * 1e6;
    return this.#refilledAtUs + Math.max(1, Math.ceil(Math.max(averageUs, burstUs)));
  }

  #refill(bytesPerSec: number, nowUs: number): void {
    const startsNow = this.#refilledAtUs === undefined || this.#bytesPerSec === Infinity;
    const elapsedUs = startsNow ? 0 : nowUs - this.#refilledAtUs!;
    assert(elapsedUs >= 0, 'time never goes back');
    if (!startsNow && elapsedUs === 0) {
      // The same tick: what it was granted stays, late budget included.
      this.#bytesPerSec = bytesPerSec;
      return;
    }
    // The rate that held during the interval fills it; a new rate holds from now on.
    const filledBytes = startsNow ? 0 : (this.#bytesPerSec * elapsedUs) / 1e6;
    this.#bytesPerSec = bytesPerSec;
    const quantum = this.quantumBytes;
    if (startsNow) {
      this.#averageBytes = quantum;
      this.#burstBytes = quantum;
    } else {
      const kept = this.#isResting ? 0 : (bytesPerSec * REPAID_US) / 1e6;
      const averageBytes = this.#averageBytes + filledBytes;
      this.#averageBytes = Math.min(averageBytes, quantum + kept);
      this.#isBehind = !this.#isResting && averageBytes > this.#averageBytes;
      this.#burstBytes = Math.min(this.#burstBytes + REPAY_GAIN * filledBytes, 2 * quantum);
      // An idle path starts with one quantum, not two.
      if (this.#isResting) this.#burstBytes = Math.min(this.#burstBytes, quantum);
    }
    this.#isResting = false;
    this.#refilledAtUs = nowUs;
  }
}
