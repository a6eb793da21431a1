import { join } from 'node:path';
import {
  PART_SUFFIX,
  partNameOf,
  STATE_DRAFT_SUFFIX,
  STATE_SUFFIX,
} from '../../files/stored-name.ts';
import type { DiskStats } from './disk-files.ts';
import {
  isStateOfOurs,
  type PartialState,
  readState,
  removeFile,
  removeState,
  statePathOf,
} from './disk-state.ts';
import { type InboxContext, isSameTime, statsOf } from './inbox-context.ts';
import { mayStillRun, ownSignature } from './partial-owner.ts';

/** Partials of earlier transfers that are remembered; of others it is not known that they can go on. */
export const MAX_KNOWN_PARTIALS = 10_000;
/**
 * The state of a file that was published is kept so long, and of so many files, when it is not known that
 * the sender has heard: what is sent again then is known to be there. Later it is stored once more.
 */
export const MAX_RECORD_AGE_MS = 604_800_000;
export const MAX_RECORDS = 1_000;
/** What lies without its partial for so long belongs to nobody who still runs. */
export const STALE_AFTER_MS = 10_000;

/** A partial in an inbox, and what is known of it. */
export interface KnownPartial {
  readonly partPath: string;
  readonly statePath: string;
  readonly state: PartialState;
}

/** What was published and whose sender may not have heard. */
interface PublishedRecord extends KnownPartial {
  /** When that was, milliseconds since 1970. */
  readonly atMs: number;
}

export interface Leaving {
  /** It lies in the inbox for another transfer to go on with, or is gone. */
  readonly onLeft: () => void;
  readonly onGone: () => void;
  /** It has its name, and its sender may not hear of it. */
  readonly onPublished: (state: PartialState) => void;
}

/** Which partials of earlier transfers lie in an inbox: read once, before the first claim. */
export class PartialIndex {
  readonly #context: InboxContext;
  readonly #known: Map<string, KnownPartial[]> = new Map();
  /** What was published and whose sender may not have heard, the oldest first, by its state's path. */
  readonly #records: Map<string, PublishedRecord> = new Map();
  #knownCount = 0;
  #isRead: Promise<void> | undefined;

  constructor(context: InboxContext) {
    this.#context = context;
  }

  /** Also tidies: removes states whose partial is gone, and drafts of states. */
  read(): Promise<void> {
    this.#isRead ??= this.#readFolder();
    return this.#isRead;
  }

