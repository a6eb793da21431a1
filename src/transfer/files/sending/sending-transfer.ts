import { type CloseReason, CloseCode, type TransportConnection } from '../../core/transport.ts';
import { closeCodeOf, errorOfClose } from '../close-meaning.ts';
import type { ContentShare } from '../content-memory.ts';
import { IdleWatch, lastWork } from '../idle-watch.ts';
import { encodeReport } from '../records/limit-message.ts';
import { type AcceptMessage, MessageType } from '../records/message.ts';
import { OfferSurvey, type OutgoingOffer } from './offer-survey.ts';
import { OfferWriter, type Written } from './offer-writer.ts';
import { Outcome } from '../outcome.ts';
import { ProgressMeter } from '../progress-meter.ts';
import { PeerLink } from '../peer-link.ts';
import { cleanReason } from '../records/reason.ts';
import { decodeAnswer, type ReceiverAnswer } from './receiver-answer.ts';
import { SenderClock } from './sender-clock.ts';
import type { TransferLimit } from '../transfer-limit.ts';
import { SendingOffer } from './sending-offer.ts';
import type { SendingOptions } from './sending-options.ts';
import { SentItems } from './sent-items.ts';
import { SentProgress } from './sent-progress.ts';
import { senderStall } from './sender-stall.ts';
import { asTransferError, TransferError } from '../transfer-error.ts';
import { nameOfPaths } from '../transfer-name.ts';
import { routeOf } from '../transfer-route.ts';
import { TransferTally } from '../transfer-tally.ts';
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
  readonly #outcome: Outcome = new Outcome();
  readonly #meter: ProgressMeter;
  readonly #sent: SentProgress;
  readonly #tally = new TransferTally();
  readonly #share: ContentShare;
  readonly #survey: OfferSurvey;
  readonly #sentItems: SentItems;
  readonly #clock: SenderClock;
  readonly #watch: IdleWatch;
  /** As the receiver found it. */
  #limit: TransferLimit | undefined;
  #state: TransferState = 'waiting';
  #pauseReason: PauseReason | undefined;
  #connection: TransportConnection | undefined;
  #link: PeerLink | undefined;
  #offer: SendingOffer | undefined;
  #writer: OfferWriter | undefined;
  /** Looked for while this one is sent. */
  #nextOffer: Promise<OutgoingOffer | undefined> | undefined;
  /** Number of the first entry of the offer, counted over all of them. */
  #baseIndex = 0;
  #isSingle = false;
  #isPreparing = false;
  #isTurnFlushed = false;
  #startedAtUs = 0;

  constructor(options: SendingOptions) {
    this.#options = options;
    this.id = options.id;
    this.peer = options.peer;
    this.name = options.name ?? nameOfPaths(options.paths);
    this.#meter = new ProgressMeter(options.nowUs);
    this.#sent = new SentProgress(this.#meter);
    this.#watch = new IdleWatch(options, this.#meter, {
      reason: () => (this.#isPreparing ? 'sender' : (this.#pauseReason ?? this.#stallReason)),
      // What was sent before is read, or the next offer is being made.
      isUnseen: () => this.#offer === undefined || this.#offer.turn?.file?.isChecking === true,
      link: () => this.#link,
      onGiveUp: (error) => {
        this.#failAndClose(error);
      },
    });
    this.#share = options.memory.share();
    this.#survey = new OfferSurvey(options, this.#tally, this.#watch.onWork);
    this.#sentItems = new SentItems(options.paths, this.#tally);
    this.#clock = new SenderClock(options.bounds ?? {});
  }

  get state(): TransferState {
    if (this.#state !== 'running') return this.#state;
    if (this.#pauseReason !== undefined) return 'paused';
    if (this.#stallReason !== undefined) return 'stalled';
    return this.#offer?.turn?.file?.isChecking === true ? 'checking' : 'running';
  }

  /** Why nothing goes on, if that is so for long; the user did not ask for it. */
  get #stallReason(): StallReason | undefined {
    const link = this.#link;
    if (link === undefined || this.#state !== 'running') return undefined;
    this.#sent.measure(link, this.#writer);
    return senderStall({ meter: this.#meter, link, writer: this.#writer, offer: this.#offer });
  }

  get isOver(): boolean {
    return this.#state === 'done' || this.#state === 'failed';
  }

  get progress(): TransferProgress {
    if (this.#link !== undefined) this.#sent.measure(this.#link, this.#writer);
    const pauseReason = this.#pauseReason;
    const route = routeOf(this.#link?.connection);
    if (pauseReason === undefined) return { ...this.#meter.snapshot(this.#stallReason), ...route };
    return { ...this.#meter.snapshot(undefined), ...route, pauseReason };
  }

  get done(): Promise<TransferResult> {
    return this.#outcome.done;
  }

  /**
   * Looks through the paths and begins to read. False when there is nothing to send, or the transfer was
   * cancelled meanwhile: then `done` rejects and no connection is needed.
   */
  async prepare(): Promise<boolean> {
    this.#isPreparing = true;
    this.#watch.start();
    try {
      const offer = await this.#survey.next();
      if (this.isOver) return false;
      if (offer === undefined) throw this.#tally.error;
      const isAlone = offer.entries.length === 1 && !offer.hasMoreOffers;
      this.#isSingle = isAlone && this.#tally.failedCount === 0;
      this.#take(offer);
      if (!this.#isSingle) return true;
      // A single file that cannot be opened needs no connection.
      const { error } = await this.#offer!.opened();
      if (error !== undefined) throw error;
      return !this.#hasEnded();
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
    this.#startedAtUs = this.#options.nowUs();
    this.#meter.start();
    connection.expectPeer();
    this.#link = new PeerLink(connection, 'receiver');
    this.#writer = this.#writerOf(this.#offer!);
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
    this.#meter.silence(sinceUs);
  }

  onResumed(): void {
    this.#meter.endSilence();
  }

  /** The connection ended, or could not be opened. */
  onClosed(reason: CloseReason): void {
    this.#fail(errorOfClose(reason));
  }

  cancel(): void {
    this.#failAndClose(new TransferError('cancelled', CANCELLED));
  }

  #hasEnded(): boolean {
    return this.isOver;
  }

  /** The next offer is to be sent. */
  #take(offer: OutgoingOffer): void {
    this.#isTurnFlushed = false;
    this.#offer = new SendingOffer(offer, {
      disk: this.#options.disk,
      tally: this.#tally,
      share: this.#share,
      onChange: this.#onFileChange,
      onRead: this.#watch.onWork,
    });
    this.#meter.isTotalKnown = offer.entries.every(({ isSizeKnown }) => isSizeKnown);
    this.#meter.totalBytes += offer.entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#offer.fill();
    if (this.#link !== undefined) this.#writer = this.#writerOf(this.#offer);
    if (!offer.hasMoreOffers) return;
    this.#nextOffer = this.#survey.next();
    // Its failure is met when its turn comes.
    this.#nextOffer.catch(() => undefined);
  }

  #writerOf(offer: SendingOffer): OfferWriter {
    return new OfferWriter(this.#link!, offer, this.#baseIndex, () => {
      const { stats } = this.#link!.connection;
      this.#clock.stop(stats);
      return encodeReport(this.#clock.times(stats));
    });
  }

  readonly #onRecord = (type: number, body: Uint8Array): void => {
    if (this.#writer?.isAccepted === false && !this.#pauseReason) this.#meter.endWait();
    this.#meter.touch();
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
        return this.#onAccept(answer.accept);
      case 'again':
        return this.#onAgain(answer.entryIndex);
      case 'miss':
        return this.#offer?.miss(answer.entryIndex - this.#baseIndex, answer.error) === true;
      case 'pause':
        this.#pauseReason = answer.reason;
        this.#clock.stop(this.#link!.connection.stats);
        return true;
      case 'resume':
        this.#pauseReason = undefined;
        if (this.#writer?.isAccepted === true) this.#goOn();
        return true;
      case 'working':
        return true;
      case 'limit':
        this.#limit = answer.limit;
        return true;
      case 'done':
        return this.#onDone();
    }
  }

  #onAccept(accept: AcceptMessage): boolean {
    const offer = this.#offer;
    const writer = this.#writer;
    if (offer === undefined || writer === undefined) return false;
    if (writer.isAccepted || !writer.isOffered) return false;
    for (const item of accept.items) {
      if (!offer.accept(item, item.entryIndex - this.#baseIndex)) return false;
    }
    writer.isAccepted = !accept.hasMoreItems;
    if (writer.isAccepted) this.#goOn();
    offer.fill();
    return true;
  }

  /** Content may be sent. */
  #goOn(): void {
    if (this.#offer?.isFinished === false) this.#clock.start(this.#link!.connection.stats);
  }

  #onAgain(entryIndex: number): boolean {
    const index = entryIndex - this.#baseIndex;
    const writer = this.#writer;
    if (writer?.isAccepted !== true || this.#offer?.again(index) !== true) return false;
    writer.contentBytes -= this.#offer.offer.entries[index]!.sizeBytes;
    this.#isTurnFlushed = false;
    this.#goOn();
    this.#offer.fill();
    return true;
  }

  /** All of an offer is over: the next one, or the end. */
  #onDone(): boolean {
    const offer = this.#offer;
    const writer = this.#writer;
    if (writer?.isAccepted !== true || offer?.isFinished !== true) return false;
    this.#sentItems.add(offer);
    this.#baseIndex += offer.offer.entries.length;
    this.#sent.finishOffer(writer);
    this.#offer = undefined;
    this.#writer = undefined;
    if (offer.offer.hasMoreOffers) void this.#offerNext();
    else this.#succeed();
    return true;
  }

  async #offerNext(): Promise<void> {
    try {
      const offer = await this.#nextOffer;
      if (this.isOver) return;
      if (offer === undefined) throw new TransferError('internal', 'nothing more was found');
      this.#take(offer);
    } catch (error) {
      this.#failAndSay(asTransferError(error));
    }
    this.#onFileChange();
  }

  readonly #onFileChange = (): void => {
    if (this.isOver || this.#link === undefined) return;
    this.#pump();
    this.#options.wake();
  };

  /** Writes as much as may be written now. */
  #pump(): void {
    const link = this.#link;
    const offer = this.#offer;
    const writer = this.#writer;
    if (this.isOver || link === undefined) return;
    if (offer === undefined || writer === undefined) return;
    let written: Written = 'record';
    while (written !== 'idle' && link.connection.writeRoomBytes > 0) {
      written = writer.write();
      if (written === 'failed' && !this.#goesOn(writer, offer)) return;
    }
    this.#sent.measure(link, writer);
    // What is left out is told, and nothing follows it.
    if (this.#hasEnded() || this.#isTurnFlushed) return;
    if (!offer.isFinished) {
      writer.flushStream();
      return;
    }
    this.#isTurnFlushed = true;
    this.#clock.stop(link.connection.stats);
    link.flush();
  }

  /** A file cannot be sent: leaves it out. False when the transfer fails with it. */
  #goesOn(writer: OfferWriter, offer: SendingOffer): boolean {
    const turn = offer.turn!;
    const error = writer.error!;
    if (this.#isSingle) {
      this.#failAndSay(error);
      return false;
    }
    writer.writeMiss(turn, error);
    offer.onFailed(turn, error);
    offer.fill();
    return true;
  }

  #succeed(): void {
    const { bytesRetransmittedCount, packetsLostCount } = this.#link!.connection.stats;
    this.#sentItems.finish();
    this.#sent.finish(this.#tally.hasDelivered);
    this.#state = this.#tally.hasDelivered ? 'done' : 'failed';
    // Also of what was never offered: the receiver is to know its folders when that is sent after all.
    const isWhole = this.#tally.failedCount === 0;
    this.#link!.connection.close(isWhole ? CloseCode.ok : CloseCode.partly, '');
    const result: TransferResult = {
      ...this.#tally.result,
      ...(this.#limit && { limit: this.#limit }),
      ...routeOf(this.#link!.connection),
      elapsedMs: (this.#options.nowUs() - this.#startedAtUs) / 1_000 - this.#meter.waitedMs,
      retransmittedBytes: bytesRetransmittedCount,
      packetsLostCount,
    };
    void this.#release().then(() => {
      if (!this.#tally.hasDelivered) this.#outcome.reject(this.#tally.error);
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
    void this.#release(error).then(() => {
      this.#outcome.reject(error);
    });
  }

  async #release(error?: TransferError): Promise<void> {
    this.#watch.stop();
    const closed = Promise.all([this.#offer?.close(), this.#survey.close()]);
    await lastWork(closed, error, this.#options.after);
    this.#share.close();
  }
}

const CANCELLED = 'cancelled by the sender';
