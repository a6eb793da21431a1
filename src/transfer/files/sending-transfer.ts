import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { type CloseReason, CloseCode, type TransportConnection } from '../core/transport.ts';
import { RecordReader } from '../secure/record-reader.ts';
import { RecordWriter } from '../secure/record-writer.ts';
import { recordsOf } from '../secure/sealed-session.ts';
import { closeCodeOf, errorOfClose, errorOfFailure } from './close-meaning.ts';
import type { SourceDisk, SourceFile } from './disk.ts';
import { decodeAccept, decodeFailure, encodeEnd, encodeFailure, MessageType } from './message.ts';
import { encodeOffer, MAX_NAME_BYTES, MAX_SIZE_BYTES } from './offer.ts';
import { Outcome } from './outcome.ts';
import { ProgressMeter } from './progress-meter.ts';
import { ReadAhead } from './read-ahead.ts';
import { cleanReason } from './reason.ts';
import { asTransferError, TransferError } from './transfer-error.ts';
import type { Transfer, TransferProgress, TransferResult, TransferState } from './transfer.ts';

/** Stream bytes that may follow OFFER before it is accepted: the initial credit (DESIGN §3). */
export const EAGER_STREAM_BYTES = 65_536;
/** Largest record before ACCEPT (DESIGN §3, Records). */
const EAGER_RECORD_BYTES = 16_384;

export interface SendingOptions {
  readonly id: number;
  readonly peer: string;
  readonly path: string;
  readonly disk: SourceDisk;
  /** A monotonic clock, microseconds; the one of `stalled` events. */
  readonly nowUs: () => number;
  /** Called after this transfer wrote to its connection by itself: the driver then drains it. */
  readonly wake: () => void;
}

/**
 * Sends one file.
 *
 * ```
 * prepare() → onOpening(connection) → onOpened() → onReadable/onWritable… → over
 *                  OFFER and content ──────────► ACCEPT: content… END ──► DONE
 * ```
 *
 * The driver hands it every event of its connection. It reads while the connection opens, so that a
 * small file leaves in one flight with its offer. Ends once: `done` settles after the source is closed.
 */
export class SendingTransfer implements Transfer {
  readonly id: number;
  readonly direction = 'send';
  readonly peer: string;
  readonly name: string;
  readonly #options: SendingOptions;
  readonly #outcome: Outcome = new Outcome();
  readonly #meter: ProgressMeter;
  readonly #hash = createHash('sha256');
  #digest: Uint8Array = NO_DIGEST;
  #state: TransferState = 'waiting';
  #connection: TransportConnection | undefined;
  #reader: RecordReader | undefined;
  #writer: RecordWriter | undefined;
  #source: SourceFile | undefined;
  #readAhead: ReadAhead | undefined;
  #isAccepted = false;
  /** What of the end was said: nothing, the source is looked at once more, END. */
  #ending: 'none' | 'checking' | 'said' = 'none';
  #contentBytes = 0;
  #startedAtUs = 0;

  constructor(options: SendingOptions) {
    this.#options = options;
    this.id = options.id;
    this.peer = options.peer;
    this.name = basename(options.path).normalize('NFC');
    this.#meter = new ProgressMeter(options.nowUs);
  }

  get state(): TransferState {
    return this.#state === 'running' && this.#meter.isStalled ? 'stalled' : this.#state;
  }

  get isOver(): boolean {
    return this.#state === 'done' || this.#state === 'failed';
  }

  get progress(): TransferProgress {
    this.#measure();
    return this.#meter.snapshot;
  }

  get done(): Promise<TransferResult> {
    return this.#outcome.done;
  }

