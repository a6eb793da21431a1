import { HEADROOM } from './constants.ts';

/** Doublings of the growth in one probe. */
const MAX_PROBE_ROUNDS = 30;

/**
 * The most that was in flight without too much loss ("inflight_longterm"), and how a probe raises it:
 * by one packet in the first round, then twice as many in each.
 */
export class LongTerm {
  /** Whether what is acknowledged or lost now was sent by a probe (bw_probe_samples). */
  isSampling = false;
  #inflightBytes: number = Infinity;
  #undoInflightBytes: number = Infinity;
  /** What was known to fit before a probe began to climb. */
  #knownBytes = 0;
  /** A probe was ended: with the next round its last feedback has come. */
  #isStopping = false;
  #probeRounds = 0;
  #ackedBytes = 0;
  /** Bytes to be acknowledged for one more packet. */
  #bytesPerPacket: number = Infinity;

  get inflightBytes(): number {
    return this.#inflightBytes;
  }

  set inflightBytes(bytes: number) {
    this.#undoInflightBytes = Math.max(this.#inflightBytes, this.#knownBytes);
    this.#knownBytes = 0;
    this.#inflightBytes = bytes;
  }

  /** What a cruising flow leaves for others to grow into. */
  withHeadroom(datagramBytes: number, floorBytes: number): number {
    if (this.#inflightBytes === Infinity) return Infinity;
    const headroom = Math.max(datagramBytes, HEADROOM * this.#inflightBytes);
    return Math.max(this.#inflightBytes - headroom, floorBytes);
  }

  /** The losses that lowered it were no losses. */
  undo(): void {
    this.#inflightBytes = Math.max(this.#inflightBytes, this.#undoInflightBytes);
  }

  /** A flight of so many bytes came through: so much fits. */
  onCleanFlight(txInFlightBytes: number): void {
    if (this.#inflightBytes === Infinity) return;
    if (txInFlightBytes > this.#inflightBytes) this.#inflightBytes = txInFlightBytes;
  }

  /** A round begins; true when the feedback of a probe is complete. */
  onRound(): boolean {
    if (!this.#isStopping) return false;
    this.#isStopping = false;
    this.isSampling = false;
    return true;
  }

  /**
   * The pipe is being filled; nothing is asked of it yet. Whatever a probe claims above what `cruising`
   * used it has to climb for (ours): others may have taken the headroom, and the draft's return to the
   * old bound at once takes it back from them, so that shares never change.
   */
  refill(cruisingBytes: number): void {
    this.#knownBytes = this.#inflightBytes === Infinity ? 0 : this.#inflightBytes;
    this.#inflightBytes = Math.min(this.#inflightBytes, cruisingBytes);
    this.#probeRounds = 0;
    this.#ackedBytes = 0;
    this.#isStopping = false;
  }

  /** Nobody has taken the headroom, or the climb ended before anything was lost. */
  restoreKnown(): void {
    this.#inflightBytes = Math.max(this.#inflightBytes, this.#knownBytes);
    this.#knownBytes = 0;
  }

  /** A probe begins: from now on losses are its answer. */
  start(windowBytes: number, datagramBytes: number): void {
    this.isSampling = true;
    this.#raiseSlope(windowBytes, datagramBytes);
  }

  stop(): void {
    this.#isStopping = true;
    this.#bytesPerPacket = Infinity;
  }

  /** The window is used up to the bound: raises the bound. */
  grow(
    ackedBytes: number,
    windowBytes: number,
    datagramBytes: number,
    isRoundStart: boolean,
  ): void {
    if (this.#inflightBytes === Infinity) return;
    this.#ackedBytes += ackedBytes;
    if (this.#ackedBytes >= this.#bytesPerPacket) {
      const packets = Math.floor(this.#ackedBytes / this.#bytesPerPacket);
      this.#ackedBytes -= packets * this.#bytesPerPacket;
      this.#inflightBytes += packets * datagramBytes;
    }
    if (isRoundStart) this.#raiseSlope(windowBytes, datagramBytes);
  }

  #raiseSlope(windowBytes: number, datagramBytes: number): void {
    const packetsPerWindow = 2 ** this.#probeRounds;
    this.#probeRounds = Math.min(this.#probeRounds + 1, MAX_PROBE_ROUNDS);
    this.#bytesPerPacket = Math.max(windowBytes / packetsPerWindow, datagramBytes);
  }
}
