import { type CloseReason, CloseCode, type TransportConnection } from '../core/transport.ts';
import { errorOfClose, errorOfFailure } from './close-meaning.ts';
import { contentBytesOf, takeContentRecord } from './content-records.ts';
import type { Try } from './earlier-tries.ts';
import { IdleWatch, lastWork } from './idle-watch.ts';
import { decodeFailure, MessageType } from './message.ts';
import type { OfferedEntry } from './offer.ts';
import { OfferIntake } from './offer-intake.ts';
import type { IncomingOffer } from './offer-reader.ts';
import { Outcome } from './outcome.ts';
import { PeerLink, type Telling } from './peer-link.ts';
import { ProgressMeter } from './progress-meter.ts';
import { ReceiverAnswers } from './receiver-answers.ts';
import { Publication } from './publication.ts';
import { decodeReport } from './limit-message.ts';
import { ReceiverClock, type ReceiverStand, type Stage, standOf } from './receiver-clock.ts';
import { limitOf, type SenderTimes } from './transfer-limit.ts';
import { ReceivingOffer } from './receiving-offer.ts';
import type { ReceivingOptions } from './receiving-options.ts';
import { type PlacedOffer, putAwayPlaces } from './receiving-places.ts';
import { SpaceWait } from './space-wait.ts';
import { receiverStall } from './stall-reason.ts';
import { asTransferError, TransferError } from './transfer-error.ts';
import { TransferTally } from './transfer-tally.ts';
import type {
  StallReason,
  EngineTransfer,
  TransferProgress,
  TransferResult,
  TransferState,
} from './transfer.ts';

/**
 * Receives files and folders.
 *
 * ```
 * offer → deciding → room → content → finishing → over
 *   ▲     policy,    credit  records   folders get  │
 *   │     places             to disk   their names  │
 *   └───────────────────── DONE ───── or ───────────┘
 * ```
 *
 * The driver hands it every event of its connection. `state` becomes `done` only after the disk said
 * that all is durable under its name. A failure before the first byte, a failed check and a changed
 * source remove a partial; every other failure keeps it (PRODUCT §4).
 */
export class ReceivingTransfer implements EngineTransfer, Try {
  readonly id: number;
  readonly direction = 'receive';
  readonly peer: string;
  readonly #options: ReceivingOptions;
  readonly #outcome: Outcome = new Outcome();
  readonly #meter: ProgressMeter;
  readonly #link: PeerLink;
  readonly #answers: ReceiverAnswers;
  readonly #startedAtUs: number;
  readonly #spaceWait: SpaceWait;
  readonly #tally = new TransferTally();
  readonly #publication: Publication;
  readonly #intake: OfferIntake;
  readonly #clock: ReceiverClock;
  readonly #watch: IdleWatch;
  #report: SenderTimes | undefined;
  #state: TransferState = 'waiting';
  #stage: Stage = 'offer';
  #isPaused = false;
  #isOffered = false;
  #arrivedBytes = 0;
  #offer: ReceivingOffer | undefined;
  /** Folders are getting their names. */
  #finishing: Promise<void> = Promise.resolve();
  /** Set when a failure comes while a file is being published; too late once it has its name. */
  #abort: (() => void) | undefined;

