/** Bytes that received payload is gathered into. */
export const SEGMENT_BYTES = 65_536;
/** Unused segments that are kept for the next connection that needs one. */
const MAX_IDLE_SEGMENTS = 256;

/** Memory for received bytes, shared by the connections of an endpoint. */
export class SegmentPool {
  readonly #idle: Uint8Array[] = [];
  #lentCount = 0;

  /** Segments that connections hold now. */
  get lentCount(): number {
    return this.#lentCount;
  }

  take(): Uint8Array {
    this.#lentCount++;
    return this.#idle.pop() ?? new Uint8Array(SEGMENT_BYTES);
  }

  /** Segments that will not come back. */
  forget(count: number): void {
    this.#lentCount -= count;
  }

  /** Takes back a segment of which nobody holds a view. */
  give(segment: Uint8Array): void {
    this.#lentCount--;
    if (this.#idle.length < MAX_IDLE_SEGMENTS) this.#idle.push(segment);
  }
}
