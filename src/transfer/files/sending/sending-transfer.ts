import { type CloseReason, CloseCode, type TransportConnection } from '../../core/transport.ts';
import { closeCodeOf, errorOfClose } from '../close-meaning.ts';
import type { ContentShare } from '../content-memory.ts';
import { IdleWatch, lastWork } from '../idle-watch.ts';
import { MessageType } from '../records/message.ts';
import { OutgoingOffers } from './outgoing-offers.ts';
import { PeerLink } from '../peer-link.ts';
import { cleanReason } from '../records/reason.ts';
import { decodeAnswer, type ReceiverAnswer } from './receiver-answer.ts';
import { SenderClock } from './sender-clock.ts';
import type { TransferLimit } from '../transfer-limit.ts';
import type { SendingOptions } from './sending-options.ts';
import { senderStall } from './sender-stall.ts';
import { TransferAccount } from '../transfer-account.ts';
import { asTransferError, TransferError } from '../transfer-error.ts';
import { nameOfPaths } from '../transfer-name.ts';
import type {
  PauseReason,
  StallReason,
  EngineTransfer,
  TransferProgress,
  TransferResult,
  TransferState,
} from '../transfer.ts';

/**
 * Sends files and folders.
 *
 * ```
 * prepare() → onOpening(connection) → onOpened() → onReadable/onWritable… → over
 *          OFFER, START and content ────► ACCEPT: content… END ──► DONE (and the next OFFER)
 * ```
 *
 * The driver hands it every event of its connection. It reads while the connection opens, so that a
 * small file leaves in one flight with its offer. Ends once: `done` settles after all sources are closed.
 */
export class SendingTransfer implements EngineTransfer {
  readonly id: number;
  readonly direction = 'send';
  readonly peer: string;
  readonly name: string;
  readonly #options: SendingOptions;
  readonly #account: TransferAccount;
  readonly #share: ContentShare;
  readonly #offers: OutgoingOffers;
  readonly #clock: SenderClock;
  readonly #watch: IdleWatch;
  /** As the receiver found it. */
  #limit: TransferLimit | undefined;
  #state: TransferState = 'waiting';
  #pauseReason: PauseReason | undefined;
  #connection: TransportConnection | undefined;
  #link: PeerLink | undefined;
  #isPreparing = false;