  /**
   * Opens the source and begins to read it. False when that failed, or the transfer was cancelled
   * meanwhile: then `done` rejects and no connection is needed.
   */
  async prepare(): Promise<boolean> {
    try {
      const source = await this.#options.disk.openSource(this.#options.path);
      this.#source = source;
      if (this.isOver) {
        await source.close();
        return false;
      }
      if (Buffer.byteLength(this.name) > MAX_NAME_BYTES || source.sizeBytes > MAX_SIZE_BYTES) {
        throw new TransferError('local-file', `${this.#options.path}: name or size is too large`);
      }
      this.#meter.totalBytes = source.sizeBytes;
      this.#readAhead = new ReadAhead(source, () => {
        if (this.isOver || this.#writer === undefined) return;
        this.#pump();
        this.#options.wake();
      });
      this.#readAhead.start();
      return true;
    } catch (error) {
      this.#fail(asTransferError(error));
      return false;
    }
  }

  /** Its connection is being opened; cancelling closes it from now on. */
  onOpening(connection: TransportConnection): void {
    this.#connection = connection;
    if (this.isOver) connection.close(CloseCode.cancelled, CANCELLED);
    else this.#state = 'opening';
  }

  /** The connection is open: offers, and sends what may follow at once. */
  onOpened(connection: TransportConnection): void {
    this.#connection = connection;
    if (this.isOver) {
      connection.close(CloseCode.cancelled, CANCELLED);
      return;
    }
    this.#state = 'running';
    this.#startedAtUs = this.#options.nowUs();
    this.#meter.start();
    const { sizeBytes, mtimeNs, mode } = this.#source!;
    const cipher = recordsOf(connection.session);
    this.#reader = new RecordReader(connection, cipher);
    this.#writer = new RecordWriter(connection, cipher);
    this.#writer.write(
      MessageType.offer,
      encodeOffer({ name: this.name, sizeBytes, mtimeNs, mode }),
    );
    this.#pump();
    connection.flush();
  }

  onReadable(): void {
    while (!this.isOver && this.#reader !== undefined) {
      const verdict = this.#reader.read((type, body) => {
        this.#onRecord(type, body);
      });
      if (verdict === 'violation') this.#violation('a broken record');
      if (verdict === 'unopened') this.#failAndClose(new TransferError('integrity', UNOPENED));
      if (verdict !== 'record') break;
    }
    if (this.isOver) return;
    if (this.#connection?.isReadFinished === true) {
      this.#failAndClose(new TransferError('integrity', 'the receiver ended before it was done'));
    }
    this.#pump();
  }

  onWritable(): void {
    this.#pump();
  }

  onStalled(sinceUs: number): void {
    this.#meter.stall(sinceUs);
  }

  onResumed(): void {
    this.#meter.resume();
  }

  /** The connection ended, or could not be opened. */
  onClosed(reason: CloseReason): void {
    this.#fail(errorOfClose(reason));
  }

  cancel(): void {
    this.#failAndClose(new TransferError('cancelled', CANCELLED));
  }

  #onRecord(type: number, body: Uint8Array): void {
    switch (type) {
      case MessageType.accept: {
        const accept = decodeAccept(body);
        const isExpected = accept?.entryIndex === 0 && accept.offsetBytes === 0;
        if (!isExpected || this.#isAccepted) this.#violation('an unexpected ACCEPT');
        this.#isAccepted = true;
        return;
      }
      case MessageType.reject:
      case MessageType.fail: {
        const failure = decodeFailure(body);
        if (failure === undefined) this.#violation('a broken REJECT or FAIL');
        else this.#failAndClose(errorOfFailure(failure));
        return;
      }
      case MessageType.done:
        if (body.length > 0 || !this.#isAccepted || this.#ending !== 'said') {
          this.#violation('an unexpected DONE');
        } else {
          this.#succeed();
        }
        return;
      default:
        this.#violation('an unexpected record');
    }
  }

  /** Writes as much content as may be written now. */
  #pump(): void {
    const readAhead = this.#readAhead;
    const writer = this.#writer;
    const connection = this.#connection;
    if (this.isOver || readAhead === undefined || writer === undefined) return;
    if (connection === undefined) return;
    readAhead.recycle(writer.freeBytes);
    while (connection.writeRoomBytes > 0) {
      const limitBytes = this.#bodyLimitBytes(writer);
      if (limitBytes <= 0) break;
      const content = readAhead.take(limitBytes);
      if (content === undefined) break;
      this.#hash.update(content);
      this.#contentBytes += content.length;
      writer.write(MessageType.content, content);
      readAhead.onWritten(writer.writtenBytes);
    }
    this.#measure();
    if (readAhead.error !== undefined) {
      this.#failAndSay(asTransferError(readAhead.error));
    } else if (readAhead.isShort) {
      this.#failAndSay(new TransferError('source-changed', SOURCE_CHANGED));
    } else if (this.#ending === 'none' && this.#hasRoomForEnd(writer) && readAhead.isFinished) {
      this.#ending = 'checking';
      void this.#sayEnd(writer, connection);
    }
  }

  #bodyLimitBytes(writer: RecordWriter): number {
    if (this.#isAccepted) return writer.bodyLimitBytes;
    const roomBytes = EAGER_STREAM_BYTES - writer.writtenBytes;
    const recordBytes = Math.min(EAGER_RECORD_BYTES, roomBytes) - writer.overheadBytes;
    return Math.min(writer.bodyLimitBytes, recordBytes);
  }

  /** END, like all else before ACCEPT, stays within the initial credit. */
  #hasRoomForEnd(writer: RecordWriter): boolean {
    return this.#isAccepted || writer.writtenBytes + END_ROOM_BYTES <= EAGER_STREAM_BYTES;
  }

  async #sayEnd(writer: RecordWriter, connection: TransportConnection): Promise<void> {
    let error: TransferError | undefined;
    try {
      const isUnchanged = await this.#source!.isUnchanged();
      if (!isUnchanged) error = new TransferError('source-changed', SOURCE_CHANGED);
    } catch (cause) {
      error = asTransferError(cause);
    }
    if (this.isOver) return;
    if (error !== undefined) {
      this.#failAndSay(error);
    } else {
      this.#digest = this.#hash.digest();
      const sizeBytes = this.#contentBytes;
      writer.write(MessageType.end, encodeEnd({ entryIndex: 0, sizeBytes, digest: this.#digest }));
      this.#ending = 'said';
      connection.flush();
    }
    this.#options.wake();
  }

  /** What is not acknowledged counts as content, so this never says too much. */
  #measure(): void {
    if (this.#writer === undefined || this.#connection === undefined) return;
    const unacknowledged = this.#writer.writtenBytes - this.#connection.acknowledgedBytes;
    this.#meter.update(this.#contentBytes - unacknowledged);
  }

  #succeed(): void {
    const connection = this.#connection!;
    const { bytesRetransmittedCount, packetsLostCount } = connection.stats;
    this.#meter.update(this.#contentBytes);
    this.#state = 'done';
    connection.close(CloseCode.ok, '');
    const result: TransferResult = {
      totalBytes: this.#contentBytes,
      elapsedMs: (this.#options.nowUs() - this.#startedAtUs) / 1_000,
      path: this.#options.path,
      sha256: Buffer.from(this.#digest).toString('hex'),
      retransmittedBytes: bytesRetransmittedCount,
      packetsLostCount,
    };
    void this.#release().then(() => {
      this.#outcome.resolve(result);
    });
  }

  #violation(what: string): void {
    this.#failAndClose(new TransferError('protocol', `the receiver broke the protocol: ${what}`));
  }

  /** The peer learns it from a record, in order behind what was sent. */
  #failAndSay(error: TransferError): void {
    if (this.isOver) return;
    const { code, message } = error;
    this.#writer?.write(MessageType.fail, encodeFailure({ code, reason: message }));
    this.#connection?.flush();
    this.#connection?.finish();
    this.#fail(error);
  }

  /** The peer learns it from CLOSE, at once. */
  #failAndClose(error: TransferError): void {
    if (this.isOver) return;
    this.#connection?.close(closeCodeOf(error.code), cleanReason(error.message));
    this.#fail(error);
  }

  #fail(error: TransferError): void {
    if (this.isOver) return;
    this.#state = 'failed';
    void this.#release().then(() => {
      this.#outcome.reject(error);
    });
  }

  async #release(): Promise<void> {
    this.#readAhead?.stop();
    // Whatever closing a file that was only read says, nothing is lost by it.
    await this.#source?.close().catch(() => undefined);
  }
}

const UNOPENED = 'a record is not what the receiver sealed';
const CANCELLED = 'cancelled by the sender';
const SOURCE_CHANGED = 'the source changed while being sent';
/** More than END needs, whatever the cipher adds. */
const END_ROOM_BYTES = 128;
const NO_DIGEST = new Uint8Array(0);
