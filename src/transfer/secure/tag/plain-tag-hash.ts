import {
  CLEAR_BYTES,
  INPUT_PREFIX_BYTES,
  MAX_MESSAGE_BYTES,
  NH_BLOCK_BYTES,
  NH_SHIFT_BYTES,
  NH_STEP_BYTES,
  SIPHASH_KEY_BYTES,
  TAG_BYTES,
  type TagHash,
} from './tag-hash.ts';
import { sipHash24 } from './siphash.ts';

const TWO_TO_16 = 2 ** 16;
const TWO_TO_32 = 2 ** 32;
const TWO_TO_48 = 2 ** 48;
const MAX_BLOCK_COUNT = Math.ceil(MAX_MESSAGE_BYTES / NH_BLOCK_BYTES);

/**
 * The hash without WebAssembly, for where there is none. Slower: about 10 µs for 1,400 bytes.
 */
export class PlainTagHash implements TagHash {
  readonly input: Uint8Array = new Uint8Array(
    INPUT_PREFIX_BYTES + MAX_MESSAGE_BYTES + NH_STEP_BYTES,
  );
  readonly #condensed = new Uint8Array(CLEAR_BYTES + 2 * TAG_BYTES * MAX_BLOCK_COUNT + TAG_BYTES);
  readonly #message = new DataView(this.input.buffer, INPUT_PREFIX_BYTES);
  readonly #output = new DataView(this.#condensed.buffer);
  readonly #digest = new Uint8Array(TAG_BYTES);

  digest(key: Uint8Array, length: number): Uint8Array {
    const messageAt = INPUT_PREFIX_BYTES;
    this.input.fill(0, messageAt + length, messageAt + length + NH_STEP_BYTES);
    this.#condensed.set(this.input.subarray(messageAt, messageAt + CLEAR_BYTES));
    const nhKey = new DataView(key.buffer, key.byteOffset + SIPHASH_KEY_BYTES);
    let out = CLEAR_BYTES;
    for (let at = 0; at < length; at += NH_BLOCK_BYTES) {
      const end = Math.min(at + NH_BLOCK_BYTES, length);
      this.#putNh(out, nhKey, 0, at, end);
      this.#putNh(out + 8, nhKey, NH_SHIFT_BYTES, at, end);
      out += 16;
    }
    this.#output.setUint32(out, length, true);
    this.#output.setUint32(out + 4, 0, true);
    sipHash24(key, this.#condensed, out + 8, this.#digest);
    return this.#digest;
  }

  /**
   * NH of one block. The sum is kept as `low + high · 2^16`: the products of 32 by 16 bits are exact
   * in a number, and so is their sum over one step.
   */
  #putNh(out: number, key: DataView, shiftBytes: number, from: number, end: number): void {
    const message = this.#message;
    let low = 0;
    let high = 0;
    let keyAt = shiftBytes;
    for (let at = from; at < end; at += NH_STEP_BYTES) {
      for (let word = 0; word < 16; word += 4) {
        const a = (message.getUint32(at + word, true) + key.getUint32(keyAt + word, true)) >>> 0;
        const right = message.getUint32(at + word + 16, true);
        const b = (right + key.getUint32(keyAt + word + 16, true)) >>> 0;
        low += (a & 0xffff) * b;
        high += (a >>> 16) * b;
      }
      high = (high + Math.floor(low / TWO_TO_16)) % TWO_TO_48;
      low %= TWO_TO_16;
      keyAt += NH_STEP_BYTES;
    }
    this.#output.setUint32(out, low + (high % TWO_TO_16) * TWO_TO_16, true);
    this.#output.setUint32(out + 4, Math.floor(high / TWO_TO_16) % TWO_TO_32, true);
  }
}
