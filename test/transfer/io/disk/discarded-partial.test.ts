import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { PartialFile } from '../../../../src/transfer/files/disk.ts';
import { CHECKPOINT_MS } from '../../../../src/transfer/io/disk/disk-content.ts';
import { DiskInbox } from '../../../../src/transfer/io/disk/disk-inbox.ts';
import { contentOf, offeredFile } from '../../files/memory-disk.ts';
import { recordingFiles, useTemporaryFolder } from './disk-folder.ts';

/** What is worthless leaves nothing, also while it is just being made durable and that noted. */

const folder = useTemporaryFolder();
const content = contentOf(100_000);

/** A disk that waits with each call of this kind once `hold` was called. */
class HeldFiles {
  readonly #held: string;
  #isHolding = false;
  #onReached: (() => void) | undefined;
  #release: (() => void) | undefined;
  readonly files = recordingFiles([], (call) => {
    if (!this.#isHolding || call !== this.#held) return;
    this.#isHolding = false;
    this.#onReached!();
    return new Promise<void>((release) => (this.#release = release));
  });

  constructor(held: string) {
    this.#held = held;
  }

  /** Resolves when the next such call waits. */
  hold(): Promise<void> {
    this.#isHolding = true;
    return new Promise((reached) => (this.#onReached = reached));
  }

  release(): void {
    this.#release!();
  }
}

type Claim = (inbox: DiskInbox) => Promise<PartialFile>;

const request = { peer: 'derek', conflict: 'rename' } as const;

const claimFile: Claim = async (inbox) => {
  const entry = offeredFile({ name: 'film', sizeBytes: 2 * content.length });
  return inbox.claimFile({ ...request, entry, storedName: 'film' });
};

const claimInFolder: Claim = async (inbox) => {
  const photos = offeredFile({ kind: 'folder', name: 'photos', sizeBytes: 0 });
  const claimed = await inbox.claimFolder({ ...request, entry: photos, storedName: 'photos' });
  const entry = offeredFile({ name: 'photos/a', sizeBytes: 2 * content.length });
  return claimed.open({ entry, storedPath: 'a' }, 0);
};

test.each([
  ['a file', 'while it is synced', 'datasync part', claimFile],
  ['a file', 'while its state is written', 'sync state', claimFile],
  ['a file', 'while its state gets its name', 'rename', claimFile],
  ['a file in a folder', 'while it is synced', 'datasync part', claimInFolder],
  ['a file in a folder', 'while its state is written', 'sync state', claimInFolder],
  ['a file in a folder', 'while its state gets its name', 'rename', claimInFolder],
])('%s that is discarded %s leaves nothing', async (_what, _when, held, claim) => {
  const disk = new HeldFiles(held);
  let nowMs = 0;
  const partial = await claim(
    new DiskInbox({
      ...{ folder: folder.path, platform: 'posix', umask: 0, files: disk.files },
      nowMs: () => nowMs,
    }),
  );
  await partial.append(content);
  nowMs += CHECKPOINT_MS;
  const reached = disk.hold();
  await partial.append(content);
  await reached;
  const discarded = partial.discard();
  // Whatever it does without waiting is done.
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
  disk.release();
  await discarded;
  // The folder itself goes on without it.
  const left = await readdir(folder.path, { recursive: true });
  expect(left.filter((path) => !/^photos\.part(\.state)?$/.test(path))).toEqual([]);
});

const TURNS = 200;
