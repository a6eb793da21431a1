import { expect, test } from 'vitest';
import type {
  ClaimedFolder,
  ClaimRequest,
  SourceDisk,
  SourceEntry,
  Surveyed,
} from '../../../src/transfer/files/disk.ts';
import { SENT_OFFER_ENTRIES } from '../../../src/transfer/files/records/offer.ts';
import { OfferSurvey } from '../../../src/transfer/files/sending/offer-survey.ts';
import { TransferTally } from '../../../src/transfer/files/transfer-tally.ts';
import { contentOf, MemoryInbox, MemorySource, offeredFile } from './memory-disk.ts';
import { TransferRun } from './transfer-run.ts';

const FILE_BYTES = 3;

/** A folder of `folderCount` empty folders and a file before and behind them, and files beside it. */
function treeOf(folderCount: number): SourceDisk {
  const content = contentOf(FILE_BYTES);
  const entry = (name: string, itemIndex: number, kind: 'file' | 'folder'): Surveyed => {
    const sizeBytes = kind === 'file' ? FILE_BYTES : 0;
    const found: SourceEntry = {
      ...offeredFile({ name, kind, sizeBytes }),
      ...{ path: `/${name}`, itemIndex },
    };
    return { type: 'entry', entry: found };
  };
  const source = new MemorySource({ content });
  return {
    survey: () => {
      let index = -1;
      return {
        next: () => {
          index++;
          if (index === 0) {
            return Promise.resolve([
              entry('before', 0, 'file'),
              entry('tree', 1, 'folder'),
              entry('tree/first', 1, 'file'),
            ]);
          }
          if (index <= folderCount) return Promise.resolve([entry(`tree/${index}`, 1, 'folder')]);
          if (index > folderCount + 1) return Promise.resolve([]);
          return Promise.resolve([
            entry(`tree/${folderCount}/last`, 1, 'file'),
            entry('behind', 2, 'file'),
          ]);
        },
        close: () => Promise.resolve(),
      };
    },
    open: () => source.open(),
  };
}

/** Takes folders too, and notes what is done with them. */
class FolderInbox extends MemoryInbox {
  readonly folderLog: string[] = [];
  readonly stored: string[] = [];
  madeCount = 0;

  override claimFolder(request?: ClaimRequest): Promise<ClaimedFolder> {
    const { storedName } = request!;
    const note = (what: string): Promise<void> => {
      this.folderLog.push(`${what} ${storedName}`);
      return Promise.resolve();
    };
    void note('claim');
    return Promise.resolve({
      makeFolder: () => {
        this.madeCount++;
        return Promise.resolve();
      },
      find: () => Promise.resolve({ startBytes: 0 }),
      open: ({ storedPath }) => {
        const partial = {
          startBytes: 0,
          writtenBytes: 0,
          append: (segment: Uint8Array) => {
            partial.writtenBytes += segment.length;
            return Promise.resolve();
          },
          read: () => Promise.resolve(0),
          restart: () => Promise.resolve(),
          publish: () => {
            this.stored.push(storedPath);
            return Promise.resolve(storedPath);
          },
          keep: () => Promise.resolve(),
          discard: () => Promise.resolve(),
        };
        return partial;
      },
      settle: () => note('settle'),
      publish: async () => {
        await note('publish');
        return `/inbox/${storedName}`;
      },
      leave: () => note('leave'),
      told: () => undefined,
      confirm: () => note('confirm'),
    });
  }
}

async function send(folderCount: number): Promise<{ inbox: FolderInbox; offers: number }> {
  const inbox = new FolderInbox();
  const paths = ['/before', '/tree', '/behind'];
  const pair = { pieceBytes: 1_000_000, creditBytes: 8_388_608, stepBytes: 4_194_304 };
  const run = new TransferRun({ source: treeOf(folderCount), inbox, paths, pair });
  await run.start();
  const { sent, received } = await run.finish();
  const items = [
    { kind: 'file', name: 'before', fileCount: 1, totalBytes: FILE_BYTES },
    { kind: 'folder', name: 'tree', fileCount: 2, totalBytes: 2 * FILE_BYTES },
    { kind: 'file', name: 'behind', fileCount: 1, totalBytes: FILE_BYTES },
  ];
  expect(sent).toMatchObject({ items, fileCount: 4, failedCount: 0 });
  expect(received).toMatchObject({ items, fileCount: 4, failedCount: 0 });
  expect([...inbox.published.keys()].sort()).toEqual(['before', 'behind']);
  // Each offer but the last ends with a DONE of its own; the answers are one flush each, too.
  return { inbox, offers: inbox.folderLog.filter((line) => line === 'settle tree').length };
}

test('what is more than one offer holds goes in two, and its folder gets its name once, at the end', async () => {
  // `before`, `tree`, `first`, the folders, `last` and `behind`: two too many.
  const { inbox, offers } = await send(SENT_OFFER_ENTRIES - 3);
  expect(offers).toBe(2);
  // The one that the second offer goes on in is named there again.
  expect(inbox.madeCount).toBe(SENT_OFFER_ENTRIES - 3 + 1);
  expect(inbox.folderLog.slice(0, -1)).toEqual([
    'claim tree',
    'settle tree',
    'settle tree',
    'publish tree',
  ]);
  expect(inbox.stored).toEqual(['first', `${SENT_OFFER_ENTRIES - 3}/last`]);
});

test('as many entries as one offer holds go in one', async () => {
  for (const [folderCount, hasMoreOffers] of [
    [SENT_OFFER_ENTRIES - 5, false],
    [SENT_OFFER_ENTRIES - 4, true],
  ] as const) {
    const tally = new TransferTally();
    const survey = new OfferSurvey(
      { disk: treeOf(folderCount), paths: [] },
      tally,
      () => undefined,
    );
    const offer = await survey.next();
    expect([offer?.entries.length, offer?.hasMoreOffers]).toEqual([
      SENT_OFFER_ENTRIES,
      hasMoreOffers,
    ]);
  }
});
