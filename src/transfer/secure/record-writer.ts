import assert from 'node:assert/strict';
import type { TransportConnection } from '../core/transport.ts';
import { MAX_RECORD_BYTES, RECORD_HEADER_BYTES, type RecordCipher } from './record-cipher.ts';

/** What the writer needs of a connection. */
export type RecordOutput = Pick<
  TransportConnection,
  'write' | 'recordLimitBytes' | 'acknowledgedBytes'
>;

/**
 * Puts records on the sending half of a stream.
 *
 * A body is not copied: unless it is sealed it goes behind its header as a chunk of its own, so a
 * file's bytes are touched once, when packets are cut. The caller keeps the body unchanged until
 * `freeBytes` reaches `writtenBytes` as it stood after the call.
 */
export class RecordWriter {
  readonly #output: RecordOutput;
  readonly #cipher: RecordCipher;
  readonly #writeChunk: (chunk: Uint8Array) => void;
  #writtenBytes = 0;

  constructor(output: RecordOutput, cipher: RecordCipher) {
    this.#output = output;
    this.#cipher = cipher;
    this.#writeChunk = (chunk) => {
      this.#writtenBytes += chunk.length;
      output.write(chunk);
    };
  }

  /** Stream bytes written so far, headers and tags included. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** Bodies of records that end here, or before, may change. */
  get freeBytes(): number {
    return this.#cipher.sharesBody ? this.#output.acknowledgedBytes : this.#writtenBytes;
  }

  /** Bytes of a record that are not body. */
  get overheadBytes(): number {
    return RECORD_HEADER_BYTES + this.#cipher.tagBytes;
  }

  /** Largest body that the next record should have, as far as the transport goes. */
  get bodyLimitBytes(): number {
    return Math.min(this.#output.recordLimitBytes, MAX_RECORD_BYTES) - this.overheadBytes;
  }

  write(type: number, body: Uint8Array): void {
    assert(this.overheadBytes + body.length <= MAX_RECORD_BYTES, 'a record fits its limit');
    const length = 1 + body.length + this.#cipher.tagBytes;
    const header = new Uint8Array(RECORD_HEADER_BYTES);
    header[0] = length >>> 24;
    header[1] = length >>> 16;
    header[2] = length >>> 8;
    header[3] = length;
    header[4] = type;
    this.#cipher.seal(header, body, this.#writeChunk);
  }
}
