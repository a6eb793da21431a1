import type { TransportConnection } from '../core/transport.ts';
import { LENGTH_FIELD_BYTES, MAX_RECORD_BYTES, type RecordCipher } from './record-cipher.ts';

/** What the reader needs of a connection. */
export type RecordInput = Pick<TransportConnection, 'peek' | 'consume' | 'isClosed'>;

/** Takes one record. `body` is a view that is valid until it returns. */
export type RecordHandler = (type: number, body: Uint8Array) => void;

/**
 * `none`: no whole record has arrived. `violation`: no record is that long. `unopened`: it is not what
 * the peer sealed. After either of these nothing more is read.
 */
export type ReadVerdict = 'record' | 'none' | 'violation' | 'unopened';

/**
 * Takes records from the receiving half of a stream.
 *
 * A record is handed on only when it is whole and opened. One that lies in one piece is handed on
 * where it is; another is gathered in a buffer of at most `MAX_RECORD_BYTES`, which is made only when
 * the length in front has been found within its limit.
 */
export class RecordReader {
  readonly #input: RecordInput;
  readonly #cipher: RecordCipher;
  readonly #shortestBytes: number;
  readonly #lengthField: Uint8Array = new Uint8Array(LENGTH_FIELD_BYTES);
  /** Grows to the largest record seen that did not lie in one piece. */
  #gathered: Uint8Array = new Uint8Array(0);
  /** Bytes of the present record that are in `#lengthField` and `#gathered`. */
  #gatheredBytes = 0;
  /** Length of the present record with its length field; 0 while that is not complete. */
  #recordBytes = 0;
  #failure: 'violation' | 'unopened' | undefined;

  constructor(input: RecordInput, cipher: RecordCipher) {
    this.#input = input;
    this.#cipher = cipher;
    this.#shortestBytes = LENGTH_FIELD_BYTES + 1 + cipher.tagBytes;
  }

  /** Bytes of buffer held: never more than `MAX_RECORD_BYTES`. */
  get bufferBytes(): number {
    return this.#gathered.length;
  }

  /** Hands the next whole record to `handle`, then gives its bytes back to the transport. */
  read(handle: RecordHandler): ReadVerdict {
    if (this.#failure !== undefined) return this.#failure;
    while (!this.#input.isClosed) {
      const available = this.#input.peek();
      if (available.length === 0) return 'none';
      if (this.#gatheredBytes === 0 && available.length >= LENGTH_FIELD_BYTES) {
        const recordBytes = this.#checkedLength(available);
        if (recordBytes === 0) return this.#refuse();
        if (available.length >= recordBytes) {
          const verdict = this.#open(available.subarray(0, recordBytes), handle);
          this.#consume(recordBytes);
          return verdict;
        }
      }
      const taken = this.#gather(available);
      if (taken === 0) return this.#refuse();
      this.#consume(taken);
      if (this.#gatheredBytes === this.#recordBytes) {
        const record = this.#gathered.subarray(0, this.#recordBytes);
        this.#gatheredBytes = 0;
        this.#recordBytes = 0;
        return this.#open(record, handle);
      }
    }
    return 'none';
  }

  /** Whoever handled a record may have closed the connection, which lets all bytes go. */
  #consume(byteCount: number): void {
    if (!this.#input.isClosed) this.#input.consume(byteCount);
  }

  #refuse(): ReadVerdict {
    this.#failure = 'violation';
    return this.#failure;
  }

  /** Copies from `available` what belongs to the present record; 0 when its length is refused. */
  #gather(available: Uint8Array): number {
    let taken = 0;
    while (this.#gatheredBytes < LENGTH_FIELD_BYTES && taken < available.length) {
      this.#lengthField[this.#gatheredBytes++] = available[taken++]!;
    }
    if (this.#gatheredBytes < LENGTH_FIELD_BYTES) return taken;
    if (this.#recordBytes === 0) {
      this.#recordBytes = this.#checkedLength(this.#lengthField);
      if (this.#recordBytes === 0) return 0;
      if (this.#gathered.length < this.#recordBytes) {
        this.#gathered = new Uint8Array(this.#recordBytes);
      }
      this.#gathered.set(this.#lengthField);
    }
    const part = Math.min(available.length - taken, this.#recordBytes - this.#gatheredBytes);
    this.#gathered.set(available.subarray(taken, taken + part), this.#gatheredBytes);
    this.#gatheredBytes += part;
    return taken + part;
  }

  /** Length of the record in front with its length field, or 0 when no record is that long. */
  #checkedLength(bytes: Uint8Array): number {
    const length = ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0;
    const recordBytes = LENGTH_FIELD_BYTES + length;
    return recordBytes < this.#shortestBytes || recordBytes > MAX_RECORD_BYTES ? 0 : recordBytes;
  }

  #open(record: Uint8Array, handle: RecordHandler): ReadVerdict {
    const opened = this.#cipher.open(record);
    if (opened === undefined) {
      this.#failure = 'unopened';
      return this.#failure;
    }
    handle(opened[0]!, opened.subarray(1));
    return 'record';
  }
}