  /** Partials of this sender and name, as their states lie on the disk now. */
  async find(peer: string, name: string): Promise<KnownPartial[]> {
    await this.read();
    const found: KnownPartial[] = [];
    for (const known of this.#known.get(keyOf(peer, name)) ?? []) {
      const { partPath, statePath } = known;
      const state = await readState(this.#context.files, statePath);
      if (typeof state !== 'object') continue;
      if (state.peer === peer && state.name === name) found.push({ partPath, statePath, state });
    }
    return found;
  }

  /** A transfer has left a partial, or may leave one. */
  add(known: KnownPartial): void {
    const key = keyOf(known.state.peer, known.state.name);
    const others = this.#known.get(key) ?? [];
    const left = others.filter(({ statePath }) => statePath !== known.statePath);
    if (left.length === others.length) {
      if (this.#knownCount >= MAX_KNOWN_PARTIALS) return;
      this.#knownCount++;
    }
    this.#known.set(key, [...left, known]);
  }

  /** How a transfer that owns it tells what becomes of it. */
  leaving(known: KnownPartial): Leaving {
    return {
      onLeft: () => {
        this.add(known);
      },
      onGone: () => {
        this.forget(known);
      },
      onPublished: (state) => {
        this.add({ ...known, state });
        this.#addRecord({ ...known, state, atMs: Date.now() });
      },
    };
  }

  /** Its partial and its state are gone. */
  forget({ statePath, state }: KnownPartial): void {
    this.#records.delete(statePath);
    const key = keyOf(state.peer, state.name);
    const others = this.#known.get(key) ?? [];
    const left = others.filter((other) => other.statePath !== statePath);
    this.#knownCount -= others.length - left.length;
    if (left.length > 0) this.#known.set(key, left);
    else this.#known.delete(key);
  }

  #addRecord(record: PublishedRecord): void {
    this.#records.delete(record.statePath);
    this.#records.set(record.statePath, record);
    for (const old of this.#records.values()) {
      const isOld = Date.now() - old.atMs > MAX_RECORD_AGE_MS;
      if (!isOld && this.#records.size <= MAX_RECORDS) break;
      this.forget(old);
      const { removing } = this.#context;
      const removed = this.#removeOld(old).finally(() => removing.delete(old.partPath));
      removing.set(
        old.partPath,
        removed.catch(() => undefined),
      );
    }
  }

  /** With the partial, where a crash has left both names of a file. */
  async #removeOld({ partPath, state }: KnownPartial): Promise<void> {
    const { files, owned } = this.#context;
    const part = await statsOf(files, partPath);
    const isSecondName = part !== undefined && (await isPublished(this.#context, state, part));
    if (isSecondName && !owned.has(partPath)) await removeFile(files, partPath);
    await removeRecord(this.#context, partPath, state);
  }

  async #readFolder(): Promise<void> {
    const { folder, files } = this.#context;
    let names: string[];
    try {
      // Some disks tell other names than they were given.
      names = (await files.readdir(folder)).map((name) => name.normalize('NFC'));
    } catch {
      return; // whoever claims something will be told
    }
    const records: PublishedRecord[] = [];
    for (const name of names) {
      if (name.endsWith(STATE_DRAFT_SUFFIX)) await this.#removeDraft(join(folder, name));
      else if (name.endsWith(STATE_SUFFIX)) records.push(...(await this.#readOne(name)));
    }
    for (const record of records.sort((one, other) => one.atMs - other.atMs)) {
      this.#addRecord(record);
    }
  }

  async #removeDraft(path: string): Promise<void> {
    if (!(await this.#isStale(path))) return;
    await removeFile(this.#context.files, path).catch(() => undefined);
  }

  /** A file of ours that no other program of ours, with the same inbox, is just about to use. */
  async #isStale(path: string): Promise<boolean> {
    const { files } = this.#context;
    const stats = await statsOf(files, path).catch(() => undefined);
    if (stats?.isFile() !== true) return false;
    if (Date.now() - Number(stats.mtimeNs / 1_000_000n) <= STALE_AFTER_MS) return false;
    return isStateOfOurs(files, path).catch(() => false);
  }

  /** The record that it is, if it is one. */
  async #readOne(stateName: string): Promise<readonly PublishedRecord[]> {
    const { folder, files } = this.#context;
    const statePath = join(folder, stateName);
    const partPath = join(folder, stateName.slice(0, -STATE_SUFFIX.length) + PART_SUFFIX);
    try {
      const state = await readState(files, statePath);
      if (state === undefined) return [];
      const part = await statsOf(files, partPath);
      const isRecord = typeof state === 'object' && (await isPublished(this.#context, state, part));
      if (part === undefined && !isRecord) {
        if (await this.#isStale(statePath)) await removeState(files, statePath);
        return [];
      }
      if (typeof state !== 'object') return [];
      this.add({ partPath, statePath, state });
      const atMs = Number(((await statsOf(files, statePath))?.mtimeNs ?? 0n) / 1_000_000n);
      return isRecord ? [{ partPath, statePath, state, atMs }] : [];
    } catch {
      return []; // it stays as it is
    }
  }
}

/**
 * What the state speaks of lies under its name, and nobody has confirmed that its sender knows. A link
 * comes before the partial goes, so the partial may be there under both names.
 */
export async function isPublished(
  context: InboxContext,
  state: PartialState,
  part: DiskStats | undefined,
): Promise<boolean> {
  const stats = await statsOf(context.files, join(context.folder, state.storedName));
  if (stats === undefined) return false;
  if (part !== undefined) return part.isFile() && part.ino === stats.ino;
  if (state.partInode !== 0n) return stats.ino === state.partInode;
  // The state that knows the inode did not get to the disk, but the file did.
  const isSameSize = stats.isFile() && stats.size === BigInt(state.sizeBytes);
  return state.kind === 'file' && isSameSize && isSameTime(stats.mtimeNs, state.mtimeNs);
}

/** The sender knows that it is published: its state goes, unless another transfer has its place by now. */
export async function removeRecord(
  context: InboxContext,
  partPath: string,
  state: PartialState,
): Promise<void> {
  const { files, owned, removing } = context;
  if (owned.has(partPath)) return;
  const statePath = statePathOf(partPath);
  const removal = async (): Promise<void> => {
    const found = await readState(files, statePath);
    if (typeof found !== 'object') return;
    // Without an inode if it could not be written.
    const isOurs = found.partInode === 0n && found.owner === ownSignature;
    if (found.partInode === state.partInode || isOurs) await removeState(files, statePath);
  };
  const removed = removal().finally(() => removing.delete(partPath));
  removing.set(
    partPath,
    removed.catch(() => undefined),
  );
  await removed;
}

/**
 * Removes a state without a partial, for somebody who is to have its name: of a file that is not there
 * any more or is being replaced, or whose transfer was killed before it had a partial. False when it is
 * of use.
 */
export async function removeUseless(context: InboxContext, partPath: string): Promise<boolean> {
  const { files } = context;
  const statePath = statePathOf(partPath);
  const state = await readState(files, statePath);
  if (state === undefined) return true;
  if (typeof state !== 'object' || mayStillRun(state.owner)) return false;
  if ((await statsOf(files, partPath)) !== undefined) return false;
  await removeState(files, statePath);
  return true;
}

export function partPathOf(context: InboxContext, storedName: string): string {
  return join(context.folder, partNameOf(storedName));
}

function keyOf(peer: string, name: string): string {
  return `${peer}\0${name}`;
}
