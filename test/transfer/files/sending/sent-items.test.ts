import { expect, test } from 'vitest';
import type { SourceEntry } from '../../../../src/transfer/files/disk.ts';
import type { SendingOffer } from '../../../../src/transfer/files/sending/sending-offer.ts';
import { SentItems } from '../../../../src/transfer/files/sending/sent-items.ts';
import { MAX_LISTED_FILES } from '../../../../src/transfer/files/transfer.ts';
import { TransferTally } from '../../../../src/transfer/files/transfer-tally.ts';
import { offeredFile } from '../memory-disk.ts';

const SHA256 = 'ab'.repeat(32);

function entryOf(name: string, itemIndex: number): SourceEntry {
  const kind = name.includes('/') ? 'file' : 'folder';
  return { ...offeredFile({ name, sizeBytes: 5, kind }), path: `/${name}`, itemIndex };
}

/** An offer of which everything was delivered. */
function delivered(entries: readonly SourceEntry[]): SendingOffer {
  const offer: Pick<SendingOffer, 'forEachDelivered'> = {
    forEachDelivered: (visit) => {
      for (const entry of entries) visit(entry, true, 5, SHA256);
    },
  };
  return offer as SendingOffer;
}

test('so many files of folders are listed, over offers and folders, and all are counted', () => {
  const tally = new TransferTally();
  const items = new SentItems(['/one', '/two'], tally);
  const filesOf = (folder: string, count: number, itemIndex: number): SourceEntry[] =>
    Array.from({ length: count }, (_, index) => entryOf(`${folder}/${index}`, itemIndex));
  items.add(delivered([entryOf('one', 0), ...filesOf('one', 1, 0)]));
  // The folder goes on in the next offer.
  items.add(delivered([...filesOf('one', MAX_LISTED_FILES - 3, 0)]));
  items.add(delivered([entryOf('two', 1), ...filesOf('two', 4, 1)]));
  items.finish();
  const [one, two] = tally.result.items;
  expect([one!.fileCount, one!.files!.length]).toEqual([
    MAX_LISTED_FILES - 2,
    MAX_LISTED_FILES - 2,
  ]);
  expect([two!.fileCount, two!.files!.length]).toEqual([4, 2]);
  expect(two!.files![0]).toEqual({ name: 'two/0', sizeBytes: 5, sha256: SHA256 });
});
