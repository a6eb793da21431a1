import type { ContentShare } from '../content-memory.ts';
import type { PeerLink } from '../peer-link.ts';
import { encodeReport } from '../records/limit-message.ts';
import type { AcceptMessage } from '../records/message.ts';
import type { TransferAccount } from '../transfer-account.ts';
import { asTransferError, TransferError } from '../transfer-error.ts';
import { OfferSurvey, type OfferSurveyOptions, type OutgoingOffer } from './offer-survey.ts';
import { OfferWriter, type Written } from './offer-writer.ts';
import type { SenderClock } from './sender-clock.ts';
import { SendingOffer } from './sending-offer.ts';
import { SentItems } from './sent-items.ts';
import { SentProgress } from './sent-progress.ts';

export interface OutgoingOffersOptions extends OfferSurveyOptions {
  readonly account: TransferAccount;
  readonly share: ContentShare;
  readonly clock: SenderClock;
  /** The disk has got further, as the other side may not see. */
  readonly onWork: () => void;
  /** More may be written now: `write` is to be called. */
  readonly onChange: () => void;
  readonly isOver: () => boolean;
  /** The only file cannot be sent, or the next offer not be made: the transfer fails with it. */
  readonly fail: (error: TransferError) => void;
}

/**
 * The offers of one transfer, one behind the other: makes each, puts it and its content on the stream, and
 * takes the answers to it. While one is sent the next one is looked for.
 */
export class OutgoingOffers {
  readonly #options: OutgoingOffersOptions;
  readonly #survey: OfferSurvey;
  readonly #sentItems: SentItems;
  readonly #progress: SentProgress;
  #link: PeerLink | undefined;
  #offer: SendingOffer | undefined;
  #writer: OfferWriter | undefined;
  /** Looked for while this one is sent. */
  #next: Promise<OutgoingOffer | undefined> | undefined;
  /** Number of the first entry of the offer, counted over all of them. */
  #baseIndex = 0;
  #isSingle = false;
  #isTurnFlushed = false;

  constructor(options: OutgoingOffersOptions) {
    const { tally, meter } = options.account;
    this.#options = options;
    this.#survey = new OfferSurvey(options, tally, options.onWork);
    this.#sentItems = new SentItems(options.paths, tally);
    this.#progress = new SentProgress(meter);
  }

  /** The one that is being sent; undefined while one is being made. */
  get offer(): SendingOffer | undefined {
    return this.#offer;
  }

  /** Of `offer`, once there is a link. */
  get writer(): OfferWriter | undefined {
    return this.#writer;
  }

  /** The receiver has part of the file whose turn it is, which is read for its hash. */
  get isChecking(): boolean {
    return this.#offer?.turn?.file?.isChecking === true;
  }

