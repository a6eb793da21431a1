const NEWLINE = 0x0a;
const INITIAL_BUFFER_BYTES = 1_024;
const KEPT_BUFFER_BYTES = 8_192;

/** `line`: a whole frame. `more`: none is whole yet. `bad`: too long, or not JSON in UTF-8. */
export type Decoded =
  | { readonly state: 'line'; readonly value: unknown; readonly frameBytes: number }
  | { readonly state: 'more' }
  | { readonly state: 'bad'; readonly reason: 'too long' | 'not JSON' };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Cuts a byte stream into lines and each line into a JSON value.
 *
 * Bytes are copied into one growing buffer, so a stream of one-byte chunks costs no more than one
 * of large ones. It holds what was pushed and not yet taken; whoever pushes stops reading the
 * socket above `bufferedBytes` of a frame. After `bad` the stream is lost: close it.
 */
export class FrameDecoder {
  #buffer: Uint8Array = new Uint8Array(INITIAL_BUFFER_BYTES);
  #start = 0;
  #end = 0;
  /** Everything before it is known to hold no newline. */
  #scanned = 0;

  get bufferedBytes(): number {
    return this.#end - this.#start;
  }

  push(chunk: Uint8Array): void {
    this.#makeRoom(chunk.length);
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The next frame; `maxFrameBytes` bounds it with its newline. */
  next(maxFrameBytes: number): Decoded {
    const found = this.#buffer.subarray(0, this.#end).indexOf(NEWLINE, this.#scanned);
    if (found < 0) {
      this.#scanned = this.#end;
      // The newline is still to come: as many bytes as a frame may have are one too many.
      return this.bufferedBytes >= maxFrameBytes
        ? { state: 'bad', reason: 'too long' }
        : { state: 'more' };
    }
    const frameBytes = found + 1 - this.#start;
    if (frameBytes > maxFrameBytes) return { state: 'bad', reason: 'too long' };
    const line = this.#buffer.subarray(this.#start, found);
    this.#start = this.#scanned = found + 1;
    if (this.#start === this.#end) this.#release();
    try {
      return { state: 'line', value: JSON.parse(utf8.decode(line)) as unknown, frameBytes };
    } catch {
      return { state: 'bad', reason: 'not JSON' };
    }
  }

  /** Nothing is buffered: one large frame must not hold its memory as long as the connection lives. */
  #release(): void {
    this.#start = this.#end = this.#scanned = 0;
    if (this.#buffer.length > KEPT_BUFFER_BYTES)
      this.#buffer = new Uint8Array(INITIAL_BUFFER_BYTES);
  }

  #makeRoom(byteCount: number): void {
    if (this.#end + byteCount <= this.#buffer.length) return;
    const needed = this.bufferedBytes + byteCount;
    const capacity = Math.max(needed * 2, INITIAL_BUFFER_BYTES);
    // A buffer that fits twice what is needed is large enough to move within.
    const target = this.#buffer.length >= needed * 2 ? this.#buffer : new Uint8Array(capacity);
    target.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = target;
    this.#scanned -= this.#start;
    this.#end -= this.#start;
    this.#start = 0;
  }
}

/** One frame as it goes over the wire, newline included. */
export function encodeFrame(frame: { readonly type: string; readonly body: object }): string {
  return `${JSON.stringify(frame)}\n`;
}
