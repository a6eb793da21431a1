import { createHash } from 'node:crypto';
import { type CloseReason, CloseCode, type TransportConnection } from '../core/transport.ts';
import { RecordReader } from '../secure/record-reader.ts';
import { RecordWriter } from '../secure/record-writer.ts';
import { recordsOf } from '../secure/sealed-session.ts';
import { closeCodeOf, errorOfClose, errorOfFailure } from './close-meaning.ts';
import { ContentWriter } from './content-writer.ts';
import type { Inbox, PartialFile } from './disk.ts';
import {
  decodeEnd,
  decodeFailure,
  encodeAccept,
  encodeFailure,
  type EndMessage,
  MessageType,
} from './message.ts';
import { decodeOffer, type OfferedEntry } from './offer.ts';
import { Outcome } from './outcome.ts';
import { ProgressMeter } from './progress-meter.ts';
import { cleanReason } from './reason.ts';
import type { ReceivePolicy } from './receive-policy.ts';
import { asTransferError, TransferError } from './transfer-error.ts';
import type { Transfer, TransferProgress, TransferResult, TransferState } from './transfer.ts';

export interface ReceivingOptions {
  readonly id: number;
  readonly peer: string;
  /** Already open. */
  readonly connection: TransportConnection;
  /** Undefined: every offer is refused. */
  readonly inbox: Inbox | undefined;
  readonly policy: ReceivePolicy;
  /** A monotonic clock, microseconds; the one of `stalled` events. */
  readonly nowUs: () => number;
  /** Called after this transfer used its connection by itself: the driver then drains it. */
  readonly wake: () => void;
  /** The offer was accepted; called at most once, before the first content is read. */
  readonly onAccepted: (transfer: ReceivingTransfer) => void;
}

/**
 * Where a receive stands. Records are read in `offer` and `content` only, and behind END while the
 * rest is written, where the right thing to arrive is nothing.
 */
type Stage = 'offer' | 'deciding' | 'room' | 'content' | 'writing' | 'publishing' | 'over';

/**
 * Receives one file.
 *
 * ```
 * offer → deciding → room → content → writing → publishing → over
 *         policy,    credit  records   what is   fsync, name,
 *         partial            to disk   pending   DONE
 * ```
 *
 * The driver hands it every event of its connection. `state` becomes `done` only after the disk said
 * that the file is durable under its name. A failure before the first byte, a failed check and a
 * changed source remove the partial; every other failure keeps it (PRODUCT §4).
 */
export class ReceivingTransfer implements Transfer {
  readonly id: number;
  readonly direction = 'receive';
  readonly peer: string;
  readonly #options: ReceivingOptions;
  readonly #connection: TransportConnection;
  readonly #outcome: Outcome = new Outcome();
  readonly #meter: ProgressMeter;
  readonly #reader: RecordReader;
  readonly #writer: RecordWriter;
  readonly #hash = createHash('sha256');
  readonly #startedAtUs: number;
  #state: TransferState = 'waiting';
  #stage: Stage = 'offer';
  #name = '';
  #entry: OfferedEntry | undefined;
  #partial: PartialFile | undefined;
  #content: ContentWriter | undefined;
  #contentBytes = 0;
  #end: EndMessage | undefined;
  /** Set when a failure comes while the file is being published; too late once it has its name. */
  #abort: (() => void) | undefined;

  constructor(options: ReceivingOptions) {
    this.#options = options;
    this.id = options.id;
    this.peer = options.peer;
    this.#connection = options.connection;
    this.#meter = new ProgressMeter(options.nowUs);
    this.#startedAtUs = options.nowUs();
    const cipher = recordsOf(options.connection.session);
    this.#reader = new RecordReader(options.connection, cipher);
    this.#writer = new RecordWriter(options.connection, cipher);
  }

  /** Empty until the offer has arrived. */
  get name(): string {
    return this.#name;
  }

  get state(): TransferState {
    return this.#state === 'running' && this.#meter.isStalled ? 'stalled' : this.#state;
  }

  get isOver(): boolean {
    return this.#stage === 'over';
  }

  get progress(): TransferProgress {
    return this.#meter.snapshot;
  }

  get done(): Promise<TransferResult> {
    return this.#outcome.done;
  }

  onReadable(): void {
    this.#pump();
  }

  /** What a receiver writes is small; a transfer that waits for credit asks again. */
  onWritable(): void {
    this.onCreditFreed();
  }

