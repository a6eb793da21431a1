/** PTO probes that all connections of a path may send in one probe timeout (DESIGN §4). */
const MAX_PROBES = 2;
/** Where the window is too small for more. */
const MAX_PROBES_OF_SMALL_WINDOW = 1;
/** How long a probe is kept for who was refused one: two of the longest probe timeouts. */
const REFUSED_PROBE_US = 2_000_000;

/**
 * Shares the few PTO probes of a path among its connections. Who was refused first is served first,
 * so that a connection whose peer is gone starves no other.
 */
export class ProbeAllowance {
  #fromUs = -Infinity;
  #count = 0;
  /** Who wanted a probe and got none, the first refused first, and when last; one entry a member. */
  readonly #refused: Map<object, number> = new Map();

  /** Whether `prober` may send one more probe; counts it. */
  take(prober: object, isSmallWindow: boolean, probeTimeoutUs: number, nowUs: number): boolean {
    if (nowUs - this.#fromUs >= probeTimeoutUs) {
      this.#fromUs = nowUs;
      this.#count = 0;
      for (const [refused, atUs] of this.#refused) {
        if (nowUs - atUs > REFUSED_PROBE_US) this.#refused.delete(refused);
      }
    }
    const limit = isSmallWindow ? MAX_PROBES_OF_SMALL_WINDOW : MAX_PROBES;
    let aheadCount = 0;
    for (const refused of this.#refused.keys()) {
      if (refused === prober) break;
      aheadCount++;
    }
    if (this.#count + aheadCount >= limit) {
      this.#refused.set(prober, nowUs);
      return false;
    }
    this.#refused.delete(prober);
    this.#count++;
    return true;
  }
}
