import { constants } from 'node:fs';
import { basename, dirname } from 'node:path';
import type {
  DiskFiles,
  DiskHandle,
  DiskStats,
} from '../../../../src/transfer/io/disk/disk-files.ts';
import type { Random } from '../../../sim/random.ts';
import { systemError } from './disk-folder.ts';

/** A change to the content of a file that no sync has covered. */
type Change =
  | { readonly type: 'write'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly type: 'truncate'; readonly length: number };

const MINUTE_NS = 60_000_000_000n;
const DAY_NS = 86_400_000_000_000n;

interface Inode {
  readonly number: bigint;
  readonly isFolder: boolean;
  /** As programs see it, and as it lies on the disk. */
  content: Uint8Array;
  durable: Uint8Array;
  mtimeNs: bigint;
  durableMtimeNs: bigint;
  changes: Change[];
  /** Of a folder. */
  names: Map<string, Inode>;
  durableNames: Map<string, Inode>;
  /** Changes of names that no sync of the folder has covered, each as a whole. */
  renames: { readonly names: ReadonlyMap<string, Inode | undefined> }[];
}

/**
 * A disk in memory that loses its power. What was not synced may then be there, partly or not at all, in any
 * order: writes of a file until its `sync` or `datasync`, names of a folder until the folder's `sync`; a name
 * may be there while the content that it names is not. Calls after the cut never return.
 */
export class PowerDisk implements DiskFiles {
  readonly #root: Inode;
  #nextInode: bigint;
  /** Calls that changed something or made it durable, so far. */
  callCount = 0;
  readonly #cutAt: number;