  constructor(options: ReceivingOptions) {
    this.#options = options;
    this.id = options.id;
    this.peer = options.peer;
    this.#meter = new ProgressMeter(options.nowUs);
    this.#startedAtUs = options.nowUs();
    this.#clock = new ReceiverClock(options.nowUs, options.busyUs);
    options.connection.expectPeer();
    this.#link = new PeerLink(options.connection, 'sender');
    this.#answers = new ReceiverAnswers(this.#link);
    this.#watch = new IdleWatch(options, this.#meter, {
      reason: () => this.#stallReason,
      isUnseen: () => this.#isBusy,
      link: () => this.#link,
      // A file that is getting its name gets it behind our back, or never.
      onGiveUp: (error) => {
        this.#end(error, 'close');
      },
    });
    this.#spaceWait = new SpaceWait({
      ...options,
      onChange: (isWaiting) => {
        this.#pause(isWaiting);
      },
    });
    this.#publication = new Publication({
      spaceWait: this.#spaceWait,
      tally: this.#tally,
      isAborted: () => this.#abort !== undefined || this.isOver,
      onSettled: this.#watch.onWork,
    });
    this.#intake = new OfferIntake({
      ...options,
      spaceWait: this.#spaceWait,
      openPlace: (name) => this.#publication.goOn(name),
      onPlaced: this.#watch.onWork,
      onAnswer: this.#meter.endWait,
    });
  }

  /** Empty until the offer has arrived. */
  get name(): string {
    return this.#intake.name;
  }

  get topEntries(): readonly OfferedEntry[] {
    return this.#intake.topEntries;
  }

  get connection(): TransportConnection {
    return this.#options.connection;
  }

  get state(): TransferState {
    if (this.#isPaused && this.#stage !== 'over') return 'paused';
    if (this.#state !== 'running') return this.#state;
    if (this.#stallReason !== undefined) return 'stalled';
    return this.#offer?.isChecking === true ? 'checking' : 'running';
  }

  /** Why nothing goes on, if that is so for long; what waits for room has its own end. */
  get #stallReason(): StallReason | undefined {
    if (this.#state !== 'running' || this.#isPaused) return undefined;
    return receiverStall(this.#meter, this.#link, this.#isBusy || !this.#canRead);
  }

  /** The disk is at work where the sender sees nothing of it. */
  get #isBusy(): boolean {
    const isPlacing = this.#stage === 'deciding' || this.#stage === 'room';
    return isPlacing || this.#isComplete || this.#offer?.isComplete === true;
  }

  get isOver(): boolean {
    return this.#stage === 'over';
  }

  get progress(): TransferProgress {
    if (this.state !== 'paused') return this.#meter.snapshot(this.#stallReason);
    return { ...this.#meter.snapshot(undefined), pauseReason: 'no-space' };
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
    this.#meter.silence(sinceUs);
  }

  onResumed(): void {
    this.#meter.endSilence();
  }

  onClosed(reason: CloseReason): void {
    if (this.isOver) {
      if (reason.code === CloseCode.ok && (reason.byPeer || this.#link.isAllAcknowledged)) {
        void this.#publication.confirm();
      }
      return;
    }
    // All has arrived and been verified: a peer that vanished now takes nothing back.
    const isWhole = this.#offer?.isComplete === true && !this.#offer.placed.offer.hasMoreOffers;
    const isComplete = this.#stage === 'finishing' || (this.#stage === 'content' && isWhole);
    if (isComplete && reason.code !== CloseCode.cancelled) return;
    this.#fail(errorOfClose(reason), 'nothing');
  }

  giveWay(): void {
    this.#fail(new TransferError('cancelled', 'the sender was gone and has begun again'), 'close');
  }

  cancel(): void {
    this.#fail(new TransferError('cancelled', CANCELLED), 'close');
  }

  /** What is refused, too, has one line on both sides. */
  #tellOffered(): void {
    if (this.#isOffered) return;
    this.#isOffered = true;
    this.#options.onOffered(this);
  }

  #pause(isPaused: boolean): void {
    if (this.isOver) return;
    this.#meter.touch();
    this.#isPaused = isPaused;
    this.#clock.enter(this.#stand);
    if (isPaused) this.#tellOffered();
    this.#answers.pause(isPaused);
    this.#options.wake();
  }

  #pump(): void {
    if (this.isOver) return;
    const error = this.#link.read(() => this.#canRead, this.#onRecord);
    if (error !== undefined) this.#fail(error, 'close');
    else if (this.#link.isReadFinished && !this.#isComplete) {
      this.#fail(this.#link.endedEarly(), 'close');
    }
    this.#finishWhenSettled();
    this.#clock.enter(this.#stand);
  }

  get #stand(): ReceiverStand {
    if (this.#isPaused) return 'waiting';
    return standOf(this.#stage, this.#offer?.isComplete === true, this.#canRead);
  }

  get #isComplete(): boolean {
    return this.#stage === 'finishing' || this.#offer?.isPublishing === true;
  }

  get #canRead(): boolean {
    if (this.#stage === 'content') return this.#offer!.hasRoom && this.#abort === undefined;
    return this.#stage === 'offer';
  }

  readonly #onRecord = (type: number, body: Uint8Array): void => {
    this.#meter.touch();
    if (type === MessageType.working && body.length === 0) return;
    if (type === MessageType.fail) {
      const failure = decodeFailure(body);
      if (failure === undefined) this.#violation('a broken FAIL');
      else this.#fail(errorOfFailure(failure), 'close');
    } else if (this.#stage === 'offer' && type === MessageType.offer) {
      this.#onOffer(body);
    } else if (this.#stage !== 'content') {
      this.#violation('an unexpected record');
    } else if (type === MessageType.report) {
      this.#report = decodeReport(body);
      if (this.#report === undefined) this.#violation('a broken REPORT');
    } else {
      this.#clock.onContent(contentBytesOf(type, body.length));
      const broken = takeContentRecord(this.#offer!, type, body);
      if (broken !== undefined) this.#violation(broken);
    }
  };

  #onOffer(body: Uint8Array): void {
    const offer = this.#intake.read(body);
    if (offer === 'violation') this.#violation('a broken OFFER');
    else if (offer === 'unsupported')
      this.#fail(new TransferError('version', 'this kind of offer is not supported'), 'reject');
    else if (offer !== 'more') {
      this.#meter.totalBytes = this.#intake.offeredBytes;
      this.#meter.isTotalKnown = offer.isSizeKnown;
      this.#stage = 'deciding';
      void this.#decide(offer);
    }
  }

  async #decide(offer: IncomingOffer): Promise<void> {
    if (this.#intake.isFirst) await this.#options.earlierTries.endBefore(this);
    if (this.isOver) return;
    const { placed, refusal, places } = await this.#intake.decide(offer);
    if (this.#stage !== 'deciding') {
      // It ended while the disk was asked, so the end did not see these places.
      await putAwayPlaces(places, new TransferError('cancelled', CANCELLED));
      placed?.room.release();
      return;
    }
    if (placed === undefined) {
      await putAwayPlaces(places, refusal);
      this.#fail(refusal, this.#intake.isFirst ? 'reject' : 'fail');
    } else {
      this.#offer = this.#offerOf(placed);
      this.#stage = 'room';
      this.#acceptWhenRoom();
    }
    this.#options.wake();
  }

  #offerOf(placed: PlacedOffer): ReceivingOffer {
    return new ReceivingOffer({
      placed,
      baseIndex: this.#intake.baseIndex,
      spaceWait: this.#spaceWait,
      tally: this.#tally,
      isAborted: () => this.#abort !== undefined || this.isOver,
      onChange: this.#onFileChange,
      onRead: this.#watch.onWork,
      onProgress: (byteCount) => {
        this.#arrivedBytes += byteCount;
        this.#meter.update(this.#arrivedBytes);
      },
      sayAgain: (entryIndex) => {
        this.#answers.again(entryIndex);
      },
      onFileFailed: (entryIndex, error) => {
        if (this.#intake.isSingle) {
          this.#fail(error, 'fail');
          return false;
        }
        this.#answers.miss(entryIndex, error);
        return true;
      },
    });
  }

  #acceptWhenRoom(): void {
    if (this.#intake.isFirst) {
      if (!this.#link.connection.raiseCredit()) return;
      this.#state = 'running';
      this.#watch.start();
      this.#meter.start();
      this.#tellOffered();
    }
    this.#stage = 'content';
    this.#answers.accept(this.#intake.accept(this.#offer!.placed));
    this.#pump();
  }

  /** The disk took something, or failed. */
  readonly #onFileChange = (): void => {
    if (this.isOver) return;
    this.#meter.touch();
    const abort = this.#abort;
    if (abort !== undefined) {
      if (this.#offer?.isPublishing === true) return;
      // What has its name by now has it.
      this.#abort = undefined;
      if (!this.#canFinish) abort();
    }
    this.#pump();
    this.#options.wake();
  };

  get #canFinish(): boolean {
    return this.#stage === 'content' && this.#offer!.isSettled;
  }

  #finishWhenSettled(): void {
    if (this.isOver || !this.#canFinish) return;
    this.#stage = 'finishing';
    void this.#finishOffer(this.#offer!.placed);
  }

  /** Every file of the offer is over: folders get their names, and the sender hears of it. */
  async #finishOffer(placed: PlacedOffer): Promise<void> {
    const { offer, room } = placed;
    room.release();
    this.#finishing = this.#publication.finish(placed);
    try {
      await this.#finishing;
      if (this.isOver) return;
      if (!offer.hasMoreOffers) this.#publication.told();
    } catch (error) {
      if (this.isOver) return;
      const abort = this.#abort;
      this.#abort = undefined;
      this.#stage = 'content'; // a failure from here on ends it at once
      if (abort !== undefined) abort();
      else this.#fail(asTransferError(error), 'fail');
      this.#options.wake();
      return;
    }
    this.#intake.finish(offer);
    this.#offer = undefined;
    if (this.#abort !== undefined && offer.hasMoreOffers) {
      this.#stage = 'offer';
      this.#abort();
    } else {
      this.#sayDone(offer.hasMoreOffers);
    }
    this.#options.wake();
  }

  #sayDone(hasMoreOffers: boolean): void {
    const limit = this.#report && limitOf(this.#report, this.#clock.times);
    if (!hasMoreOffers && limit !== undefined) this.#answers.limit(limit);
    this.#answers.done();
    if (hasMoreOffers) {
      this.#stage = 'offer';
      this.#pump();
      return;
    }
    this.#link.connection.finish();
    this.#stage = 'over';
    this.#watch.stop();
    if (!this.#meter.isTotalKnown) this.#meter.endAt(this.#arrivedBytes);
    this.#state = this.#tally.hasDelivered ? 'done' : 'failed';
    const elapsedMs = (this.#options.nowUs() - this.#startedAtUs) / 1_000 - this.#meter.waitedMs;
    if (!this.#tally.hasDelivered) this.#outcome.reject(this.#tally.error);
    const sent = { retransmittedBytes: 0, packetsLostCount: 0 };
    this.#outcome.resolve({ ...this.#tally.result, ...sent, ...(limit && { limit }), elapsedMs });
  }

  #violation(what: string): void {
    this.#fail(this.#link.violation(what), 'close');
  }

  #fail(error: TransferError, how: Telling): void {
    if (this.isOver) return;
    if (!this.#isComplete) this.#end(error, how);
    else
      this.#abort ??= () => {
        this.#fail(error, how);
      };
  }

  #end(error: TransferError, how: Telling): void {
    this.#stage = 'over';
    this.#state = 'failed';
    this.#watch.stop();
    // Without a name nothing was offered yet, unless it was no offer that this version knows.
    if (this.name !== '' || error.code === 'version') this.#tellOffered();
    this.#link.tell(how, error);
    this.#spaceWait.stop();
    void lastWork(this.#putAway(error), error, this.#options.after).then(() => {
      this.#outcome.reject(error);
    });
  }

  async #putAway(error: TransferError): Promise<void> {
    await this.#finishing.catch(() => undefined);
    await this.#offer?.putAway(error);
    await this.#publication.leave(this.#offer?.placed.places ?? []);
  }
}

const CANCELLED = 'cancelled by the receiver';
