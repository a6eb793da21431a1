import { type CloseReason, CloseCode, type TransportConnection } from '../core/transport.ts';
import { errorOfClose, errorOfFailure } from './close-meaning.ts';
import type { Inbox, PartialFile } from './disk.ts';
import { decodeEnd, decodeFailure, encodeAccept, MessageType } from './message.ts';
import { decodeOffer, type OfferedEntry } from './offer.ts';
import { Outcome } from './outcome.ts';
import { PeerLink } from './peer-link.ts';
import { ProgressMeter } from './progress-meter.ts';
import type { ReceivePolicy } from './receive-policy.ts';
import { ReceivingFile } from './receiving-file.ts';
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
  readonly #outcome: Outcome = new Outcome();
  readonly #meter: ProgressMeter;
  readonly #link: PeerLink;
  readonly #startedAtUs: number;
  #state: TransferState = 'waiting';
  #stage: Stage = 'offer';
  #name = '';
  #file: ReceivingFile | undefined;
  /** Set when a failure comes while the file is being published; too late once it has its name. */
  #abort: (() => void) | undefined;

  constructor(options: ReceivingOptions) {
    this.#options = options;
    this.id = options.id;
    this.peer = options.peer;
    this.#meter = new ProgressMeter(options.nowUs);
    this.#startedAtUs = options.nowUs();
    this.#link = new PeerLink(options.connection, 'sender');
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
    const error = this.#link.read(() => this.#canRead, this.#onRecord);
    if (error !== undefined) this.#failAndClose(error);
    if (!this.isOver && this.#link.isReadFinished && this.#stage !== 'publishing') {
      this.#failAndClose(this.#link.endedEarly());
    }
  }

  get #canRead(): boolean {
    if (this.#stage === 'content') return this.#file!.hasRoom;
    return this.#stage === 'offer' || this.#stage === 'writing';
  }

  readonly #onRecord = (type: number, body: Uint8Array): void => {
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
  };

  #onOffer(body: Uint8Array): void {
    const verdict = decodeOffer(body);
    if (verdict.type === 'violation') {
      this.#violation('a broken OFFER');
    } else if (verdict.type === 'unsupported') {
      this.#reject(new TransferError('version', 'this kind of offer is not supported'));
    } else {
      this.#name = verdict.entry.name;
      this.#meter.totalBytes = verdict.entry.sizeBytes;
      this.#stage = 'deciding';
      void this.#decide(verdict.entry);
    }
  }

  async #decide(entry: OfferedEntry): Promise<void> {
    const { name, sizeBytes } = entry;
    let partial: PartialFile | undefined;
    let refusal: TransferError | undefined;
    try {
      const decision = await this.#options.policy({
        from: this.peer,
        name,
        sizeBytes,
        kind: 'file',
      });
      if (decision.type === 'reject') {
        refusal = new TransferError(decision.code, decision.reason);
      } else if (this.#options.inbox === undefined) {
        refusal = new TransferError('refused', 'nothing is received here: there is no inbox');
      } else if (this.#stage === 'deciding') {
        const { storedName, keptFreeShare } = decision;
        partial = await this.#options.inbox.create({ storedName, sizeBytes, keptFreeShare });
      }
    } catch (error) {
      refusal = asTransferError(error);
    }
    if (this.#stage !== 'deciding') {
      // It ended while the disk was asked, so the end did not see this file.
      await partial?.discard().catch(() => undefined);
      return;
    }
    if (refusal !== undefined) {
      this.#reject(refusal);
    } else {
      this.#file = new ReceivingFile(entry, partial!, this.#onWritten);
      this.#stage = 'room';
      this.#acceptWhenRoom();
    }
    this.#options.wake();
  }

  #acceptWhenRoom(): void {
    if (!this.#link.connection.raiseCredit()) return;
    this.#stage = 'content';
    this.#state = 'running';
    this.#meter.start();
    this.#options.onAccepted(this);
    this.#link.write(MessageType.accept, encodeAccept({ entryIndex: 0, offsetBytes: 0 }));
    this.#link.flush();
    this.#pump();
  }

  #onContent(body: Uint8Array): void {
    if (!this.#file!.append(body)) {
      this.#violation('content beyond the size of the offer');
      return;
    }
    this.#meter.update(this.#file!.arrivedBytes);
  }

  #onEnd(body: Uint8Array): void {
    const end = decodeEnd(body);
    const verdict = end?.entryIndex === 0 ? this.#file!.end(end) : 'unfit';
    if (verdict === 'unfit') {
      this.#violation('an END that does not fit what was sent');
    } else if (verdict === 'damaged') {
      this.#failAndSay(new TransferError('integrity', 'what arrived is not what was sent'));
    } else {
      this.#stage = 'writing';
      this.#publishWhenWritten();
    }
  }

  /** The disk took a segment, or failed. */
  readonly #onWritten = (): void => {
    if (this.isOver) return;
    const { error } = this.#file!;
    if (error !== undefined) {
      this.#failAndSay(error);
    } else {
      this.#pump();
      this.#publishWhenWritten();
    }
    this.#options.wake();
  };

  #publishWhenWritten(): void {
    if (this.#stage !== 'writing' || !this.#file!.isWritten) return;
    this.#stage = 'publishing';
    void this.#publish();
  }

  async #publish(): Promise<void> {
    let path: string | undefined;
    let error: TransferError | undefined;
    try {
      path = await this.#file!.publish(() => this.#abort !== undefined);
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
    this.#link.write(MessageType.done, NOTHING);
    this.#link.flush();
    this.#link.connection.finish();
    this.#stage = 'over';
    this.#state = 'done';
    const { arrivedBytes, digest } = this.#file!;
    const sha256 = Buffer.from(digest).toString('hex');
    const { name } = this;
    this.#outcome.resolve({
      totalBytes: arrivedBytes,
      elapsedMs: (this.#options.nowUs() - this.#startedAtUs) / 1_000,
      path,
      sha256,
      items: [{ kind: 'file', name, path, totalBytes: arrivedBytes, fileCount: 1, sha256 }],
      fileCount: 1,
      failures: [],
      failedCount: 0,
      retransmittedBytes: 0,
      packetsLostCount: 0,
    });
  }

  /** Before the first byte: the peer learns it from REJECT. */
  #reject(error: TransferError): void {
    this.#fail(error, () => {
      this.#link.sayLast(MessageType.reject, error);
    });
  }

  /** The peer learns it from a record. */
  #failAndSay(error: TransferError): void {
    this.#fail(error, () => {
      this.#link.sayLast(MessageType.fail, error);
    });
  }

  /** The peer learns it from CLOSE, at once. */
  #failAndClose(error: TransferError): void {
    this.#fail(error, () => {
      this.#link.close(error);
    });
  }

  #violation(what: string): void {
    this.#failAndClose(this.#link.violation(what));
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
    const putAway = this.#file?.putAway(error) ?? Promise.resolve();
    void putAway.then(() => {
      this.#outcome.reject(error);
    });
  }
}

const CANCELLED = 'cancelled by the receiver';
const NOTHING = new Uint8Array(0);
