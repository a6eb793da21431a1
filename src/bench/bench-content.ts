import { randomBytes } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import type { Offer, OfferAnswer } from '../transfer/index.ts';

/** Under which a bench offers its content. */
export const BENCH_NAME = 'upd-bench';
/** As much as the engine takes at once. */
const CHUNK_BYTES = 262_144;

/** How much a run sends: so many bytes, or as many as fit a time. */
export type RunLength = { readonly bytes: number } | { readonly ms: number };

/** What a bench sends. No part of it is like another, as of a file that was compressed. */
export class BenchContent extends Readable {
  readonly #length: RunLength;
  readonly #chunk: Buffer = randomBytes(CHUNK_BYTES);
  readonly #nowMs: () => number;
  #givenBytes = 0;
  #endsAtMs = Infinity;

  constructor(length: RunLength, nowMs: () => number = () => performance.now()) {
    super({ highWaterMark: CHUNK_BYTES });
    this.#length = length;
    this.#nowMs = nowMs;
  }

  /** The time of a run begins with its first byte: the opening is not in it. */
  override _read(): void {
    const nowMs = this.#nowMs();
    if ('ms' in this.#length && this.#givenBytes === 0) this.#endsAtMs = nowMs + this.#length.ms;
    const leftBytes = 'bytes' in this.#length ? this.#length.bytes - this.#givenBytes : Infinity;
    if (leftBytes === 0 || nowMs >= this.#endsAtMs) {
      this.push(null);
      return;
    }
    const chunk = this.#chunk.subarray(0, leftBytes);
    this.#givenBytes += chunk.length;
    this.push(chunk);
  }
}

/** Lets in what a bench sends, and keeps nothing of it; all else is refused. */
export function takeBench({ name, kind, sizeBytes }: Offer): OfferAnswer {
  if (kind !== 'file' || name !== BENCH_NAME || sizeBytes !== undefined) {
    return { refuse: 'upd bench stores nothing: send files to upd receive' };
  }
  return {
    into: new Writable({
      write: (_bytes, _encoding, onWritten) => {
        onWritten();
      },
    }),
  };
}