  /** Another connection gave memory back: an offer that waits for it may now be accepted. */
  onCreditFreed(): void {
    if (this.#stage === 'room') this.#acceptWhenRoom();
  }

  onStalled(sinceUs: number): void {
    this.#meter.stall(sinceUs);
  }

  onResumed(): void {
    this.#meter.resume();
  }

  onClosed(reason: CloseReason): void {
    // All has arrived and been verified: a peer that vanished now takes nothing back.
    const isVerified = this.#stage === 'writing' || this.#stage === 'publishing';
    if (isVerified && reason.code !== CloseCode.cancelled) return;
    this.#fail(errorOfClose(reason), () => undefined);
  }

  cancel(): void {
    this.#failAndClose(new TransferError('cancelled', CANCELLED));
  }

  #pump(): void {
    while (this.#canRead) {
      const verdict = this.#reader.read((type, body) => {
        this.#onRecord(type, body);
      });
      if (verdict === 'violation') this.#violation('a broken record');
      if (verdict === 'unopened') this.#failAndClose(new TransferError('integrity', UNOPENED));
      if (verdict !== 'record') break;
    }
    if (!this.isOver && this.#connection.isReadFinished && this.#stage !== 'publishing') {
      this.#failAndClose(new TransferError('integrity', 'the sender ended before it was done'));
    }
  }

  get #canRead(): boolean {
    if (this.#stage === 'content') return this.#content!.hasRoom;
    return this.#stage === 'offer' || this.#stage === 'writing';
  }

  #onRecord(type: number, body: Uint8Array): void {
    if (type === MessageType.fail) {
      const failure = decodeFailure(body);
      if (failure === undefined) this.#violation('a broken FAIL');
      else this.#failAndClose(errorOfFailure(failure));
    } else if (this.#stage === 'offer' && type === MessageType.offer) {
      this.#onOffer(body);
    } else if (this.#stage === 'content' && type === MessageType.content) {
      this.#onContent(body);
    } else if (this.#stage === 'content' && type === MessageType.end) {
      this.#onEnd(body);
    } else {
      this.#violation('an unexpected record');
    }
  }

  #onOffer(body: Uint8Array): void {
    const verdict = decodeOffer(body);
    if (verdict.type === 'violation') {
      this.#violation('a broken OFFER');
    } else if (verdict.type === 'unsupported') {
      this.#reject(new TransferError('version', 'this kind of offer is not supported'));
    } else {
      this.#entry = verdict.entry;
      this.#name = verdict.entry.name;
      this.#meter.totalBytes = verdict.entry.sizeBytes;
      this.#stage = 'deciding';
      void this.#decide(verdict.entry);
    }
  }

  async #decide(entry: OfferedEntry): Promise<void> {
    const { name, sizeBytes } = entry;
    let refusal: TransferError | undefined;
    try {
      const decision = await this.#options.policy({ from: this.peer, name, sizeBytes });
      if (decision.type === 'reject') {
        refusal = new TransferError(decision.code, decision.reason);
      } else if (this.#options.inbox === undefined) {
        refusal = new TransferError('refused', 'nothing is received here: there is no inbox');
      } else if (this.#stage === 'deciding') {
        const { storedName, keptFreeShare } = decision;
        const request = { storedName, sizeBytes, keptFreeShare };
        this.#partial = await this.#options.inbox.create(request);
      }
    } catch (error) {
      refusal = asTransferError(error);
    }
    if (this.#stage !== 'deciding') {
      // It ended while the disk was asked, so the end did not see this file.
      await this.#partial?.discard().catch(() => undefined);
      return;
    }
    if (refusal !== undefined) {
      this.#reject(refusal);
    } else {
      this.#content = new ContentWriter(this.#partial!, sizeBytes, () => {
        this.#onWritten();
      });
      this.#stage = 'room';
      this.#acceptWhenRoom();
    }
    this.#options.wake();
  }

  #acceptWhenRoom(): void {
    if (!this.#connection.raiseCredit()) return;
    this.#stage = 'content';
    this.#state = 'running';
    this.#meter.start();
    this.#options.onAccepted(this);
    this.#writer.write(MessageType.accept, encodeAccept({ entryIndex: 0, offsetBytes: 0 }));
    this.#connection.flush();
    this.#pump();
  }

  #onContent(body: Uint8Array): void {
    if (body.length === 0 || this.#contentBytes + body.length > this.#entry!.sizeBytes) {
      this.#violation('content beyond the size of the offer');
      return;
    }
    this.#hash.update(body);
    this.#content!.append(body);
    this.#contentBytes += body.length;
    this.#meter.update(this.#contentBytes);
  }

  #onEnd(body: Uint8Array): void {
    const end = decodeEnd(body);
    const { sizeBytes } = this.#entry!;
    const isComplete = end?.sizeBytes === sizeBytes && this.#contentBytes === sizeBytes;
    if (end?.entryIndex !== 0 || !isComplete) {
      this.#violation('an END that does not fit what was sent');
      return;
    }
    this.#end = end;
    if (!this.#hash.digest().equals(end.digest)) {
      this.#failAndSay(new TransferError('integrity', 'what arrived is not what was sent'));
      return;
    }
    this.#stage = 'writing';
    this.#content!.flush();
    this.#publishWhenWritten();
  }

  /** The disk took a segment, or failed. */
  #onWritten(): void {
    if (this.isOver) return;
    if (this.#content!.error !== undefined) {
      this.#failAndSay(asTransferError(this.#content!.error));
    } else {
      this.#pump();
      this.#publishWhenWritten();
    }
    this.#options.wake();
  }

  #publishWhenWritten(): void {
    if (this.#stage !== 'writing' || !this.#content!.isIdle) return;
    this.#stage = 'publishing';
    void this.#publish();
  }

  async #publish(): Promise<void> {
    const { mtimeNs, mode } = this.#entry!;
    const isAborted = (): boolean => this.#abort !== undefined;
    let path: string | undefined;
    let error: TransferError | undefined;
    try {
      path = await this.#partial!.publish({ mtimeNs, mode, isAborted });
    } catch (cause) {
      error = asTransferError(cause);
    }
    this.#stage = 'writing'; // a failure from here on ends it at once
    if (path !== undefined) this.#succeed(path);
    else if (this.#abort !== undefined) this.#abort();
    else this.#failAndSay(error ?? new TransferError('internal', 'the file was not published'));
    this.#options.wake();
  }

  #succeed(path: string): void {
    this.#writer.write(MessageType.done, NOTHING);
    this.#connection.flush();
    this.#connection.finish();
    this.#stage = 'over';
    this.#state = 'done';
    this.#outcome.resolve({
      totalBytes: this.#contentBytes,
      elapsedMs: (this.#options.nowUs() - this.#startedAtUs) / 1_000,
      path,
      sha256: Buffer.from(this.#end!.digest).toString('hex'),
      retransmittedBytes: 0,
      packetsLostCount: 0,
    });
  }

  /** Before the first byte: the peer learns it from REJECT. */
  #reject(error: TransferError): void {
    this.#fail(error, () => {
      this.#sayLast(MessageType.reject, error);
    });
  }

  /** The peer learns it from a record. */
  #failAndSay(error: TransferError): void {
    this.#fail(error, () => {
      this.#sayLast(MessageType.fail, error);
    });
  }

  #sayLast(type: number, { code, message }: TransferError): void {
    this.#writer.write(type, encodeFailure({ code, reason: message }));
    this.#connection.flush();
    this.#connection.finish();
  }

  /** The peer learns it from CLOSE, at once. */
  #failAndClose(error: TransferError): void {
    this.#fail(error, () => {
      this.#connection.close(closeCodeOf(error.code), cleanReason(error.message));
    });
  }

  #violation(what: string): void {
    this.#failAndClose(new TransferError('protocol', `the sender broke the protocol: ${what}`));
  }

  #fail(error: TransferError, tellPeer: () => void): void {
    if (this.isOver) return;
    if (this.#stage === 'publishing') {
      this.#abort ??= () => {
        this.#fail(error, tellPeer);
      };
      return;
    }
    this.#stage = 'over';
    this.#state = 'failed';
    tellPeer();
    void this.#putAway(error).then(() => {
      this.#outcome.reject(error);
    });
  }

  /** Keeps or removes what is on the disk, as the failure asks. */
  async #putAway(error: TransferError): Promise<void> {
    const partial = this.#partial;
    if (partial === undefined) return;
    const isWorthless = error.code === 'source-changed' || error.code === 'integrity';
    try {
      await this.#content?.drain();
      if (isWorthless || partial.writtenBytes === 0) await partial.discard();
      else await partial.keep();
    } catch {
      // The transfer has failed already, for a reason of its own.
    }
  }
}

const UNOPENED = 'a record is not what the sender sealed';
const CANCELLED = 'cancelled by the receiver';
const NOTHING = new Uint8Array(0);
