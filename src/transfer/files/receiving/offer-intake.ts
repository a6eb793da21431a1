import { acceptRecords } from './content-records.ts';
import type { OfferedEntry } from '../records/offer.ts';
import { type IncomingOffer, OfferReader } from './offer-reader.ts';
import type { ReceiverAnswers } from './receiver-answers.ts';
import { ReceivingOffer, type ReceivingOfferOptions } from './receiving-offer.ts';
import {
  type Decided,
  decide,
  type Place,
  type PlacedOffer,
  Placing,
  type PlacingOptions,
  putAwayPlaces,
} from './receiving-places.ts';
import { TransferError } from '../transfer-error.ts';
import { transferName } from '../transfer-name.ts';

export interface OfferIntakeOptions extends PlacingOptions {
  /** Gives the folder that the last offer left open, if one goes on with this name. */
  readonly openPlace: (name: string) => Promise<Place | undefined>;
}

/** What the content of an offer goes on with. */
export interface ContentOptions extends Pick<
  ReceivingOfferOptions,
  'tally' | 'share' | 'isAborted' | 'onChange' | 'onRead' | 'onProgress'
> {
  readonly answers: ReceiverAnswers;
  /** The only file cannot be stored: the transfer fails with it. */
  readonly fail: (error: TransferError) => void;
}

/** The offers of one transfer, one behind the other: reads each, asks whether it is wanted, counts. */
export class OfferIntake {
  readonly #options: OfferIntakeOptions;
  #reader = new OfferReader();
  #name = '';
  #topEntries: readonly OfferedEntry[] = [];
  #offeredBytes = 0;
  #baseIndex = 0;
  #isSingle = false;
  #isFirst = true;
  #deciding: Promise<void> = Promise.resolve();

  constructor(options: OfferIntakeOptions) {
    this.#options = options;
  }

  /** What the transfer is called; empty until the first offer has arrived. */
  get name(): string {
    return this.#name;
  }

  /** What stands at the top of the first offer. */
  get topEntries(): readonly OfferedEntry[] {
    return this.#topEntries;
  }

  /** Of all offers that have arrived. */
  get offeredBytes(): number {
    return this.#offeredBytes;
  }

  /** Number of the first entry of the present offer: entries of the offers before it. */
  get baseIndex(): number {
    return this.#baseIndex;
  }

  /** One file is all that this transfer offers. */
  get isSingle(): boolean {
    return this.#isSingle;
  }

  /** No offer was accepted yet. */
  get isFirst(): boolean {
    return this.#isFirst;
  }

  /** Takes one record: `more` when another must follow. */
  read(body: Uint8Array): IncomingOffer | 'more' | 'unsupported' | 'violation' {
    const offer = this.#reader.read(body);
    if (typeof offer === 'string') return offer;
    this.#reader = new OfferReader();
    if (this.#isFirst) {
      this.#name = transferName(offer.items[0]!.entry.name, offer.items.length);
      this.#topEntries = offer.items.map(({ entry }) => entry);
      this.#isSingle = offer.entries.length === 1 && !offer.hasMoreOffers;
    }
    this.#offeredBytes += offer.totalBytes;
    return offer;
  }

  /**
   * Asks whether an offer is wanted, and where it goes; undefined when the transfer has ended meanwhile,
   * which `isDeciding` tells. What was claimed for nothing is put away.
   */
  decide(offer: IncomingOffer, isDeciding: () => boolean): Promise<Decided | undefined> {
    const deciding = this.#decide(offer, isDeciding);
    // Without what was decided: an offer that is done is not held.
    this.#deciding = deciding.then(() => undefined);
    return deciding;
  }

  /** Resolves when no places are being looked for; what was claimed for nothing is free then. */
  settled(): Promise<void> {
    return this.#deciding;
  }

  async #decide(offer: IncomingOffer, isDeciding: () => boolean): Promise<Decided | undefined> {
    const { openPlace } = this.#options;
    const placing = new Placing(this.#options, offer);
    const name = offer.items[0]!.entry.name;
    const decided = await decide(placing, this.#offeredBytes, () => openPlace(name));
    const { placed, refusal, places } = decided;
    if (!isDeciding()) {
      // The end did not see these places.
      await putAwayPlaces(places, new TransferError('cancelled', CANCELLED_BY_RECEIVER));
      placed?.room.release();
      return undefined;
    }
    if (refusal !== undefined) await putAwayPlaces(places, refusal);
    return decided;
  }

  /** Takes the content of an offer that has its places. */
  open(placed: PlacedOffer, { answers, fail, ...options }: ContentOptions): ReceivingOffer {
    const { spaceWait } = this.#options;
    return new ReceivingOffer({
      ...options,
      placed,
      spaceWait,
      baseIndex: this.#baseIndex,
      sayAgain: (entryIndex) => {
        answers.again(entryIndex);
      },
      onFileFailed: (entryIndex, error) => {
        if (this.#isSingle) fail(error);
        else answers.miss(entryIndex, error);
        return !this.#isSingle;
      },
    });
  }

  /** The answer to an offer, as bodies of ACCEPT. */
  accept(placed: PlacedOffer): Uint8Array[] {
    this.#isFirst = false;
    return acceptRecords(placed, this.#baseIndex);
  }

  /** All of an offer is over. */
  finish({ entries }: IncomingOffer): void {
    this.#baseIndex += entries.length;
  }
}

export const CANCELLED_BY_RECEIVER = 'cancelled by the receiver';
