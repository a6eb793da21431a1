import { join } from 'node:path';
import { PART_SUFFIX, partNameOf, STATE_DRAFT_SUFFIX, STATE_SUFFIX } from '../files/stored-name.ts';
import { type PartialState, readState, removeFile, removeState } from './disk-state.ts';
import { exists, type InboxContext, statsOf } from './inbox-context.ts';

/** Partials of earlier transfers that are remembered; of others it is not known that they can go on. */
export const MAX_KNOWN_PARTIALS = 10_000;
/** What lies without its partial for so long belongs to nobody who still runs. */
export const STALE_AFTER_MS = 10_000;

/** A partial in an inbox, and what is known of it. */
export interface KnownPartial {
  readonly partPath: string;
  readonly statePath: string;
  readonly state: PartialState;
  /** It was published by this program and its sender may not have heard: nothing notes it but this. */
  readonly isUnheard?: boolean;
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
      const { partPath, statePath, isUnheard = false } = known;
      if (isUnheard) {
        found.push(known);
        continue;
      }
      const state = await readState(this.#context.files, statePath);
      if (state === undefined || state === 'broken') continue;
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
        this.add({ ...known, state, isUnheard: true });
      },
    };
  }

  /** Its partial and its state are gone. */
  forget({ statePath, state }: KnownPartial): void {
    const key = keyOf(state.peer, state.name);
    const others = this.#known.get(key) ?? [];
    const left = others.filter((other) => other.statePath !== statePath);
    this.#knownCount -= others.length - left.length;
    if (left.length > 0) this.#known.set(key, left);
    else this.#known.delete(key);
  }

  async #readFolder(): Promise<void> {
    const { folder, files } = this.#context;
    let names: string[];
    try {
      names = await files.readdir(folder);
    } catch {
      return; // whoever claims something will be told
    }
    for (const name of names) {
      if (name.endsWith(STATE_DRAFT_SUFFIX)) await this.#removeDraft(join(folder, name));
      else if (name.endsWith(STATE_SUFFIX)) await this.#readOne(name);
    }
  }

  async #removeDraft(path: string): Promise<void> {
    if (!(await this.#isStale(path))) return;
    await removeFile(this.#context.files, path).catch(() => undefined);
  }

  /** A file that no other program of ours, with the same inbox, is just about to use. */
  async #isStale(path: string): Promise<boolean> {
    const stats = await statsOf(this.#context.files, path).catch(() => undefined);
    if (stats?.isFile() !== true) return false;
    return Date.now() - Number(stats.mtimeNs / 1_000_000n) > STALE_AFTER_MS;
  }

  async #readOne(stateName: string): Promise<void> {
    const { folder, files } = this.#context;
    const statePath = join(folder, stateName);
    const partPath = join(folder, stateName.slice(0, -STATE_SUFFIX.length) + PART_SUFFIX);
    try {
      const state = await readState(files, statePath);
      if (state === undefined) return;
      const isPartThere = await exists(files, partPath);
      const isOfUse =
        isPartThere || (state !== 'broken' && (await isPublished(this.#context, state)));
      if (!isOfUse && (await this.#isStale(statePath))) await removeState(files, statePath);
      else if (state !== 'broken') this.add({ partPath, statePath, state });
    } catch {
      // It stays as it is.
    }
  }
}

/** What the state speaks of lies under its name, and nobody has confirmed that its sender knows. */
export async function isPublished(context: InboxContext, state: PartialState): Promise<boolean> {
  if (state.partInode === 0n) return false;
  const stats = await statsOf(context.files, join(context.folder, state.storedName));
  return stats?.ino === state.partInode;
}

export function partPathOf(context: InboxContext, storedName: string): string {
  return join(context.folder, partNameOf(storedName));
}

function keyOf(peer: string, name: string): string {
  return `${peer}\0${name}`;
}
