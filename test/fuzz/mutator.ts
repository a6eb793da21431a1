import type { Random } from '../sim/random.ts';

/** Edges of the integers that stand in packets, records and lengths. */
const EDGES: readonly number[] = [
  0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 63, 64, 127, 128, 250, 255, 256, 1_199, 1_200, 4_096, 32_767,
  32_768, 65_535, 65_536, 1_000_000, 2_147_483_647, 2_147_483_648, 4_294_967_295,
];
/** Numbers in text, and what is none. */
const TEXT_EDGES: readonly string[] = [
  '0',
  '1',
  '-1',
  '65535',
  '65536',
  '9007199254740991',
  '9007199254740993',
  '1e999',
  '0.5',
  'null',
];
const MAX_STEPS = 6;
const MAX_RUN_BYTES = 48;

type Step = (bytes: Uint8Array) => Uint8Array;

/** Makes new inputs from old ones. The same draws make the same inputs. */
export class Mutator {
  readonly #random: Random;
  readonly #dictionary: readonly Uint8Array[];
  readonly #maxBytes: number;
  readonly #steps: readonly Step[];

  constructor(random: Random, dictionary: readonly Uint8Array[], maxBytes: number) {
    this.#random = random;
    this.#maxBytes = maxBytes;
    const encoder = new TextEncoder();
    this.#dictionary = [...dictionary, ...TEXT_EDGES.map((text) => encoder.encode(text))];
    this.#steps = [
      (bytes) => this.#flipBit(bytes),
      (bytes) => this.#setByte(bytes),
      (bytes) => this.#setInteger(bytes),
      (bytes) => this.#addToByte(bytes),
      (bytes) => this.#insert(bytes, this.#noise()),
      (bytes) => this.#remove(bytes),
      (bytes) => this.#insert(bytes, this.#runOf(bytes)),
      (bytes) => this.#overwrite(bytes, this.#runOf(bytes)),
      (bytes) => this.#insert(bytes, this.#random.pick(this.#dictionary)),
      (bytes) => this.#overwrite(bytes, this.#random.pick(this.#dictionary)),
      (bytes) => this.#replaceRun(bytes, this.#random.pick(this.#dictionary)),
    ];
  }

  /** Some steps from `input`, which stays as it is; `other` lends it a part now and then. */
  mutate(input: Uint8Array, other: Uint8Array): Uint8Array {
    let bytes: Uint8Array = input.slice();
    if (this.#random.chance(0.15)) bytes = this.#splice(bytes, other);
    for (let count = this.#random.integer(1, MAX_STEPS); count > 0; count--) {
      bytes = this.#random.pick(this.#steps)(bytes);
    }
    return bytes.slice(0, this.#maxBytes);
  }

  /** A place in the bytes, or behind the last one. */
  #place(bytes: Uint8Array): number {
    return this.#random.integer(0, bytes.length);
  }

  #noise(): Uint8Array {
    const length = this.#random.integer(1, 8);
    return Uint8Array.from({ length }, () => this.#random.integer(0, 255));
  }

  #runOf(bytes: Uint8Array): Uint8Array {
    const start = this.#place(bytes);
    return bytes.slice(start, start + this.#random.integer(1, MAX_RUN_BYTES));
  }

  #flipBit(bytes: Uint8Array): Uint8Array {
    const at = this.#place(bytes);
    if (at < bytes.length) bytes[at]! ^= 1 << this.#random.integer(0, 7);
    return bytes;
  }

  #setByte(bytes: Uint8Array): Uint8Array {
    const at = this.#place(bytes);
    if (at < bytes.length) bytes[at] = this.#random.integer(0, 255);
    return bytes;
  }

  #addToByte(bytes: Uint8Array): Uint8Array {
    const at = this.#place(bytes);
    if (at < bytes.length) bytes[at]! += this.#random.integer(-8, 8);
    return bytes;
  }

  #setInteger(bytes: Uint8Array): Uint8Array {
    const value = this.#random.pick(EDGES);
    const width = this.#random.pick([1, 2, 4, 6]);
    const field = Uint8Array.from({ length: width }, (_, index) =>
      Math.floor(value / 256 ** (width - 1 - index)),
    );
    return this.#overwrite(bytes, field);
  }

  #insert(bytes: Uint8Array, part: Uint8Array): Uint8Array {
    const at = this.#place(bytes);
    return joined(bytes.subarray(0, at), part, bytes.subarray(at));
  }

  #overwrite(bytes: Uint8Array, part: Uint8Array): Uint8Array {
    const at = this.#place(bytes);
    return joined(bytes.subarray(0, at), part, bytes.subarray(at + part.length));
  }

  #replaceRun(bytes: Uint8Array, part: Uint8Array): Uint8Array {
    const at = this.#place(bytes);
    const end = at + this.#random.integer(0, MAX_RUN_BYTES);
    return joined(bytes.subarray(0, at), part, bytes.subarray(end));
  }

  #remove(bytes: Uint8Array): Uint8Array {
    const at = this.#place(bytes);
    const end = at + this.#random.integer(1, MAX_RUN_BYTES);
    return joined(bytes.subarray(0, at), bytes.subarray(end));
  }

  #splice(bytes: Uint8Array, other: Uint8Array): Uint8Array {
    return joined(bytes.subarray(0, this.#place(bytes)), other.subarray(this.#place(other)));
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
