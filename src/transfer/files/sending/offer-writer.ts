import {
  encodeEnd,
  encodeFile,
  encodeMiss,
  encodeStart,
  FILE_HEADER_BYTES,
  MessageType,
} from '../records/message.ts';
import { offerRecords } from '../records/offer.ts';
import type { PeerLink } from '../peer-link.ts';
import type { SendingOffer, Turn } from './sending-offer.ts';
import type { TransferError } from '../transfer-error.ts';

/** Stream bytes that may follow OFFER before it is accepted: the initial credit (DESIGN §3). */
export const EAGER_STREAM_BYTES = 65_536;
/** Largest record before ACCEPT (DESIGN §3, Records). */
const EAGER_RECORD_BYTES = 16_384;
/** Bodies of OFFER, with room for what the cipher adds to a record before ACCEPT. */
const MAX_OFFER_RECORD_BYTES = 16_000;
/** More than START, or REPORT and END need, whatever the cipher adds. */
const SMALL_RECORD_BYTES = 256;
/** More than MISS needs. */
const MISS_ROOM_BYTES = 384;

/** `idle`: nothing may be written now. `failed`: the file whose turn it is cannot be sent. */
export type Written = 'record' | 'idle' | 'failed';

/** Puts one offer and the content of its files on the stream, record by record. */
export class OfferWriter {
  readonly #link: PeerLink;
  readonly #offer: SendingOffer;
  /** Number of the first entry of the offer, counted over all offers of the transfer. */
  readonly #baseIndex: number;
  readonly #eagerEndBytes: number;
  readonly #report: () => Uint8Array;
  /** Records of the offer itself that are not written yet. */
  #offerRecords: Generator<Uint8Array, undefined> | undefined;
  /** Stream bytes of the last flush that a stream without more content brought. */
  #flushedBytes = 0;
  /** The answer has come whole: more than the initial credit may be written. */
  isAccepted = false;
  /** Content on the stream, and content that the receiver had. */
  contentBytes = 0;

  /** `report`: what is said before the last END of all. */
  constructor(link: PeerLink, offer: SendingOffer, baseIndex: number, report: () => Uint8Array) {
    this.#report = report;
    const { entries, hasMoreOffers } = offer.offer;
    this.#link = link;
    this.#offer = offer;
    this.#baseIndex = baseIndex;
    this.#eagerEndBytes = link.writer.writtenBytes + EAGER_STREAM_BYTES;
    this.#offerRecords = offerRecords(entries, hasMoreOffers, MAX_OFFER_RECORD_BYTES);
  }

  /** The offer itself is on the stream: an answer to it may come. */
  get isOffered(): boolean {
    return this.#offerRecords === undefined;
  }

  /** Why the file whose turn it is cannot be sent, or undefined. */
  get error(): TransferError | undefined {
    const { turn } = this.#offer;
    return turn?.error ?? turn?.file?.error;
  }

  /** One record, or a step towards it. */
  write(): Written {
    if (this.#offerRecords !== undefined) {
      const next = this.#offerRecords.next();
      if (next.done === true) this.#offerRecords = undefined;
      else this.#link.write(MessageType.offer, next.value);
      return 'record';
    }
    const { turn } = this.#offer;
    if (turn === undefined) return 'idle';
    if (this.error !== undefined) return this.#mayWrite(MISS_ROOM_BYTES) ? 'failed' : 'idle';
    if (turn.file === undefined) return 'idle';
    if (turn.isStarted) return this.#writeContent(turn);
    if (this.#isForOneRecord(turn)) {
      const { isWholeReady } = turn.file;
      if (isWholeReady === true) return this.#writeWhole(turn);
      if (isWholeReady === undefined) return 'idle';
    }
    if (!this.#mayWrite(SMALL_RECORD_BYTES)) return 'idle';
    turn.isStarted = true;
    this.contentBytes += turn.startBytes;
    const start = { entryIndex: this.#baseIndex + turn.index, offsetBytes: turn.startBytes };
    this.#link.write(MessageType.start, encodeStart(start));
    return 'record';
  }

  /** Says that the file whose turn it is will not come. */
  writeMiss(turn: Turn, { code, message: reason }: TransferError): void {
    const entryIndex = this.#baseIndex + turn.index;
    this.#link.write(MessageType.miss, encodeMiss({ entryIndex, code, reason }));
  }

  /** It fits one record, as far as its size and what the transport takes now tell. */
  #isForOneRecord({ entry, startBytes }: Turn): boolean {
    const bodyBytes = FILE_HEADER_BYTES + entry.sizeBytes;
    return entry.isSizeKnown && startBytes === 0 && bodyBytes <= this.#bodyLimitBytes;
  }

  #writeWhole(turn: Turn): Written {
    const file = turn.file!;
    const content = file.takeWhole();
    if (this.#offer.isLastTurn) this.#link.write(MessageType.report, this.#report());
    const entryIndex = this.#baseIndex + turn.index;
    const { digest } = file;
    this.#link.write(MessageType.file, encodeFile({ entryIndex, digest, content }));
    this.contentBytes += content.length;
    this.#offer.onSent(turn);
    this.#offer.fill();
    return 'record';
  }

  /** A stream that has nothing more ready may be silent for long: what there is goes at once. */
  flushStream(): void {
    const { writer, connection } = this.#link;
    const isFlushed = this.#flushedBytes === writer.writtenBytes;
    if (this.#offer.turn?.entry.isSizeKnown !== false || isFlushed) return;
    if (connection.writeRoomBytes === 0) return;
    this.#flushedBytes = writer.writtenBytes;
    connection.flush();
  }

  #writeContent(turn: Turn): Written {
    const file = turn.file!;
    const { writer } = this.#link;
    file.recycle(writer.freeBytes);
    const limitBytes = this.#bodyLimitBytes;
    const content = limitBytes > 0 ? file.take(limitBytes) : undefined;
    if (content !== undefined) {
      this.#link.write(MessageType.content, content);
      file.onWritten(writer.writtenBytes);
      // What is sealed needs its chunk no more: the next read may have it.
      file.recycle(writer.freeBytes);
      this.contentBytes += content.length;
      return 'record';
    }
    if (!file.isComplete || !this.#mayWrite(SMALL_RECORD_BYTES)) return 'idle';
    if (this.#offer.isLastTurn) this.#link.write(MessageType.report, this.#report());
    const { sizeBytes, digest } = file;
    const entryIndex = this.#baseIndex + turn.index;
    this.#link.write(MessageType.end, encodeEnd({ entryIndex, sizeBytes, digest }));
    this.#offer.onSent(turn);
    this.#offer.fill();
    return 'record';
  }

  /** Before ACCEPT all stays within the initial credit. */
  #mayWrite(byteCount: number): boolean {
    return this.isAccepted || this.#link.writer.writtenBytes + byteCount <= this.#eagerEndBytes;
  }

  get #bodyLimitBytes(): number {
    const { writer } = this.#link;
    if (this.isAccepted) return writer.bodyLimitBytes;
    const roomBytes = this.#eagerEndBytes - writer.writtenBytes;
    const recordBytes = Math.min(EAGER_RECORD_BYTES, roomBytes) - writer.overheadBytes;
    return Math.min(writer.bodyLimitBytes, recordBytes);
  }
}
