import assert from 'node:assert/strict';
import type { Connection, Endpoint } from '../../src/transfer/core/index.ts';

/** Longest probe timeouts in a row without news on a path that carries something. */
const MAX_SILENT_TIMEOUTS = 10;
/** Backoff ends here, unless the probe timeout itself is longer. */
const LONGEST_BACKED_OFF_US = 1_000_000;
/** What a receiver may wait with an ACK. */
const MAX_ACK_DELAY_US = 10_000;

/** How often it looks. */
const CHECK_INTERVAL_US = 100_000;

export interface ProgressWatchOptions {
  /** How long the network carries nothing, all in all; Infinity where nobody knows. */
  readonly standstillUs: number;
  /** All of the network. */
  readonly endpoints: readonly Endpoint[];
}

/**
 * Fails the run when a connection has something in flight and hears for ten of its longest probe
 * timeouts of nothing that has come for the first time.
 */
export class ProgressWatch {
  readonly #connection: Connection;
  readonly #standstillUs: number;
  readonly #endpoints: readonly Endpoint[];
  #nextCheckUs = 0;
  #largestAcked = -Infinity;
  #acknowledgedBytes = 0;
  /** When the present wait began. */
  #sinceUs: number | undefined;
  #longestTimeoutUs = 0;

  constructor(connection: Connection, { standstillUs, endpoints }: ProgressWatchOptions) {
    this.#connection = connection;
    this.#standstillUs = standstillUs;
    this.#endpoints = endpoints;
  }

  /** An ACK was taken in whose newest number is this. */
  onAck(largest: number): void {
    if (largest <= this.#largestAcked) return;
    this.#largestAcked = largest;
    this.#sinceUs = undefined;
  }

  /** The node rests. */
  check(nowUs: number): void {
    if (nowUs < this.#nextCheckUs) return;
    this.#nextCheckUs = nowUs + CHECK_INTERVAL_US;
    const { acknowledgedBytes, isClosed, stats, path } = this.#connection;
    const isWaiting = !isClosed && stats.bytesInFlight > 0;
    if (!isWaiting || acknowledgedBytes > this.#acknowledgedBytes) this.#sinceUs = undefined;
    this.#acknowledgedBytes = acknowledgedBytes;
    if (!isWaiting) return;
    if (this.#sinceUs === undefined) {
      this.#sinceUs = nowUs;
      this.#longestTimeoutUs = LONGEST_BACKED_OFF_US;
    }
    const timeoutUs = path.rtt.probeTimeoutUs(MAX_ACK_DELAY_US);
    this.#longestTimeoutUs = Math.max(this.#longestTimeoutUs, timeoutUs);
    const mostUs = this.#standstillUs + MAX_SILENT_TIMEOUTS * this.#longestTimeoutUs;
    const isLate = nowUs - this.#sinceUs > mostUs;
    assert(!isLate || !this.#isPeerThere, 'where something is carried, something comes');
  }

  /** Who has never heard CLOSE asks somebody who has gone. */
  get #isPeerThere(): boolean {
    const { peerConnectionId } = this.#connection;
    return this.#endpoints.some(({ connections }) =>
      [...connections].some((peer) => peer.localConnectionId === peerConnectionId),
    );
  }
}
