import { basename } from 'node:path';
import type {
  ClaimedFile,
  ClaimedFolder,
  ClaimRequest,
  Inbox,
  PublishRequest,
  Room,
  SourceDisk,
  SourceFile,
  SourceSurvey,
  Surveyed,
} from '../../../src/transfer/files/disk.ts';
import type { OfferedEntry } from '../../../src/transfer/files/records/offer.ts';
import { TransferError } from '../../../src/transfer/files/transfer-error.ts';

/** A file as it is offered; each field may be another. */
export function offeredFile(entry: Partial<OfferedEntry> = {}): OfferedEntry {
  return {
    kind: 'file',
    name: 'movie.mp4',
    sizeBytes: 5,
    isSizeKnown: true,
    mtimeNs: 1_619_308_590_123_456_789n,
    mode: 0o640,
    ctimeNs: 1_619_308_591_000_000_000n,
    inode: 7n,
    device: 9n,
    ...entry,
  };
}

/** `size` bytes that depend on `seed` and do not repeat within a segment. */
export function contentOf(size: number, seed = 1): Uint8Array {
  const content = new Uint8Array(size);
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  for (let index = 0; index < size; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    content[index] = state;
  }
  return content;
}

/** Holds calls back until they are let through. */
export class Gate {
  isOpen = true;
  #waiting: (() => void)[] = [];

  async pass(): Promise<void> {
    if (this.isOpen) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Lets one waiting call through. */
  release(): void {
    this.#waiting.shift()?.();
  }

  open(): void {
    this.isOpen = true;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

export interface MemorySourceOptions {
  readonly content: Uint8Array;
  /** Reading fails here. */
  readonly failsAtByte?: number;
  /** The source ends here, before its size. */
  readonly endsAtByte?: number;
  readonly isChanged?: () => boolean;
  /** Size that is told instead of the content's, for sizes that no test wants to hold. */
  readonly sizeBytes?: number;
}

/** One file, whatever its path. */
export class MemorySource implements SourceDisk {
  readonly gate: Gate = new Gate();
  readonly options: MemorySourceOptions;
  isClosed = false;
  openError: TransferError | undefined;
  /** Content bytes read so far. */
  readBytes = 0;

  constructor(options: MemorySourceOptions) {
    this.options = options;
  }

  get #sizeBytes(): number {
    return this.options.sizeBytes ?? this.options.content.length;
  }

  survey(paths: readonly string[]): SourceSurvey {
    const found: Surveyed[] = paths.map((path, itemIndex) => {
      const entry = offeredFile({ name: basename(path), sizeBytes: this.#sizeBytes });
      return { type: 'entry', entry: { ...entry, path, itemIndex } };
    });
    return {
      next: async () => {
        await this.gate.pass();
        return found.splice(0, 1);
      },
      close: () => Promise.resolve(),
    };
  }

  async open(): Promise<SourceFile> {
    await this.gate.pass();
    if (this.openError !== undefined) throw this.openError;
    const { content, failsAtByte, isChanged } = this.options;
    const end = this.options.endsAtByte ?? content.length;
    const { mtimeNs, ctimeNs, inode, device } = offeredFile();
    return {
      ...{ sizeBytes: this.#sizeBytes, isSizeKnown: true, mtimeNs, ctimeNs, inode, device },
      read: async (target, at) => {
        await this.gate.pass();
        await Promise.resolve();
        if (failsAtByte !== undefined && at + target.length > failsAtByte) {
          throw new TransferError('local-file', 'the source cannot be read: the disk failed');
        }
        const part = content.subarray(at, Math.min(end, at + target.length));
        target.set(part);
        this.readBytes += part.length;
        return part.length;
      },
      isUnchanged: async () => {
        await this.gate.pass();
        return !(isChanged?.() ?? false);
      },
      close: () => {
        this.isClosed = true;
        return Promise.resolve();
      },
    };
  }
}

/** One folder that notes what is done to it, and can be slow or full. Of files only. */
export class MemoryInbox implements Inbox {
  readonly gate: Gate = new Gate();
  readonly log: string[] = [];
  readonly published: Map<string, Uint8Array> = new Map();
  readonly partials: Map<string, Uint8Array> = new Map();
  createError: TransferError | undefined;
  /** Writing fails with `writeError` once it would pass this many bytes. */
  roomBytes: number = Infinity;
  writeError: TransferError = new TransferError('no-space', 'the disk is full');
  /** What an earlier transfer left: the next one goes on behind it. */
  left: Uint8Array = new Uint8Array(0);
  /** Called when publishing has made the file durable and not yet named it. */
  beforeNaming: (() => Promise<void> | void) | undefined;

  async reserve(): Promise<Room> {
    await this.gate.pass();
    return {
      spend: () => undefined,
      grow: () => Promise.resolve(),
      release: () => undefined,
    };
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }

  claimFolder(): Promise<ClaimedFolder> {
    return Promise.reject(new TransferError('internal', 'folders need a disk'));
  }

  async claimFile({ storedName }: ClaimRequest): Promise<ClaimedFile> {
    this.log.push('create');
    await this.gate.pass();
    if (this.createError !== undefined) throw this.createError;
    let content: Uint8Array = this.left;
    this.partials.set(storedName, content);
    const close = (action: string): Promise<void> => {
      this.log.push(action);
      return Promise.resolve();
    };
    return {
      startBytes: content.length,
      get writtenBytes() {
        return content.length;
      },
      append: async (segment) => {
        await this.gate.pass();
        await Promise.resolve();
        if (content.length + segment.length > this.roomBytes) throw this.writeError;
        content = Buffer.concat([content, segment]);
        this.log.push(`write ${segment.length}`);
        this.partials.set(storedName, content);
      },
      read: (target, at) => {
        const part = content.subarray(at, at + target.length);
        target.set(part);
        return Promise.resolve(part.length);
      },
      restart: () => {
        content = new Uint8Array(0);
        return close('restart');
      },
      publish: async ({ isAborted }: PublishRequest) => {
        await this.gate.pass();
        await this.beforeNaming?.();
        if (isAborted()) return undefined;
        this.published.set(storedName, content);
        this.partials.delete(storedName);
        this.log.push('publish');
        return `/inbox/${storedName}`;
      },
      told: () => this.log.push('told'),
      confirm: () => close('confirm'),
      keep: () => close('keep'),
      discard: () => {
        this.partials.delete(storedName);
        return close('discard');
      },
    };
  }
}
