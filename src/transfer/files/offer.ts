import { ByteCursor } from './byte-cursor.ts';
import { FILES_VERSION } from './message.ts';

/** Longest name of one entry, in bytes of UTF-8 (DESIGN §9). */
export const MAX_NAME_BYTES = 255;
/** Largest size that fits a u48, 256 TiB. */
export const MAX_SIZE_BYTES: number = 2 ** 48 - 1;

/** One file as its sender describes it. */
export interface OfferedEntry {
  /** Base name, NFC. Only its length is checked here; see `refusedName`. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Time of last change, nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  /** Permission bits, 0–0o777; the sender leaves the others out. */
  readonly mode: number;
}

/** What OFFER says; more than one entry is refused for now. */
export type OfferVerdict =
  | { readonly type: 'offer'; readonly entry: OfferedEntry }
  /** Another version, or entries that only a later program sends. */
  | { readonly type: 'unsupported' }
  /** Broken: ends the connection. */
  | { readonly type: 'violation' };

/** Kinds of entries. Folders come later, with a kind of their own. */
const ENTRY_KIND_FILE = 0;
/** `flags`, bit 0: another OFFER record with more entries follows. */
const FLAG_MORE_ENTRIES = 1;
const FIXED_ENTRY_BYTES = 19;

/**
 * OFFER: version u8 · flags u8 · entry count u16 · entries. An entry: kind u8 · mode u16 · size u48 ·
 * mtimeNs i64 · name length u16 · name.
 */
export function encodeOffer(entry: OfferedEntry): Uint8Array {
  const name = Buffer.from(entry.name, 'utf8');
  const bytes = Buffer.alloc(4 + FIXED_ENTRY_BYTES);
  bytes.writeUInt8(FILES_VERSION, 0);
  bytes.writeUInt16BE(1, 2);
  bytes.writeUInt8(ENTRY_KIND_FILE, 4);
  bytes.writeUInt16BE(entry.mode, 5);
  bytes.writeUIntBE(entry.sizeBytes, 7, 6);
  bytes.writeBigInt64BE(entry.mtimeNs, 13);
  bytes.writeUInt16BE(name.length, 21);
  return Buffer.concat([bytes, name]);
}

export function decodeOffer(body: Uint8Array): OfferVerdict {
  const cursor = new ByteCursor(body);
  const version = cursor.u8();
  if (cursor.isIntact && version !== FILES_VERSION) return unsupported;
  const flags = cursor.u8();
  const entryCount = cursor.u16();
  if (!cursor.isIntact || flags > FLAG_MORE_ENTRIES || entryCount === 0) return violation;
  // A later program may offer folders; this one says so instead of calling them broken.
  if (flags !== 0 || entryCount > 1) return unsupported;
  const kind = cursor.u8();
  const mode = cursor.u16();
  const sizeBytes = cursor.u48();
  const mtimeNs = cursor.i64();
  const nameBytes = cursor.u16();
  if (nameBytes === 0 || nameBytes > MAX_NAME_BYTES) return violation;
  const name = cursor.text(nameBytes);
  if (!cursor.isExactlyRead || kind !== ENTRY_KIND_FILE || mode > 0o777) return violation;
  if (name !== name.normalize('NFC')) return violation;
  return { type: 'offer', entry: { name, sizeBytes, mtimeNs, mode } };
}

const violation: OfferVerdict = { type: 'violation' };
const unsupported: OfferVerdict = { type: 'unsupported' };
