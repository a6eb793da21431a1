/**
 * How records are sealed. `files` sees whole records only and never knows which cipher is in use.
 *
 * ```
 *  0        4      5
 *  +--------+------+----------------+-----------------+
 *  | length | type | body           | tag             |
 *  | u32 BE | u8   | length − 1 −…  | cipher.tagBytes |
 *  +--------+------+----------------+-----------------+
 * ```
 *
 * `length` counts what follows it, the tag included (DESIGN §3, Records).
 */

/** Bytes of the length field, which stands outside of what is sealed (additional data). */
export const LENGTH_FIELD_BYTES = 4;
/** The length field and the type. */
export const RECORD_HEADER_BYTES = 5;
/** Largest record, header and tag included (DESIGN §3): bounds what a reader must hold. */
export const MAX_RECORD_BYTES = 65_536;

/** Both directions of one connection; each call uses up one nonce where there are nonces. */
export interface RecordCipher {
  /** Bytes that sealing adds behind the body. */
  readonly tagBytes: number;
  /** What travels are views of what was given: neither may change until it is acknowledged. */
  readonly sharesBody: boolean;
  /**
   * Hands the bytes that travel for one record to `write`, in order.
   *
   * @param header the 5 header bytes, length filled in
   */
  seal(header: Uint8Array, body: Uint8Array, write: (chunk: Uint8Array) => void): void;
  /**
   * Type and body of a whole record (`MAX_RECORD_BYTES` at most, the length field in front), or
   * undefined when it is not what the peer sealed.
   */
  open(record: Uint8Array): Uint8Array | undefined;
}

/** Records in the clear: the framing alone. */
export const plainRecords: RecordCipher = {
  tagBytes: 0,
  sharesBody: true,
  seal(header: Uint8Array, body: Uint8Array, write: (chunk: Uint8Array) => void): void {
    write(header);
    if (body.length > 0) write(body);
  },
  open(record: Uint8Array): Uint8Array {
    return record.subarray(LENGTH_FIELD_BYTES);
  },
};
