import type { ConnectionStats, HeldTimes } from '../../core/transport.ts';
import { type SenderTimes, tailCauses } from '../transfer-limit.ts';

/** What a sender was told that bounds it, and how its engine counts its work. */
export interface SenderBounds {
  readonly maxBytesPerSec?: number | undefined;
  readonly windowPackets?: number | undefined;
  /** Microseconds that the engine has been at work, from any beginning. */
  readonly busyUs?: (() => number) | undefined;
}

/** Adds up what held a sender back while there was content to send: from ACCEPT to END, without pauses. */
export class SenderClock {
  readonly #bounds: SenderBounds;
  #from: { readonly held: HeldTimes; readonly busyUs: number } | undefined;
  #sourceUs = 0;
  #creditUs = 0;
  #networkUs = 0;
  #rateUs = 0;
  #busyUs = 0;

  constructor(bounds: SenderBounds) {
    this.#bounds = bounds;
  }

  /** Content may be sent, from now on or still. */
  start({ held }: ConnectionStats): void {
    this.#from ??= { held, busyUs: this.#busyNowUs };
  }

  /** There is none for now, or it is not wanted. */
  stop({ held }: ConnectionStats): void {
    const from = this.#from;
    if (from === undefined) return;
    this.#from = undefined;
    // A path that took another's place has counters of its own.
    const since = (key: Exclude<keyof HeldTimes, 'now'>): number =>
      Math.max(0, held[key] - from.held[key]);
    const [networkUs, rateUs] = [since('pathNetworkUs'), since('pathRateUs')];
    const ratePart = rateUs > 0 ? rateUs / (rateUs + networkUs) : 0;
    this.#sourceUs += since('sourceUs');
    this.#creditUs += since('creditUs');
    this.#rateUs += ratePart * since('pathUs');
    this.#networkUs += (1 - ratePart) * since('pathUs');
    this.#busyUs += this.#busyNowUs - from.busyUs;
  }

  get #busyNowUs(): number {
    return this.#bounds.busyUs?.() ?? 0;
  }

  /** All so far; what is to be told to the receiver. */
  times({ packetsSentCount, packetsLostCount, ...stats }: ConnectionStats): SenderTimes {
    return {
      sourceUs: this.#sourceUs,
      creditUs: this.#creditUs,
      networkUs: this.#networkUs,
      rateUs: this.#rateUs,
      tail: tailCauses.indexOf(stats.held.now),
      rateLimitBytesPerSec: this.#bounds.maxBytesPerSec ?? 0,
      windowPackets: this.#bounds.windowPackets ?? 0,
      packetsSentCount,
      packetsLostCount: Math.max(0, packetsLostCount - stats.packetsSpuriouslyLostCount),
      smoothedRttUs: stats.smoothedRttUs,
      busyUs: this.#busyUs,
    };
  }
}
