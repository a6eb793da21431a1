import type {
  Inbox,
  PartialFile,
  PartialRequest,
  PublishRequest,
  SourceDisk,
  SourceFile,
} from '../../../src/transfer/files/disk.ts';
import { TransferError } from '../../../src/transfer/files/transfer-error.ts';

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

export class MemorySource implements SourceDisk {
  readonly gate: Gate = new Gate();
  readonly options: MemorySourceOptions;
  isClosed = false;
  openError: TransferError | undefined;

  constructor(options: MemorySourceOptions) {
    this.options = options;
  }

  async openSource(): Promise<SourceFile> {
    await this.gate.pass();
    if (this.openError !== undefined) throw this.openError;
    const { content, failsAtByte, isChanged } = this.options;
    const end = this.options.endsAtByte ?? content.length;
    let at = 0;
    return {
      sizeBytes: this.options.sizeBytes ?? content.length,
      mtimeNs: 1_619_308_590_123_456_789n,
      mode: 0o640,
      read: async (target) => {
        await this.gate.pass();
        await Promise.resolve();
        if (failsAtByte !== undefined && at + target.length > failsAtByte) {
          throw new TransferError('local-file', 'the source cannot be read: the disk failed');
        }
        const part = content.subarray(at, Math.min(end, at + target.length));
        target.set(part);
        at += part.length;
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

/** One folder that notes what is done to it, and can be slow or full. */
export class MemoryInbox implements Inbox {
  readonly gate: Gate = new Gate();
  readonly log: string[] = [];
  readonly published: Map<string, Uint8Array> = new Map();
  readonly partials: Map<string, Uint8Array> = new Map();
  createError: TransferError | undefined;
  /** Writing fails with `writeError` once it would pass this many bytes. */
  roomBytes: number = Infinity;
  writeError: TransferError = new TransferError('no-space', 'the disk is full');
  /** Called when publishing has made the file durable and not yet named it. */
  beforeNaming: (() => Promise<void> | void) | undefined;

  async create({ storedName }: PartialRequest): Promise<PartialFile> {
    this.log.push('create');
    await this.gate.pass();
    if (this.createError !== undefined) throw this.createError;
    const pieces: Uint8Array[] = [];
    let writtenBytes = 0;
    this.partials.set(storedName, new Uint8Array(0));
    const close = (action: string): Promise<void> => {
      this.log.push(action);
      return Promise.resolve();
    };
    return {
      get writtenBytes() {
        return writtenBytes;
      },
      append: async (segment) => {
        await this.gate.pass();
        await Promise.resolve();
        if (writtenBytes + segment.length > this.roomBytes) throw this.writeError;
        pieces.push(Uint8Array.from(segment));
        writtenBytes += segment.length;
        this.log.push(`write ${segment.length}`);
        this.partials.set(storedName, Buffer.concat(pieces));
      },
      publish: async ({ isAborted }: PublishRequest) => {
        await this.gate.pass();
        await this.beforeNaming?.();
        if (isAborted()) return undefined;
        this.published.set(storedName, this.partials.get(storedName)!);
        this.partials.delete(storedName);
        this.log.push('publish');
        return `/inbox/${storedName}`;
      },
      keep: () => close('keep'),
      discard: () => {
        this.partials.delete(storedName);
        return close('discard');
      },
    };
  }
}