  constructor(options: SendingOptions) {
    this.#options = options;
    this.id = options.id;
    this.peer = options.peer;
    this.name = options.name ?? nameOfPaths(options.paths);
    this.#account = new TransferAccount(options.nowUs);
    this.#watch = new IdleWatch(options, this.#account.meter, {
      reason: () => (this.#isPreparing ? 'sender' : (this.#pauseReason ?? this.#stallReason)),
      // What was sent before is read, or the next offer is being made.
      isUnseen: () => this.#offers.offer === undefined || this.#offers.isChecking,
      link: () => this.#link,
      onGiveUp: (error) => {
        this.#failAndClose(error);
      },
    });
    this.#share = options.memory.share();
    this.#clock = new SenderClock(options.bounds ?? {});
    this.#offers = new OutgoingOffers({
      ...options,
      account: this.#account,
      share: this.#share,
      clock: this.#clock,
      onWork: this.#watch.onWork,
      onChange: this.#onFileChange,
      isOver: () => this.isOver,
      fail: (error) => {
        this.#failAndSay(error);
      },
    });
  }

  get state(): TransferState {
    if (this.#state !== 'running') return this.#state;
    if (this.#pauseReason !== undefined) return 'paused';
    if (this.#stallReason !== undefined) return 'stalled';
    return this.#offers.isChecking ? 'checking' : 'running';
  }

  /** Why nothing goes on, if that is so for long; the user did not ask for it. */
  get #stallReason(): StallReason | undefined {
    const link = this.#link;
    if (link === undefined || this.#state !== 'running') return undefined;
    this.#offers.measure();
    const { writer, offer } = this.#offers;
    return senderStall({ meter: this.#account.meter, link, writer, offer });
  }

  get isOver(): boolean {
    return this.#state === 'done' || this.#state === 'failed';
  }

  get progress(): TransferProgress {
    this.#offers.measure();
    return this.#account.progress(this.#link?.connection, this.#stallReason, this.#pauseReason);
  }

  get done(): Promise<TransferResult> {
    return this.#account.done;
  }

  /**
   * Looks through the paths and begins to read. False when there is nothing to send, or the transfer was
   * cancelled meanwhile: then `done` rejects and no connection is needed.
   */
  async prepare(): Promise<boolean> {
    this.#isPreparing = true;
    this.#watch.start();
    try {
      return await this.#offers.begin();
    } catch (error) {
      this.#fail(asTransferError(error));
      return false;
    } finally {
      this.#isPreparing = false;
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
    this.#account.begin();
    this.#account.meter.start();
    connection.expectPeer();
    this.#link = new PeerLink(connection, 'receiver');
    this.#offers.connect(this.#link);
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
    this.#account.meter.silence(sinceUs);
  }

  onResumed(): void {
    this.#account.meter.endSilence();
  }

  /** The connection ended, or could not be opened. */
  onClosed(reason: CloseReason): void {
    this.#fail(errorOfClose(reason));
  }

  cancel(): void {
    this.#failAndClose(new TransferError('cancelled', CANCELLED));
    this.#options.wake();
  }

  readonly #onRecord = (type: number, body: Uint8Array): void => {
    const { meter } = this.#account;
    if (this.#offers.writer?.isAccepted === false && !this.#pauseReason) meter.endWait();
    meter.touch();
    const answer = decodeAnswer(type, body);
    if (answer?.kind === 'failure') this.#failAndClose(answer.error);
    else if (answer === undefined || !this.#onAnswer(answer)) {
      this.#violation(`a broken or unexpected record of type ${type}`);
    }
  };

  /** False for an answer that does not fit. */
  #onAnswer(answer: Exclude<ReceiverAnswer, { kind: 'failure' }>): boolean {
    switch (answer.kind) {
      case 'accept':
        return this.#offers.accept(answer.accept);
      case 'again':
        return this.#offers.again(answer.entryIndex);
      case 'miss':
        return this.#offers.miss(answer.entryIndex, answer.error);
      case 'pause':
        this.#pauseReason = answer.reason;
        this.#clock.stop(this.#link!.connection.stats);
        return true;
      case 'resume':
        this.#pauseReason = undefined;
        return this.#offers.resume();
      case 'working':
        return true;
      case 'limit':
        this.#limit = answer.limit;
        return true;
      case 'done':
        return this.#onDone();
    }
  }

  /** All of an offer is over. */
  #onDone(): boolean {
    const finished = this.#offers.finish();
    if (finished === 'last') this.#succeed();
    return finished !== false;
  }

  readonly #onFileChange = (): void => {
    if (this.isOver || this.#link === undefined) return;
    this.#pump();
    this.#options.wake();
  };

  #pump(): void {
    if (!this.isOver) this.#offers.write();
  }

  #succeed(): void {
    const { connection } = this.#link!;
    const { tally } = this.#account;
    const { bytesRetransmittedCount: retransmittedBytes, packetsLostCount } = connection.stats;
    this.#state = tally.hasDelivered ? 'done' : 'failed';
    // Also of what was never offered: the receiver is to know its folders when that is sent after all.
    connection.close(tally.failedCount === 0 ? CloseCode.ok : CloseCode.partly, '');
    const sent = { retransmittedBytes, packetsLostCount };
    const result = this.#account.result(connection, sent, this.#limit);
    void this.#release().then(() => {
      this.#account.settle(result);
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
    void this.#release(error).then(() => {
      this.#account.fail(error);
    });
  }

  async #release(error?: TransferError): Promise<void> {
    this.#watch.stop();
    await lastWork(this.#offers.close(), error, this.#options.after);
    this.#share.close();
  }
}

const CANCELLED = 'cancelled by the sender';
