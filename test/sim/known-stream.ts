import { Random } from './random.ts';

/** A prime, so that no segment, record or buffer size divides it. */
const PERIOD_BYTES = 1_048_573;
const table = new Uint8Array(2 * PERIOD_BYTES);
const tableRandom = new Random(0x75706472);
for (let index = 0; index < PERIOD_BYTES; index++) {
  table[index] = table[index + PERIOD_BYTES] = tableRandom.u32();
}

/** Views are at most this long. */
export const MAX_VIEW_BYTES = 65_536;

/**
 * A pseudo-random byte stream of which every byte is known without being stored: one table, read
 * around from a place that the seed decides. Costs no copy to write and a memcmp to check.
 */
export class KnownStream {
  readonly #start: number;

  constructor(seed: number) {
    this.#start = new Random(seed).integer(0, PERIOD_BYTES - 1);
  }

  /** The bytes from `offset`, at most `MAX_VIEW_BYTES`. Not to be written. */
  view(offset: number, byteCount: number): Uint8Array {
    const at = (this.#start + offset) % PERIOD_BYTES;
    return table.subarray(at, at + Math.min(byteCount, MAX_VIEW_BYTES));
  }

  /** Index of the first byte that is not as it should be from `offset` on; undefined when none. */
  firstWrong(offset: number, bytes: Uint8Array): number | undefined {
    for (let at = 0; at < bytes.length;) {
      const expected = this.view(offset + at, bytes.length - at);
      const part = bytes.subarray(at, at + expected.length);
      if (Buffer.compare(part, expected) !== 0) {
        return at + part.findIndex((byte, index) => byte !== expected[index]);
      }
      at += expected.length;
    }
    return undefined;
  }
}
