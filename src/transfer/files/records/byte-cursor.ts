/**
 * Reads fixed fields from a stranger's bytes. Reading past the end gives zeros and is remembered in
 * `isIntact`, which is asked once at the end: nothing throws.
 */
export class ByteCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #isIntact = true;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Nothing was read past the end so far. */
  get isIntact(): boolean {
    return this.#isIntact;
  }

  /** Everything was read, and nothing past the end. */
  get isExactlyRead(): boolean {
    return this.#isIntact && this.#at === this.#bytes.length;
  }

  get remainingBytes(): number {
    return this.#bytes.length - this.#at;
  }

  #take(byteCount: number): number {
    if (this.#at + byteCount > this.#bytes.length) {
      this.#isIntact = false;
      return -1;
    }
    const at = this.#at;
    this.#at += byteCount;
    return at;
  }

  u8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#view.getUint8(at);
  }

  u16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#view.getUint16(at);
  }

  u32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#view.getUint32(at);
  }

  u48(): number {
    const high = this.u16();
    return high * 2 ** 32 + this.u32();
  }

  i64(): bigint {
    const at = this.#take(8);
    return at < 0 ? 0n : this.#view.getBigInt64(at);
  }

  u64(): bigint {
    const at = this.#take(8);
    return at < 0 ? 0n : this.#view.getBigUint64(at);
  }

  /** A view of the next bytes; empty when there are not so many. */
  bytes(byteCount: number): Uint8Array {
    const at = this.#take(byteCount);
    return at < 0 ? NOTHING : this.#bytes.subarray(at, at + byteCount);
  }

  /** UTF-8 text; malformed bytes count as read past the end. */
  text(byteCount: number): string {
    try {
      return strictUtf8.decode(this.bytes(byteCount));
    } catch {
      this.#isIntact = false;
      return '';
    }
  }
}

const NOTHING = new Uint8Array(0);
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
