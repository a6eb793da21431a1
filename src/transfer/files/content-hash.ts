import { createHash } from 'node:crypto';
import { SEGMENT_BYTES } from './disk.ts';

/** Reads a file at a position; 0 is its end. */
export type ReadAt = (target: Uint8Array, positionBytes: number) => Promise<number>;

/**
 * SHA-256 of the whole content of a file.
 *
 * Content that is sent from its beginning is hashed as it passes (`update`). Of a file that goes on
 * from an offset the beginning never passes: then all of it is read once more from the disk beside the
 * transfer (`follow`), from 0 as far as it is there, so that the hash is of what lies on the disk.
 */
export class ContentHash {
  readonly #hash = createHash('sha256');
  readonly #read: ReadAt | undefined;
  readonly #onChange: () => void;
  readonly #onRead: () => void;
  #hashedBytes = 0;
  #limitBytes = 0;
  #isReading = false;
  #isStopped = false;
  #isShort = false;
  #error: unknown;
  #digest: Uint8Array | undefined;
  #onIdle: () => void = () => undefined;

  /**
   * @param read absent: content passes by
   * @param onChange called when reading has caught up, and when it failed
   * @param onRead called after each read
   */
  constructor(
    read: ReadAt | undefined,
    onChange: () => void,
    onRead: () => void = () => undefined,
  ) {
    this.#onRead = onRead;
    this.#read = read;
    this.#onChange = onChange;
  }

  /** The disk is read; else content passes by. */
  get isFollowing(): boolean {
    return this.#read !== undefined;
  }

  get hashedBytes(): number {
    return this.#hashedBytes;
  }

  /** The file ended before its size: it was changed by somebody. */
  get isShort(): boolean {
    return this.#isShort;
  }

  /** Nothing more is read: it ended early, failed, or was told to. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Why reading failed, or undefined. */
  get error(): unknown {
    return this.#error;
  }

  /** The digest of what was hashed; nothing may be added after it. */
  get digest(): Uint8Array {
    this.#digest ??= this.#hash.digest();
    return this.#digest;
  }

  /** Content passes by, in order. Nothing happens when the disk is read instead. */
  update(content: Uint8Array): void {
    if (this.#read !== undefined) return;
    this.#hash.update(content);
    this.#hashedBytes += content.length;
  }

  /** The file can be read up to here. Nothing happens when content passes by. */
  follow(limitBytes: number): void {
    if (this.#read === undefined || this.#isStopped) return;
    this.#limitBytes = Math.max(this.#limitBytes, limitBytes);
    if (this.#isReading || this.#hashedBytes >= this.#limitBytes) return;
    this.#isReading = true;
    void this.#catchUp(this.#read);
  }

  /** Resolves when nothing is read any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#isReading) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  async #catchUp(read: ReadAt): Promise<void> {
    const buffer = new Uint8Array(Math.min(SEGMENT_BYTES, this.#limitBytes - this.#hashedBytes));
    try {
      while (!this.#isStopped && this.#hashedBytes < this.#limitBytes) {
        const wanted = Math.min(buffer.length, this.#limitBytes - this.#hashedBytes);
        const length = await read(buffer.subarray(0, wanted), this.#hashedBytes);
        if (length === 0) {
          this.#isShort = true;
          this.#isStopped = true;
          break;
        }
        this.#hash.update(buffer.subarray(0, length));
        this.#hashedBytes += length;
        this.#onRead();
      }
    } catch (error) {
      this.#error = error;
      this.#isStopped = true;
    }
    this.#isReading = false;
    this.#onIdle();
    this.#onChange();
  }
}
