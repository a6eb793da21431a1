import { StreamPartial } from '../byte-stream.ts';
import type {
  ClaimedFile,
  ClaimedFolder,
  ClaimRequest,
  ConflictPolicy,
  Inbox,
  Room,
  StoredFile,
} from '../disk.ts';
import type { FailureMessage } from '../records/message.ts';
import type { OfferedEntry } from '../records/offer.ts';
import type { IncomingOffer, OfferedItem } from './offer-reader.ts';
import { putAwayPartial } from './receiving-file.ts';
import { answered, isOver, type ReceivePolicy } from './receive-policy.ts';
import type { SpaceWait } from './space-wait.ts';
import { innerNameOf, type NamePlatform, refusedName } from '../stored-name.ts';
import { asTransferError, TransferError } from '../transfer-error.ts';
import type { FileResult } from '../transfer.ts';

/** Files that are looked for on the disk at once. */
const FINDS_AT_ONCE = 16;

export type Claim =
  | { readonly kind: 'file'; readonly file: ClaimedFile }
  | { readonly kind: 'folder'; readonly folder: ClaimedFolder };

/** Where an item of an offer goes. A folder that goes on in the next offer keeps its place. */
export interface Place {
  readonly entry: OfferedEntry;
  readonly claim: Claim;
  /** Where it was stored: empty when that is a stream, undefined before. */
  path: string | undefined;
  /** What was stored of it. */
  sha256: string | undefined;
  totalBytes: number;
  fileCount: number;
  /** Files of a folder by their number in the transfer, as they were stored: those that are listed. */
  readonly files: Map<number, FileResult>;
  /** The most that a file of unknown size may have. */
  readonly limitBytes: number;
}

/** An offer whose items have their places. */
export interface PlacedOffer {
  readonly offer: IncomingOffer;
  readonly places: readonly Place[];
  /** By entry; undefined where the item was refused. */
  readonly placeOf: readonly (Place | undefined)[];
  /** Entry to what is there of it, where that is something. */
  readonly starts: ReadonlyMap<number, number>;
  readonly refusals: ReadonlyMap<number, FailureMessage>;
  /** By entry, below the folder of its item; of entries inside a folder. */
  readonly stored: ReadonlyMap<number, StoredFile>;
  readonly room: Room;
}

export interface PlacingOptions {
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
}

/** Asks for each item of an offer whether it is wanted, and finds out what is there of it. */
export class Placing {
  readonly #options: PlacingOptions;
  readonly #offer: IncomingOffer;
  readonly #places: Place[] = [];
  readonly #placeOf: (Place | undefined)[];
  readonly #starts: Map<number, number> = new Map();
  readonly #refusals: Map<number, FailureMessage> = new Map();
  readonly #stored: Map<number, StoredFile> = new Map();
  #keptFreeShare = 0;
  /** Something of it goes to the disk. */
  #takesRoom = false;

  constructor(options: PlacingOptions, offer: IncomingOffer) {
    this.#options = options;
    this.#offer = offer;
    this.#placeOf = new Array<Place | undefined>(offer.entries.length).fill(undefined);
  }

  /** What was claimed so far, also when `place` has failed. */
  get places(): readonly Place[] {
    return this.#places;
  }

  /**
   * @param offeredBytes of all offers of the transfer, this one included
   * @param open the folder that the last offer left open
   */
  async place(offeredBytes: number, open: Place | undefined): Promise<PlacedOffer> {
    for (const item of this.#offer.items) {
      try {
        await this.#placeItem(
          item,
          offeredBytes,
          open?.entry.name === item.entry.name ? open : undefined,
        );
      } catch (error) {
        this.#refuse(item.firstIndex, asTransferError(error), item.endIndex);
      }
      this.#options.onPlaced();
    }
    const { spaceWait, inbox } = this.#options;
    const wantedBytes = this.#wantedBytes;
    const room =
      inbox === undefined || !this.#takesRoom
        ? NO_ROOM
        : await spaceWait.run(() => inbox.reserve(wantedBytes, this.#keptFreeShare));
    return {
      offer: this.#offer,
      places: this.#places,
      placeOf: this.#placeOf,
      starts: this.#starts,
      refusals: this.#refusals,
      stored: this.#stored,
      room,
    };
  }

  async #placeItem(
    item: OfferedItem,
    offeredBytes: number,
    open: Place | undefined,
  ): Promise<void> {
    const { peer, policy, conflict, spaceWait } = this.#options;
    const { entry, firstIndex, endIndex, totalBytes } = item;
    let place = open;
    if (place === undefined) {
      const { kind, name } = entry;
      const { items, isSizeKnown, hasMoreOffers } = this.#offer;
      const isAlone = items.length === 1 && !hasMoreOffers;
      const sizeBytes = isSizeKnown ? totalBytes : undefined;
      const signal = spaceWait.stopped;
      // Nothing more is asked for a transfer that has failed meanwhile, and nothing claimed.
      if (signal.aborted) throw isOver();
      const about = { from: peer, name, kind, sizeBytes, isAlone, offeredBytes };
      const decision = await answered(policy({ ...about, signal }), signal);
      this.#options.onAnswer();
      if (decision.type === 'reject') throw new TransferError(decision.code, decision.reason);
      const { storedName, into, limitBytes } = decision;
      const request = { peer, entry, storedName, conflict };
      const claim =
        into === undefined
          ? await this.#claim(request, decision.keptFreeShare)
          : ({ kind: 'file', file: new StreamPartial(into) } as const);
      const nothing = { path: undefined, sha256: undefined, totalBytes: 0, fileCount: 0 };
      place = { entry, claim, limitBytes, ...nothing, files: new Map() };
    } else {
      this.#takesRoom = true;
    }
    this.#places.push(place);
    this.#placeOf.fill(place, firstIndex, endIndex);
    if (place.claim.kind === 'folder') await this.#placeFolder(item, place.claim.folder);
    else if (place.claim.file.startBytes > 0) {
      this.#starts.set(firstIndex, place.claim.file.startBytes);
    }
  }

