import { type CloseReason, CloseCode, type TransportConnection } from '../../core/transport.ts';
import { errorOfClose, errorOfFailure } from '../close-meaning.ts';
import type { ContentShare } from '../content-memory.ts';
import { contentBytesOf, takeContentRecord } from './content-records.ts';
import type { Try } from './earlier-tries.ts';
import { IdleWatch, lastWork } from '../idle-watch.ts';
import { decodeFailure, MessageType } from '../records/message.ts';
import type { OfferedEntry } from '../records/offer.ts';
import { CANCELLED_BY_RECEIVER, type ContentOptions, OfferIntake } from './offer-intake.ts';
import type { IncomingOffer } from './offer-reader.ts';
import { PeerLink, type Telling } from '../peer-link.ts';
import { ReceiverAnswers } from './receiver-answers.ts';
import { Publication } from './publication.ts';
import { ReceiveStanding } from './receive-standing.ts';
import { ReceiverClock } from './receiver-clock.ts';
import type { ReceivingOptions } from './receiving-options.ts';
import type { PlacedOffer } from './receiving-places.ts';
import { SpaceWait } from './space-wait.ts';
import { receiverStall } from './receiver-stall.ts';
import { TransferAccount } from '../transfer-account.ts';
import { asTransferError, TransferError } from '../transfer-error.ts';
import type {
  StallReason,
  EngineTransfer,
  TransferProgress,
  TransferResult,
  TransferState,
} from '../transfer.ts';

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
  readonly #account: TransferAccount;
  readonly #link: PeerLink;
  readonly #answers: ReceiverAnswers;
  readonly #spaceWait: SpaceWait;
  readonly #share: ContentShare;
  readonly #publication: Publication;
  readonly #intake: OfferIntake;
  readonly #clock: ReceiverClock;
  readonly #watch: IdleWatch;
  readonly #at = new ReceiveStanding();
  #isOffered = false;
  #arrivedBytes = 0;

  constructor(options: ReceivingOptions) {
    this.#options = options;
    this.id = options.id;
    this.peer = options.peer;
    this.#account = new TransferAccount(options.nowUs);
    this.#account.begin();
    this.#share = options.memory.share();
    this.#clock = new ReceiverClock(options.nowUs, options.busyUs);
    options.connection.expectPeer();
    this.#link = new PeerLink(options.connection, 'sender');
    this.#answers = new ReceiverAnswers(this.#link);
    this.#watch = new IdleWatch(options, this.#account.meter, {
      reason: () => this.#stallReason,
      isUnseen: () => this.#at.isBusy,
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
      tally: this.#account.tally,
      isAborted: () => this.#at.isAborted,
      onSettled: this.#watch.onWork,
    });
    this.#intake = new OfferIntake({
      ...options,
      spaceWait: this.#spaceWait,
      openPlace: (name) => this.#publication.goOn(name),
      onPlaced: this.#watch.onWork,
      onAnswer: this.#account.meter.endWait,
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
    const { state } = this.#at;
    const mayStall = state === 'running' || state === 'checking';
    return mayStall && this.#stallReason !== undefined ? 'stalled' : state;
  }

  /** Why nothing goes on, if that is so for long; what waits for room has its own end. */
  get #stallReason(): StallReason | undefined {
    if (!this.#at.isRunning) return undefined;
    return receiverStall(this.#account.meter, this.#link, this.#at.isBusy || !this.#at.canRead);
  }

  get isOver(): boolean {
    return this.#at.stage === 'over';
  }

  get progress(): TransferProgress {
    const pauseReason = this.state === 'paused' ? 'no-space' : undefined;
    return this.#account.progress(this.connection, this.#stallReason, pauseReason);
  }

  get done(): Promise<TransferResult> {
    return this.#account.done;
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
    if (this.#at.stage !== 'room') return;
    this.#acceptWhenRoom();
    if (this.#hasAccepted()) this.#options.wake();
  }

  /** Asked behind a call that may have accepted. */
  #hasAccepted(): boolean {
    return this.#at.stage !== 'room';
  }

  onStalled(sinceUs: number): void {
    this.#account.meter.silence(sinceUs);
  }

  onResumed(): void {
    this.#account.meter.endSilence();
  }

  onClosed(reason: CloseReason): void {
    if (this.isOver) {
      if (reason.code === CloseCode.ok && (reason.byPeer || this.#link.isAllAcknowledged)) {
        void this.#publication.confirm(true);
      }
      if (reason.code === CloseCode.partly) void this.#publication.confirm(false);
      return;
    }
    // All has arrived and been verified: a peer that vanished now takes nothing back.
    if (this.#at.isWhole && reason.code !== CloseCode.cancelled) return;
    this.#fail(errorOfClose(reason), 'nothing');
  }

  giveWay(): void {
    this.#fail(new TransferError('cancelled', 'the sender was gone and has begun again'), 'close');
  }

  cancel(): void {
    this.#fail(new TransferError('cancelled', CANCELLED_BY_RECEIVER), 'close');
    this.#options.wake();
  }

  /** What is refused, too, has one line on both sides. */
  #tellOffered(): void {
    if (this.#isOffered) return;
    this.#isOffered = true;
    this.#options.onOffered(this);
  }

  #pause(isPaused: boolean): void {
    if (this.isOver) return;
    this.#account.meter.touch();
    this.#at.isPaused = isPaused;
    this.#clock.enter(this.#at.stand);
    if (isPaused) this.#tellOffered();
    this.#answers.pause(isPaused);
    this.#options.wake();
  }

  #pump(): void {
    if (this.isOver) return;
    const error = this.#link.read(() => this.#at.canRead, this.#onRecord);
    if (error !== undefined) this.#fail(error, 'close');
    else if (this.#link.isReadFinished && !this.#at.isEnding) {
      this.#fail(this.#link.endedEarly(), 'close');
    }
    this.#finishWhenSettled();
    this.#clock.enter(this.#at.stand);
  }

  readonly #onRecord = (type: number, body: Uint8Array): void => {
    this.#account.meter.touch();
    if (type === MessageType.working && body.length === 0) return;
    if (type === MessageType.fail) {
      const failure = decodeFailure(body);
      if (failure === undefined) this.#violation('a broken FAIL');
      else this.#fail(errorOfFailure(failure), 'close');
    } else if (this.#at.stage === 'offer' && type === MessageType.offer) {
      this.#onOffer(body);
    } else if (this.#at.stage !== 'content') {
      this.#violation('an unexpected record');
    } else if (type === MessageType.report) {
      if (!this.#clock.onReport(body)) this.#violation('a broken REPORT');
    } else {
      this.#clock.onContent(contentBytesOf(type, body.length));
      const broken = takeContentRecord(this.#at.offer!, type, body);
      if (broken !== undefined) this.#violation(broken);
    }
  };

  #onOffer(body: Uint8Array): void {
    const offer = this.#intake.read(body);
    if (offer === 'violation') this.#violation('a broken OFFER');
    else if (offer === 'unsupported')
      this.#fail(new TransferError('version', 'this kind of offer is not supported'), 'reject');
    else if (offer !== 'more') {
      this.#account.meter.totalBytes = this.#intake.offeredBytes;
      this.#account.meter.isTotalKnown = offer.isSizeKnown;
      this.#at.stage = 'deciding';
      void this.#decide(offer);
    }
  }

  async #decide(offer: IncomingOffer): Promise<void> {
    if (this.#intake.isFirst) await this.#options.earlierTries.endBefore(this);
    if (this.isOver) return;
    const decided = await this.#intake.decide(offer, () => this.#at.stage === 'deciding');
    if (decided === undefined) return;
    if (decided.placed === undefined) {
      this.#fail(decided.refusal, this.#intake.isFirst ? 'reject' : 'fail');
    } else {
      this.#at.offer = this.#intake.open(decided.placed, this.#contentOptions);
      this.#at.stage = 'room';
      this.#acceptWhenRoom();
    }
    this.#options.wake();
  }

  get #contentOptions(): ContentOptions {
    return {
      tally: this.#account.tally,
      share: this.#share,
      answers: this.#answers,
      isAborted: () => this.#at.isAborted,
      onChange: this.#onFileChange,
      onRead: this.#watch.onWork,
      onProgress: (byteCount) => {
        this.#arrivedBytes += byteCount;
        this.#account.meter.update(this.#arrivedBytes);
      },
      fail: (error) => {
        this.#fail(error, 'fail');
      },
    };
  }

  #acceptWhenRoom(): void {
    if (this.#intake.isFirst) {
      if (!this.#link.connection.raiseCredit()) return;
      this.#at.outcome = 'running';
      this.#watch.start();
      this.#account.meter.start();
      this.#tellOffered();
    }
    this.#at.stage = 'content';
    this.#answers.accept(this.#intake.accept(this.#at.offer!.placed));
    this.#pump();
  }

  /** The disk took something, or failed. */
  readonly #onFileChange = (): void => {
    if (this.isOver) return;
    this.#account.meter.touch();
    const abort = this.#at.abort;
    if (abort !== undefined) {
      if (this.#at.offer?.isPublishing === true) return;
      // What has its name by now has it.
      this.#at.abort = undefined;
      if (!this.#at.canFinish) abort();
    }
    this.#pump();
    this.#options.wake();
  };

  #finishWhenSettled(): void {
    if (this.isOver || !this.#at.canFinish) return;
    this.#at.stage = 'finishing';
    void this.#finishOffer(this.#at.offer!.placed);
  }

  /** Every file of the offer is over: folders get their names, and the sender hears of it. */
  async #finishOffer(placed: PlacedOffer): Promise<void> {
    const { offer, room } = placed;
    room.release();
    try {
      await this.#publication.finish(placed);
      if (this.isOver) return;
      if (!offer.hasMoreOffers) this.#publication.told();
    } catch (error) {
      if (this.isOver) return;
      const abort = this.#at.abort;
      this.#at.abort = undefined;
      this.#at.stage = 'content'; // a failure from here on ends it at once
      if (abort !== undefined) abort();
      else this.#fail(asTransferError(error), 'fail');
      this.#options.wake();
      return;
    }
    this.#intake.finish(offer);
    this.#at.offer = undefined;
    if (this.#at.abort !== undefined && offer.hasMoreOffers) {
      this.#at.stage = 'offer';
      this.#at.abort();
    } else {
      this.#sayDone(offer.hasMoreOffers);
    }
    this.#options.wake();
  }

  #sayDone(hasMoreOffers: boolean): void {
    const { limit } = this.#clock;
    if (!hasMoreOffers && limit !== undefined) this.#answers.limit(limit);
    this.#answers.done();
    if (hasMoreOffers) {
      this.#at.stage = 'offer';
      this.#pump();
      return;
    }
    this.#link.connection.finish();
    this.#at.stage = 'over';
    this.#watch.stop();
    this.#share.close();
    if (!this.#account.meter.isTotalKnown) this.#account.meter.endAt(this.#arrivedBytes);
    this.#at.outcome = this.#account.tally.hasDelivered ? 'done' : 'failed';
    const sent = { retransmittedBytes: 0, packetsLostCount: 0 };
    this.#account.settle(this.#account.result(this.connection, sent, limit));
  }

  #violation(what: string): void {
    this.#fail(this.#link.violation(what), 'close');
  }

  #fail(error: TransferError, how: Telling): void {
    if (this.isOver) return;
    // A name that needs room is tried once more and not waited for.
    this.#spaceWait.stop();
    if (!this.#at.isEnding) this.#end(error, how);
    else
      this.#at.abort ??= () => {
        this.#fail(error, how);
      };
  }

  #end(error: TransferError, how: Telling): void {
    this.#at.stage = 'over';
    this.#at.outcome = 'failed';
    this.#watch.stop();
    // Without a name nothing was offered yet, unless it was no offer that this version knows.
    if (this.name !== '' || error.code === 'version') this.#tellOffered();
    this.#link.tell(how, error);
    this.#spaceWait.stop();
    void lastWork(this.#putAway(error), error, this.#options.after).then(() => {
      this.#account.fail(error);
    });
  }

  async #putAway(error: TransferError): Promise<void> {
    await this.#publication.settled();
    await this.#intake.settled();
    await this.#at.offer?.putAway(error);
    await this.#publication.leave(this.#at.offer?.placed.places ?? []);
    this.#share.close();
  }
}
