import type { ClaimedFile, ClaimedFolder } from '../disk.ts';
import type { Claim, Place, PlacedOffer } from './receiving-places.ts';
import type { SpaceWait } from './space-wait.ts';
import { TransferError } from '../transfer-error.ts';
import type { FileResult } from '../transfer.ts';
import type { TransferTally } from '../transfer-tally.ts';

export interface PublicationOptions {
  readonly spaceWait: SpaceWait;
  readonly tally: TransferTally;
  /** The transfer has failed: nothing more gets its name. */
  readonly isAborted: () => boolean;
  /** Called whenever the disk has got further. */
  readonly onSettled: () => void;
}

/** Gives the folders of a transfer their names, and lets go of its places when its sender has heard. */
export class Publication {
  readonly #options: PublicationOptions;
  readonly #published: Place[] = [];
  /** The last folder of an offer, when more of it may come in the next one. */
  #openPlace: Place | undefined;
  /** The last `finish`. */
  #finishing: Promise<void> = Promise.resolve();

  constructor(options: PublicationOptions) {
    this.#options = options;
  }

  /** A folder of the last offer that goes on under this name; any other one gets its name now. */
  async goOn(name: string): Promise<Place | undefined> {
    const place = this.#openPlace;
    if (place === undefined || place.entry.name === name) return place;
    this.#openPlace = undefined;
    await this.#publish(place);
    return undefined;
  }

  /** Every file of an offer is over. */
  finish(placed: PlacedOffer): Promise<void> {
    this.#finishing = this.#finish(placed);
    return this.#finishing;
  }

  async #finish({ places, offer, stored }: PlacedOffer): Promise<void> {
    this.#openPlace = undefined;
    const folders = [...stored.values()].filter(({ entry }) => entry.kind === 'folder');
    const { spaceWait, onSettled } = this.#options;
    for (const place of places) {
      const { claim, entry } = place;
      if (claim.kind === 'folder') {
        const below = folders.filter((folder) => isBelow(folder.entry.name, entry.name));
        await spaceWait.run(() => claim.folder.settle(below, onSettled));
        if (offer.hasMoreOffers && place === places.at(-1)) {
          this.#openPlace = place;
          continue;
        }
      }
      await this.#publish(place);
      onSettled();
    }
  }

  /** The sender is being told of what was published. */
  told(): void {
    for (const { claim } of this.#published) claimedOf(claim).told();
  }

  /** The sender has heard; not `isWhole`: it has left something out, or was refused it. */
  async confirm(isWhole: boolean): Promise<void> {
    // What could not be removed tells a later transfer what is true.
    await Promise.allSettled(
      this.#published.map(({ claim }) =>
        claim.kind === 'file' ? claim.file.confirm() : claim.folder.confirm(isWhole),
      ),
    );
  }

  /** Resolves when nothing is getting its name any more, whether it got it or not. */
  async settled(): Promise<void> {
    await this.#finishing.catch(() => undefined);
  }

  /** The transfer has failed; its files have been put away. */
  async leave(places: readonly Place[]): Promise<void> {
    const all = new Set([...places, ...this.#published]);
    if (this.#openPlace !== undefined) all.add(this.#openPlace);
    for (const { claim, path } of all) {
      if (path !== undefined) claimedOf(claim).told();
      else if (claim.kind === 'folder') await claim.folder.leave().catch(() => undefined);
    }
  }

  /** Gives a folder its name, and counts what was stored of an item. */
  async #publish(place: Place): Promise<void> {
    const { claim, entry } = place;
    const { spaceWait, tally, isAborted } = this.#options;
    if (claim.kind === 'folder') {
      const path = await spaceWait.run(() => claim.folder.publish(isAborted));
      if (path === undefined) throw new TransferError('cancelled', 'cancelled by the receiver');
      place.path = path;
    }
    if (place.path === undefined) return;
    this.#published.push(place);
    const { path, totalBytes, fileCount, sha256 } = place;
    const item = { kind: entry.kind, name: entry.name, path, totalBytes, fileCount };
    if (claim.kind === 'folder') tally.addItem({ ...item, files: inOrder(place.files) });
    else tally.addItem(sha256 === undefined ? item : { ...item, sha256 });
  }
}

function claimedOf(claim: Claim): ClaimedFile | ClaimedFolder {
  return claim.kind === 'file' ? claim.file : claim.folder;
}

/** They were stored as the disk took them, some side by side. */
function inOrder(files: ReadonlyMap<number, FileResult>): readonly FileResult[] {
  return [...files].sort(([one], [other]) => one - other).map(([, file]) => file);
}

/** An entry is the folder of this item, or in it. */
function isBelow(name: string, itemName: string): boolean {
  return name === itemName || name.startsWith(`${itemName}/`);
}
