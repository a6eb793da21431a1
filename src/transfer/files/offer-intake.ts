import { acceptRecords } from './content-records.ts';
import type { ConflictPolicy, Inbox } from './disk.ts';
import type { OfferedEntry } from './offer.ts';
import { type IncomingOffer, OfferReader } from './offer-reader.ts';
import type { ReceivePolicy } from './receive-policy.ts';
import { type Decided, decide, type Place, type PlacedOffer, Placing } from './receiving-places.ts';
import type { SpaceWait } from './space-wait.ts';
import type { NamePlatform } from './stored-name.ts';
import { transferName } from './transfer-name.ts';

export interface OfferIntakeOptions {
  readonly peer: string;
  readonly inbox: Inbox | undefined;
  readonly policy: ReceivePolicy;
  readonly conflict: ConflictPolicy;
  readonly platform: NamePlatform;
  readonly spaceWait: SpaceWait;
  /** Called whenever a place was found on the disk. */
  readonly onPlaced: () => void;
  /** Somebody has said what becomes of an item. */
  readonly onAnswer: () => void;
  /** Gives the folder that the last offer left open, if one goes on with this name. */
  readonly openPlace: (name: string) => Promise<Place | undefined>;
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

  /** Asks whether an offer is wanted, and where it goes. */
  decide(offer: IncomingOffer): Promise<Decided> {
    const { openPlace } = this.#options;
    return decide(new Placing(this.#options, offer), this.#offeredBytes, () =>
      openPlace(offer.items[0]!.entry.name),
    );
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