  /**
   * Makes the first offer and begins to read. False when the transfer is over meanwhile; rejects when there
   * is nothing to send.
   */
  async begin(): Promise<boolean> {
    const { isOver, account } = this.#options;
    const first = await this.#survey.next();
    if (isOver()) return false;
    if (first === undefined) throw account.tally.error;
    const isAlone = first.entries.length === 1 && !first.hasMoreOffers;
    this.#isSingle = isAlone && account.tally.failedCount === 0;
    const offer = this.#take(first);
    if (!this.#isSingle) return true;
    // A single file that cannot be opened needs no connection.
    const { error } = await offer.opened();
    if (error !== undefined) throw error;
    return !isOver();
  }

  /** There is a link now, for all offers. */
  connect(link: PeerLink): void {
    this.#link = link;
    this.#writer = this.#writerOf(link, this.#offer!);
  }

  /** Tells the meter how much has arrived. */
  measure(): void {
    if (this.#link !== undefined) this.#progress.measure(this.#link, this.#writer);
  }

  /** Writes as much as may be written now. */
  write(): void {
    const link = this.#link;
    const offer = this.#offer;
    const writer = this.#writer;
    if (link === undefined || offer === undefined || writer === undefined) return;
    let written: Written = 'record';
    while (written !== 'idle' && link.connection.writeRoomBytes > 0) {
      written = writer.write();
      if (written === 'failed' && !this.#goesOn(writer, offer)) return;
    }
    this.#progress.measure(link, writer);
    // What is left out is told, and nothing follows it.
    if (this.#options.isOver() || this.#isTurnFlushed) return;
    if (!offer.isFinished) {
      writer.flushStream();
      return;
    }
    this.#isTurnFlushed = true;
    this.#options.clock.stop(link.connection.stats);
    link.flush();
  }

  /** A part of the answer to an offer. This and the next four: false where it does not fit. */
  accept(accept: AcceptMessage): boolean {
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

  /** A file is wanted once more. */
  again(entryIndex: number): boolean {
    const index = entryIndex - this.#baseIndex;
    const offer = this.#offer;
    const writer = this.#writer;
    if (writer?.isAccepted !== true || offer?.again(index) !== true) return false;
    writer.contentBytes -= offer.offer.entries[index]!.sizeBytes;
    this.#isTurnFlushed = false;
    this.#goOn();
    offer.fill();
    return true;
  }

  /** The receiver leaves a file out. */
  miss(entryIndex: number, error: TransferError): boolean {
    return this.#offer?.miss(entryIndex - this.#baseIndex, error) === true;
  }

  /** The receiver pauses no more. */
  resume(): true {
    if (this.#writer?.isAccepted === true) this.#goOn();
    return true;
  }

  /** All of an offer is over: `next` is made now, or that was the `last` one. */
  finish(): 'next' | 'last' | false {
    const offer = this.#offer;
    const writer = this.#writer;
    if (writer?.isAccepted !== true || offer?.isFinished !== true) return false;
    this.#sentItems.add(offer);
    this.#baseIndex += offer.offer.entries.length;
    this.#progress.finishOffer(writer);
    this.#offer = undefined;
    this.#writer = undefined;
    if (offer.offer.hasMoreOffers) {
      void this.#takeNext();
      return 'next';
    }
    this.#sentItems.finish();
    this.#progress.finish(this.#options.account.tally.hasDelivered);
    return 'last';
  }

  /** Resolves when all sources are closed. */
  async close(): Promise<void> {
    await Promise.all([this.#offer?.close(), this.#survey.close()]);
  }

  /** An offer is to be sent. */
  #take(outgoing: OutgoingOffer): SendingOffer {
    const { disk, share, account, onChange, onWork } = this.#options;
    const { tally, meter } = account;
    this.#isTurnFlushed = false;
    const offer = new SendingOffer(outgoing, { disk, tally, share, onChange, onRead: onWork });
    this.#offer = offer;
    meter.isTotalKnown = outgoing.entries.every(({ isSizeKnown }) => isSizeKnown);
    meter.totalBytes += outgoing.entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    offer.fill();
    if (this.#link !== undefined) this.#writer = this.#writerOf(this.#link, offer);
    if (outgoing.hasMoreOffers) {
      this.#next = this.#survey.next();
      // Its failure is met when its turn comes.
      this.#next.catch(() => undefined);
    }
    return offer;
  }

  async #takeNext(): Promise<void> {
    const { isOver, fail, onChange } = this.#options;
    try {
      const next = await this.#next;
      if (isOver()) return;
      if (next === undefined) throw new TransferError('internal', 'nothing more was found');
      this.#take(next);
    } catch (error) {
      fail(asTransferError(error));
    }
    onChange();
  }

  #writerOf(link: PeerLink, offer: SendingOffer): OfferWriter {
    const { clock } = this.#options;
    return new OfferWriter(link, offer, this.#baseIndex, () => {
      const { stats } = link.connection;
      clock.stop(stats);
      return encodeReport(clock.times(stats));
    });
  }

  /** Content may be sent. */
  #goOn(): void {
    if (this.#offer?.isFinished === false) {
      this.#options.clock.start(this.#link!.connection.stats);
    }
  }

  /** A file cannot be sent: leaves it out. False when the transfer fails with it. */
  #goesOn(writer: OfferWriter, offer: SendingOffer): boolean {
    const turn = offer.turn!;
    const error = writer.error!;
    if (this.#isSingle) {
      this.#options.fail(error);
      return false;
    }
    writer.writeMiss(turn, error);
    offer.onFailed(turn, error);
    offer.fill();
    return true;
  }
}
