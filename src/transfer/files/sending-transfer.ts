import { type CloseReason, CloseCode, type TransportConnection } from '../core/transport.ts';
import type { RecordWriter } from '../secure/record-writer.ts';
import { closeCodeOf, errorOfClose, errorOfFailure } from './close-meaning.ts';
import type { SourceDisk, SourceFile } from './disk.ts';
import { decodeAccept, decodeFailure, encodeEnd, MessageType } from './message.ts';
import { encodeOffer, MAX_NAME_BYTES, MAX_SIZE_BYTES } from './offer.ts';
import { Outcome } from './outcome.ts';
import { ProgressMeter } from './progress-meter.ts';
import { PeerLink } from './peer-link.ts';
import { cleanReason } from './reason.ts';
import { SendingFile } from './sending-file.ts';
import { asTransferError, TransferError } from './transfer-error.ts';
import { nameOfPaths } from './transfer-name.ts';
import type { Transfer, TransferProgress, TransferResult, TransferState } from './transfer.ts';

/** Stream bytes that may follow OFFER before it is accepted: the initial credit (DESIGN §3). */
export const EAGER_STREAM_BYTES = 65_536;
/** Largest record before ACCEPT (DESIGN §3, Records). */
const EAGER_RECORD_BYTES = 16_384;

export interface SendingOptions {
  readonly id: number;
  readonly peer: string;
  readonly paths: readonly string[];
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
  #state: TransferState = 'waiting';
  #connection: TransportConnection | undefined;
  #link: PeerLink | undefined;
  #source: SourceFile | undefined;
  #file: SendingFile | undefined;
  #isAccepted = false;
  #isEndSaid = false;
  #startedAtUs = 0;

  constructor(options: SendingOptions) {
    this.#options = options;
    this.id = options.id;
    this.peer = options.peer;
    this.name = nameOfPaths(options.paths);
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
      const [path, ...more] = this.#options.paths;
      if (path === undefined || more.length > 0) {
        throw new TransferError('local-file', 'one path a transfer can be sent so far');
      }
      const source = await this.#options.disk.openSource(path);
      this.#file = new SendingFile(source, this.#onFileChange);
      this.#source = source;
      if (this.isOver) {
        await this.#file.close();
        return false;
      }
      if (Buffer.byteLength(this.name) > MAX_NAME_BYTES || source.sizeBytes > MAX_SIZE_BYTES) {
        throw new TransferError('local-file', `${path}: name or size is too large`);
      }
      this.#meter.totalBytes = source.sizeBytes;
      this.#file.start();
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
    this.#link = new PeerLink(connection, 'receiver');
    this.#link.write(MessageType.offer, encodeOffer({ name: this.name, sizeBytes, mtimeNs, mode }));
    this.#pump();
    this.#link.flush();
  }

  onReadable(): void {
    const link = this.#link;
    if (this.isOver || link === undefined) return;
    const error = link.read(() => !this.isOver, this.#onRecord);
    if (error !== undefined) this.#failAndClose(error);
    else if (link.isReadFinished) this.#failAndClose(link.endedEarly());
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

  readonly #onRecord = (type: number, body: Uint8Array): void => {
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
        if (body.length > 0 || !this.#isAccepted || !this.#isEndSaid) {
          this.#violation('an unexpected DONE');
        } else {
          this.#succeed();
        }
        return;
      default:
        this.#violation('an unexpected record');
    }
  };

  readonly #onFileChange = (): void => {
    if (this.isOver || this.#link === undefined) return;
    this.#pump();
    this.#options.wake();
  };

  /** Writes as much content as may be written now. */
  #pump(): void {
    const file = this.#file;
    const link = this.#link;
    if (this.isOver || file === undefined || link === undefined) return;
    const { connection, writer } = link;
    file.recycle(writer.freeBytes);
    while (connection.writeRoomBytes > 0) {
      const limitBytes = this.#bodyLimitBytes(writer);
      if (limitBytes <= 0) break;
      const content = file.take(limitBytes);
      if (content === undefined) break;
      writer.write(MessageType.content, content);
      file.onWritten(writer.writtenBytes);
    }
    this.#measure();
    if (file.error !== undefined) this.#failAndSay(file.error);
    else if (!this.#isEndSaid && file.isComplete && this.#hasRoomForEnd(writer)) this.#sayEnd();
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

  #sayEnd(): void {
    const { sizeBytes, digest } = this.#file!;
    this.#link!.write(MessageType.end, encodeEnd({ entryIndex: 0, sizeBytes, digest }));
    this.#isEndSaid = true;
    this.#link!.flush();
  }

  /** What is not acknowledged counts as content, so this never says too much. */
  #measure(): void {
    if (this.#link === undefined) return;
    const { writer, connection } = this.#link;
    const unacknowledged = writer.writtenBytes - connection.acknowledgedBytes;
    this.#meter.update(this.#file!.takenBytes - unacknowledged);
  }

  #succeed(): void {
    const { connection } = this.#link!;
    const { bytesRetransmittedCount, packetsLostCount } = connection.stats;
    const { sizeBytes, digest } = this.#file!;
    this.#meter.update(sizeBytes);
    this.#state = 'done';
    connection.close(CloseCode.ok, '');
    const path = this.#options.paths[0]!;
    const sha256 = Buffer.from(digest).toString('hex');
    const result: TransferResult = {
      totalBytes: sizeBytes,
      elapsedMs: (this.#options.nowUs() - this.#startedAtUs) / 1_000,
      path,
      sha256,
      items: [{ kind: 'file', name: this.name, path, totalBytes: sizeBytes, fileCount: 1, sha256 }],
      fileCount: 1,
      failures: [],
      failedCount: 0,
      retransmittedBytes: bytesRetransmittedCount,
      packetsLostCount,
    };
    void this.#release().then(() => {
      this.#outcome.resolve(result);
    });
  }

  #violation(what: string): void {
    this.#failAndClose(this.#link!.violation(what));
  }

  /** The peer learns it from a record, in order behind what was sent. */
  #failAndSay(error: TransferError): void {
    if (this.isOver) return;
    this.#link?.sayLast(MessageType.fail, error);
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
    await this.#file?.close();
  }
}

const CANCELLED = 'cancelled by the sender';
/** More than END needs, whatever the cipher adds. */
const END_ROOM_BYTES = 128;