  async #claim(request: ClaimRequest, keptFreeShare: number): Promise<Claim> {
    const { inbox, spaceWait } = this.#options;
    if (inbox === undefined) {
      throw new TransferError('refused', 'nothing is received here: there is no inbox');
    }
    this.#takesRoom = true;
    this.#keptFreeShare = Math.max(this.#keptFreeShare, keptFreeShare);
    return request.entry.kind === 'file'
      ? { kind: 'file', file: await spaceWait.run(() => inbox.claimFile(request)) }
      : { kind: 'folder', folder: await spaceWait.run(() => inbox.claimFolder(request)) };
  }

  async #placeFolder(item: OfferedItem, folder: ClaimedFolder): Promise<void> {
    const { spaceWait, platform, onPlaced } = this.#options;
    /** Offered folders to where they are stored; those that were refused are not among them. */
    const folders = new Map<string, string>([[item.entry.name, '']]);
    this.#stored.set(item.firstIndex, { entry: item.entry, storedPath: '' });
    const files: [number, StoredFile][] = [];
    for (let index = item.firstIndex + 1; index < item.endIndex; index++) {
      const entry = this.#offer.entries[index]!;
      const slashAt = entry.name.lastIndexOf('/');
      const parent = folders.get(entry.name.slice(0, slashAt));
      const baseName = entry.name.slice(slashAt + 1);
      const refusal = parent === undefined ? 'its folder is not stored' : refusedName(baseName);
      if (refusal !== undefined || parent === undefined) {
        this.#refuse(index, new TransferError('refused', refusal ?? ''));
        continue;
      }
      const storedName = innerNameOf(baseName, platform);
      const file = { entry, storedPath: parent === '' ? storedName : `${parent}/${storedName}` };
      if (entry.kind === 'file') {
        this.#stored.set(index, file);
        files.push([index, file]);
        continue;
      }
      if (spaceWait.stopped.aborted) throw isOver();
      try {
        await spaceWait.run(() => folder.makeFolder(file.storedPath));
        onPlaced();
        this.#stored.set(index, file);
        folders.set(entry.name, file.storedPath);
      } catch (error) {
        this.#refuse(index, asTransferError(error));
      }
    }
    const finders = Array.from({ length: FINDS_AT_ONCE }, async () => {
      for (let next = files.pop(); next !== undefined; next = files.pop()) {
        if (spaceWait.stopped.aborted) break;
        await this.#find(folder, ...next);
        onPlaced();
      }
    });
    await Promise.all(finders);
  }

  async #find(folder: ClaimedFolder, index: number, file: StoredFile): Promise<void> {
    try {
      const found = await folder.find(file);
      if ('refusal' in found) {
        this.#refuse(index, new TransferError(found.refusal, 'the name exists already'));
      } else if (found.startBytes > 0) {
        this.#starts.set(index, found.startBytes);
      }
    } catch (error) {
      this.#refuse(index, asTransferError(error));
    }
  }

  #refuse(index: number, { code, message }: TransferError, endIndex: number = index + 1): void {
    for (; index < endIndex; index++) this.#refusals.set(index, { code, reason: message });
  }

  get #wantedBytes(): number {
    let bytes = 0;
    for (const [index, { sizeBytes }] of this.#offer.entries.entries()) {
      if (this.#refusals.has(index) || this.#isStream(index)) continue;
      bytes += sizeBytes - (this.#starts.get(index) ?? 0);
    }
    return bytes;
  }

  #isStream(index: number): boolean {
    const claim = this.#placeOf[index]?.claim;
    return claim?.kind === 'file' && claim.file.isStream === true;
  }
}

/** Of what takes none. */
export const NO_ROOM: Room = {
  spend: () => undefined,
  grow: () => Promise.resolve(),
  release: () => undefined,
};

/** What becomes of an offer. */
export type Decided =
  | {
      readonly placed: PlacedOffer;
      readonly refusal?: undefined;
      readonly places: readonly Place[];
    }
  /** Nothing of it is wanted. What was claimed meanwhile is to be put away. */
  | {
      readonly placed?: undefined;
      readonly refusal: TransferError;
      readonly places: readonly Place[];
    };

/** @param open gives the folder that the last offer left open, if this one goes on with it */
export async function decide(
  placing: Placing,
  offeredBytes: number,
  open: () => Promise<Place | undefined>,
): Promise<Decided> {
  try {
    const placed = await placing.place(offeredBytes, await open());
    const { places, refusals, offer } = placed;
    if (places.length > 0 || offer.hasMoreOffers) return { placed, places };
    const { code, reason } = refusals.get(0)!;
    return { refusal: new TransferError(code, reason), places };
  } catch (error) {
    return { refusal: asTransferError(error), places: placing.places };
  }
}

export async function putAwayPlaces(places: readonly Place[], error: TransferError): Promise<void> {
  for (const { claim } of places) {
    if (claim.kind === 'file') await putAwayPartial(claim.file, error);
    else await claim.folder.leave().catch(() => undefined);
  }
}
