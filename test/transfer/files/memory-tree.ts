import type {
  SourceDisk,
  SourceFile,
  SourceSurvey,
  Surveyed,
} from '../../../src/transfer/files/disk.ts';
import { offeredFile } from './memory-disk.ts';

/** Something in a tree: a file has content. A folder stands before what is in it. */
export interface TreeEntry {
  /** From the name of the folder that is sent, parted by `/`. */
  readonly name: string;
  readonly content?: Uint8Array;
}

/** Entries that are told at once. */
const ENTRIES_AT_ONCE = 64;

/** One folder of files that are made when they are asked for. */
export class MemoryTree implements SourceDisk {
  readonly #entries: () => Iterable<TreeEntry>;
  readonly #contentOf: (name: string) => Uint8Array;

  constructor(entries: () => Iterable<TreeEntry>, contentOf: (name: string) => Uint8Array) {
    this.#entries = entries;
    this.#contentOf = contentOf;
  }

  survey(): SourceSurvey {
    const entries = this.#entries()[Symbol.iterator]();
    return {
      next: () => {
        const found: Surveyed[] = [];
        while (found.length < ENTRIES_AT_ONCE) {
          const next = entries.next();
          if (next.done === true) break;
          found.push({ type: 'entry', entry: { ...entryOf(next.value), itemIndex: 0 } });
        }
        return Promise.resolve(found);
      },
      close: () => Promise.resolve(),
    };
  }

  open(path: string): Promise<SourceFile> {
    const content = this.#contentOf(path);
    return Promise.resolve({
      ...entryOf({ name: path, content }),
      read: (target, at) => {
        const part = content.subarray(at, at + target.length);
        target.set(part);
        return Promise.resolve(part.length);
      },
      isUnchanged: () => Promise.resolve(true),
      close: () => Promise.resolve(),
    });
  }
}

function entryOf({ name, content }: TreeEntry): ReturnType<typeof offeredFile> & { path: string } {
  if (content === undefined) {
    return { ...offeredFile({ kind: 'folder', name, sizeBytes: 0, mode: 0o750 }), path: name };
  }
  return { ...offeredFile({ name, sizeBytes: content.length }), path: name };
}
