import { ByteCursor } from './byte-cursor.ts';
import { FILES_VERSION } from './message.ts';

/** Longest name of a file or folder, in bytes of UTF-8 (DESIGN §9). */
export const MAX_NAME_BYTES = 255;
/** Longest relative name of an entry, all its folders included. */
export const MAX_PATH_BYTES = 4_096;
/** Largest size that fits a u48, 256 TiB. */
export const MAX_SIZE_BYTES: number = 2 ** 48 - 1;
/** Entries of one offer. With the next limit it bounds what a receiver must remember. */
export const MAX_OFFER_ENTRIES = 100_000;
/** Bytes of all their names. */
export const MAX_OFFER_NAME_BYTES = 16_777_216;
/**
 * Entries of the offers that are sent: less than may be, since a sender holds one that it sends and one that
 * comes next, and a receiver what it reads and what it has accepted.
 */
export const SENT_OFFER_ENTRIES = 16_384;

/** One file or folder as its sender describes it. */
export interface OfferedEntry {
  readonly kind: 'file' | 'folder';
  /** NFC, parted by `/`, from the base name of what was named. See `refusedName` for its parts. */
  readonly name: string;
  /** 0 for a folder, and where it is not known. */
  readonly sizeBytes: number;
  /** False for a file that comes from a stream: END says how large it was. It is offered alone. */
  readonly isSizeKnown: boolean;
  /** Time of last change, nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  /** Permission bits, 0–0o777; the sender leaves the others out. */
  readonly mode: number;
  /** These three, with size and `mtimeNs`, tell one state of the source from another. */
  readonly ctimeNs: bigint;
  readonly inode: bigint;
  readonly device: bigint;
}

/** What one record of an offer says. */
export interface OfferRecord {
  readonly entries: readonly OfferedEntry[];
  /** Another record of this offer follows. */
  readonly hasMoreEntries: boolean;
  /** Another offer follows, after DONE. */
  readonly hasMoreOffers: boolean;
}

export type OfferVerdict =
  | ({ readonly type: 'offer' } & OfferRecord)
  /** Of another version. */
  | { readonly type: 'unsupported' }
  /** Broken: ends the connection. */
  | { readonly type: 'violation' };

const KIND_FILE = 0;
const KIND_FOLDER = 1;
/** A file whose size is not known. */
const KIND_STREAM = 2;
const FLAG_MORE_ENTRIES = 1;
const FLAG_MORE_OFFERS = 2;
const HEADER_BYTES = 4;
const FIXED_ENTRY_BYTES = 43;
const MAX_RECORD_ENTRIES = 65_535;

/**
 * OFFER: version u8 · flags u8 · entry count u16 · entries. An entry: kind u8 · mode u16 · size u48 ·
 * mtimeNs i64 · ctimeNs i64 · inode u64 · device u64 · name length u16 · name.
 */
export function encodeOffer({ entries, hasMoreEntries, hasMoreOffers }: OfferRecord): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(FILES_VERSION, 0);
  const flags = (hasMoreEntries ? FLAG_MORE_ENTRIES : 0) | (hasMoreOffers ? FLAG_MORE_OFFERS : 0);
  header.writeUInt8(flags, 1);
  header.writeUInt16BE(entries.length, 2);
  return Buffer.concat([header, ...entries.map(encodeEntry)]);
}

function encodeEntry(entry: OfferedEntry): Uint8Array {
  const name = Buffer.from(entry.name, 'utf8');
  const bytes = Buffer.alloc(FIXED_ENTRY_BYTES + name.length);
  bytes.writeUInt8(wireKindOf(entry), 0);
  bytes.writeUInt16BE(entry.mode, 1);
  bytes.writeUIntBE(entry.sizeBytes, 3, 6);
  bytes.writeBigInt64BE(entry.mtimeNs, 9);
  bytes.writeBigInt64BE(entry.ctimeNs, 17);
  bytes.writeBigUInt64BE(entry.inode, 25);
  bytes.writeBigUInt64BE(entry.device, 33);
  bytes.writeUInt16BE(name.length, 41);
  bytes.set(name, FIXED_ENTRY_BYTES);
  return bytes;
}

function wireKindOf({ kind, isSizeKnown }: OfferedEntry): number {
  if (kind === 'folder') return KIND_FOLDER;
  return isSizeKnown ? KIND_FILE : KIND_STREAM;
}

/** An offer as bodies of records, each of at most `limitBytes`, which has room for any one entry. */
export function* offerRecords(
  entries: readonly OfferedEntry[],
  hasMoreOffers: boolean,
  limitBytes: number,
): Generator<Uint8Array, undefined> {
  let start = 0;
  while (start < entries.length) {
    let end = start;
    let bytes = HEADER_BYTES;
    while (end < entries.length && end - start < MAX_RECORD_ENTRIES) {
      const more = FIXED_ENTRY_BYTES + Buffer.byteLength(entries[end]!.name);
      if (end > start && bytes + more > limitBytes) break;
      bytes += more;
      end++;
    }
    const hasMoreEntries = end < entries.length;
    yield encodeOffer({ entries: entries.slice(start, end), hasMoreEntries, hasMoreOffers });
    start = end;
  }
  return undefined;
}

export function decodeOffer(body: Uint8Array): OfferVerdict {
  const cursor = new ByteCursor(body);
  const version = cursor.u8();
  if (cursor.isIntact && version !== FILES_VERSION) return unsupported;
  const flags = cursor.u8();
  const entryCount = cursor.u16();
  if (flags > (FLAG_MORE_ENTRIES | FLAG_MORE_OFFERS) || entryCount === 0) return violation;
  const entries: OfferedEntry[] = [];
  while (entries.length < entryCount) {
    const entry = decodeEntry(cursor);
    if (entry === undefined) return violation;
    entries.push(entry);
  }
  if (!cursor.isExactlyRead) return violation;
  const hasMoreEntries = (flags & FLAG_MORE_ENTRIES) !== 0;
  return {
    type: 'offer',
    entries,
    hasMoreEntries,
    hasMoreOffers: (flags & FLAG_MORE_OFFERS) !== 0,
  };
}

function decodeEntry(cursor: ByteCursor): OfferedEntry | undefined {
  const wireKind = cursor.u8();
  const mode = cursor.u16();
  const sizeBytes = cursor.u48();
  const mtimeNs = cursor.i64();
  const ctimeNs = cursor.i64();
  const inode = cursor.u64();
  const device = cursor.u64();
  const nameBytes = cursor.u16();
  if (nameBytes > MAX_PATH_BYTES) return undefined;
  const name = cursor.text(nameBytes);
  if (!cursor.isIntact || wireKind > KIND_STREAM || mode > 0o777) return undefined;
  if (wireKind !== KIND_FILE && sizeBytes > 0) return undefined;
  if (!isRelativeName(name)) return undefined;
  const kind = wireKind === KIND_FOLDER ? 'folder' : 'file';
  const isSizeKnown = wireKind !== KIND_STREAM;
  return { kind, name, sizeBytes, isSizeKnown, mtimeNs, mode, ctimeNs, inode, device };
}

/** NFC, and no part of it is empty or longer than a folder can hold. */
function isRelativeName(name: string): boolean {
  if (name !== name.normalize('NFC')) return false;
  return name.split('/').every((part) => part !== '' && Buffer.byteLength(part) <= MAX_NAME_BYTES);
}

const violation: OfferVerdict = { type: 'violation' };
const unsupported: OfferVerdict = { type: 'unsupported' };