  /** Loses its power in place of the `cutAt`-th call that changes something. */
  constructor(cutAt: number = Infinity, root: Inode = newInode(1n, true)) {
    this.#cutAt = cutAt;
    this.#root = root;
    this.dead = new Promise((resolve) => (this.#onDead = resolve));
    this.#nextInode = highest(root);
  }

  /** Resolves when the power goes. */
  readonly dead: Promise<void>;
  #onDead: () => void = () => undefined;

  get isDead(): boolean {
    return this.callCount >= this.#cutAt;
  }

  /**
   * The disk at the next start; it is cut at `cutAt`. What was not synced is there by chance: never at
   * `luck` 0, always at 1.
   */
  restarted(random: Random, luck: number, cutAt: number = Infinity): PowerDisk {
    const copies = new Map<Inode, Inode>();
    return new PowerDisk(cutAt, survivor(this.#root, random, luck, copies));
  }

  /** The same disk after a kill: the next process finds all that was done, synced or not. */
  continued(cutAt: number = Infinity): PowerDisk {
    return new PowerDisk(cutAt, this.#root);
  }

  /** Files by path, as programs see them. */
  files(): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    const walk = (folder: Inode, path: string): void => {
      for (const [name, inode] of folder.names) {
        if (inode.isFolder) walk(inode, `${path}/${name}`);
        else found.set(`${path}/${name}`, inode.content);
      }
    };
    walk(this.#root, '');
    return found;
  }

  readonly open = async (path: string, flags: number): Promise<DiskHandle> => {
    await this.#pass();
    const folder = this.#folderOf(path);
    let inode = path === '/' ? this.#root : folder.names.get(basename(path));
    if ((flags & constants.O_CREAT) !== 0) {
      if (inode !== undefined) throw systemError('EEXIST');
      await this.#change();
      inode = newInode(this.#nextInode++, false);
      rename(folder, [[basename(path), inode]]);
    }
    if (inode === undefined) throw systemError('ENOENT');
    return this.#handleOf(inode);
  };

  readonly link = async (existing: string, added: string): Promise<void> => {
    await this.#change();
    if (this.#find(added) !== undefined) throw systemError('EEXIST');
    rename(this.#folderOf(added), [[basename(added), this.#get(existing)]]);
  };

  readonly lstat = async (path: string): Promise<DiskStats> => {
    await this.#pass();
    return this.#statsOf(this.#get(path));
  };

  readonly mkdir = async (path: string): Promise<void> => {
    await this.#change();
    if (this.#find(path) !== undefined) throw systemError('EEXIST');
    rename(this.#folderOf(path), [[basename(path), newInode(this.#nextInode++, true)]]);
  };

  readonly readdir = async (path: string): Promise<string[]> => {
    await this.#pass();
    return [...this.#get(path).names.keys()];
  };

  readonly rename = async (from: string, to: string): Promise<void> => {
    await this.#change();
    const inode = this.#get(from);
    const [source, target] = [this.#folderOf(from), this.#folderOf(to)];
    if (source === target) {
      rename(source, [
        [basename(from), undefined],
        [basename(to), inode],
      ]);
    } else {
      rename(target, [[basename(to), inode]]);
      rename(source, [[basename(from), undefined]]);
    }
  };

  readonly rmdir = async (path: string): Promise<void> => {
    await this.#change();
    if (this.#get(path).names.size > 0) throw systemError('ENOTEMPTY');
    rename(this.#folderOf(path), [[basename(path), undefined]]);
  };

  readonly statfs = (): Promise<{ bsize: number; blocks: number; bavail: number }> =>
    Promise.resolve({ bsize: 4_096, blocks: 1_000_000, bavail: 1_000_000 });

  readonly unlink = async (path: string): Promise<void> => {
    await this.#pass();
    this.#get(path);
    await this.#change();
    rename(this.#folderOf(path), [[basename(path), undefined]]);
  };

  /** A turn of the event loop; for good when there is no power. */
  async #pass(): Promise<void> {
    if (this.isDead) await new Promise<never>(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
  }

  async #change(): Promise<void> {
    await this.#pass();
    this.callCount++;
    if (this.isDead) this.#onDead();
    await this.#pass();
  }

  #folderOf(path: string): Inode {
    return path === '/' ? this.#root : this.#get(dirname(path));
  }

  #find(path: string): Inode | undefined {
    let inode: Inode | undefined = this.#root;
    for (const name of path.split('/')) if (name !== '') inode = inode?.names.get(name);
    return inode;
  }

  #get(path: string): Inode {
    const inode = this.#find(path);
    if (inode === undefined) throw systemError('ENOENT');
    return inode;
  }

  #statsOf(inode: Inode): DiskStats {
    let linkCount = 0n;
    const count = (folder: Inode): void => {
      for (const child of folder.names.values()) {
        if (child === inode) linkCount++;
        if (child.isFolder) count(child);
      }
    };
    count(this.#root);
    return {
      size: BigInt(inode.content.length),
      ino: inode.number,
      nlink: linkCount,
      uid: BigInt(process.getuid?.() ?? 0),
      mtimeNs: inode.mtimeNs,
      isFile: () => !inode.isFolder,
      isDirectory: () => inode.isFolder,
    };
  }

  #handleOf(inode: Inode): DiskHandle {
    return {
      read: async (target, offset, length, position) => {
        await this.#pass();
        const part = inode.content.subarray(position, position + length);
        target.set(part, offset);
        return { bytesRead: part.length };
      },
      write: async (source, offset, length, position) => {
        await this.#change();
        const bytes = Uint8Array.from(source.subarray(offset, offset + length));
        const change: Change = { type: 'write', at: position, bytes };
        inode.changes.push(change);
        inode.content = changed(inode.content, change);
        return { bytesWritten: length };
      },
      truncate: async (length) => {
        await this.#change();
        const change: Change = { type: 'truncate', length };
        inode.changes.push(change);
        inode.content = changed(inode.content, change);
      },
      chmod: () => this.#pass(),
      utimes: async (_accessed, modified) => {
        await this.#change();
        inode.mtimeNs = BigInt(Math.round(modified * 1e6)) * 1_000n;
      },
      stat: async () => {
        await this.#pass();
        return this.#statsOf(inode);
      },
      sync: () => this.#sync(inode, true),
      datasync: () => this.#sync(inode, false),
      close: () => this.#pass(),
    };
  }

  /** What comes while it runs is not covered. */
  async #sync(inode: Inode, withTimes: boolean): Promise<void> {
    const { content, mtimeNs } = inode;
    const [changeCount, renameCount] = [inode.changes.length, inode.renames.length];
    const names = new Map(inode.names);
    await this.#change();
    inode.durable = content;
    inode.changes.splice(0, changeCount);
    inode.durableNames = names;
    inode.renames.splice(0, renameCount);
    if (withTimes) inode.durableMtimeNs = mtimeNs;
  }
}

function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

function newInode(number: bigint, isFolder: boolean): Inode {
  const nothing = new Uint8Array(0);
  return {
    number,
    isFolder,
    content: nothing,
    durable: nothing,
    mtimeNs: nowNs(),
    durableMtimeNs: nowNs(),
    changes: [],
    names: new Map(),
    durableNames: new Map(),
    renames: [],
  };
}

function rename(folder: Inode, names: readonly (readonly [string, Inode | undefined])[]): void {
  folder.renames.push({ names: new Map(names) });
  apply(folder.names, new Map(names));
}

function apply(names: Map<string, Inode>, change: ReadonlyMap<string, Inode | undefined>): void {
  for (const [name, inode] of change) {
    if (inode === undefined) names.delete(name);
    else names.set(name, inode);
  }
}

function changed(content: Uint8Array, change: Change): Uint8Array {
  const end = change.type === 'write' ? change.at + change.bytes.length : change.length;
  const length = change.type === 'write' ? Math.max(content.length, end) : end;
  const next = new Uint8Array(length);
  next.set(content.subarray(0, length));
  if (change.type === 'write') next.set(change.bytes, change.at);
  return next;
}

function survivor(inode: Inode, random: Random, luck: number, copies: Map<Inode, Inode>): Inode {
  const known = copies.get(inode);
  if (known !== undefined) return known;
  const copy = newInode(inode.number, inode.isFolder);
  copies.set(inode, copy);
  let content = inode.durable;
  for (const change of inode.changes) {
    if (!random.chance(luck)) continue;
    // A write may have got to the disk in part.
    const isTorn = change.type === 'write' && luck < 1 && random.chance(0.3);
    const length = isTorn ? random.integer(0, change.bytes.length) : 0;
    content = changed(
      content,
      isTorn ? { ...change, bytes: change.bytes.subarray(0, length) } : change,
    );
  }
  copy.content = content;
  copy.durable = content;
  copy.mtimeNs = random.chance(luck) ? inode.mtimeNs : inode.durableMtimeNs;
  // The start is a minute later: what nobody has set a time of is as much older then.
  if (copy.mtimeNs > nowNs() - DAY_NS) copy.mtimeNs -= MINUTE_NS;
  copy.durableMtimeNs = copy.mtimeNs;
  const names = new Map(inode.durableNames);
  for (const change of inode.renames) if (random.chance(luck)) apply(names, change.names);
  for (const [name, child] of names) copy.names.set(name, survivor(child, random, luck, copies));
  copy.durableNames = new Map(copy.names);
  return copy;
}

function highest(folder: Inode): bigint {
  let number = folder.number;
  for (const child of folder.names.values()) {
    const below = highest(child);
    if (below > number) number = below;
  }
  return number + 1n;
}
