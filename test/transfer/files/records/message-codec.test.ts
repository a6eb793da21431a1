import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AcceptItem,
  decodeAccept,
  decodeAgain,
  decodeEnd,
  decodeFile,
  decodeFailure,
  decodeMiss,
  decodePause,
  decodeStart,
  encodeAccept,
  encodeAgain,
  encodeEnd,
  encodeFile,
  encodeFailure,
  encodeMiss,
  encodePause,
  encodeStart,
  FILES_VERSION,
  MAX_ACCEPT_ITEMS,
} from '../../../../src/transfer/files/records/message.ts';
import {
  decodeOffer,
  encodeOffer,
  MAX_OFFER_ENTRIES,
  MAX_OFFER_NAME_BYTES,
  MAX_SIZE_BYTES,
  type OfferedEntry,
  type OfferRecord,
  offerRecords,
} from '../../../../src/transfer/files/records/offer.ts';
import { OfferReader } from '../../../../src/transfer/files/receiving/offer-reader.ts';
import { cleanReason, cutToBytes } from '../../../../src/transfer/files/records/reason.ts';
import { transferErrorCodes } from '../../../../src/transfer/files/transfer-error.ts';
import { offeredFile } from '../memory-disk.ts';

const anySize = fc.oneof(fc.integer({ min: 0, max: MAX_SIZE_BYTES }), fc.constant(MAX_SIZE_BYTES));
const anyName = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .map((name) => name.normalize('NFC'))
  .filter((name) => !name.includes('/') && Buffer.byteLength(name) <= 255);
const anyTime = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const anyNumber = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const anyEntry = fc
  .record({
    kind: fc.constant('file' as const),
    name: fc.array(anyName, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
    sizeBytes: anySize,
    isSizeKnown: fc.boolean(),
    mtimeNs: anyTime,
    mode: fc.nat(0o777),
    ctimeNs: anyTime,
    inode: anyNumber,
    device: anyNumber,
  })
  .map((entry) => (entry.isSizeKnown ? entry : { ...entry, sizeBytes: 0 }));
const anyRecord = fc.record({
  entries: fc.array(anyEntry, { minLength: 1, maxLength: 5 }),
  hasMoreEntries: fc.boolean(),
  hasMoreOffers: fc.boolean(),
});

test('an offer survives its encoding', () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      expect(decodeOffer(encodeOffer(record))).toEqual({ type: 'offer', ...record });
    }),
  );
});

test('an offer cut short, or with a byte too many, is a violation', () => {
  fc.assert(
    fc.property(anyRecord, fc.nat(), (record, cut) => {
      const bytes = encodeOffer(record);
      const short = bytes.subarray(0, cut % bytes.length);
      expect(decodeOffer(short)).toEqual({ type: 'violation' });
      expect(decodeOffer(Buffer.concat([bytes, Buffer.of(0)]))).toEqual({ type: 'violation' });
    }),
  );
});

function offerOf(...entries: Partial<OfferedEntry>[]): Uint8Array {
  const more = { hasMoreEntries: false, hasMoreOffers: false };
  return encodeOffer({ entries: entries.map(offeredFile), ...more });
}

const good = offerOf({ name: 'é.txt' });

function changed(at: number, ...bytes: number[]): Uint8Array {
  const copy = Uint8Array.from(good);
  copy.set(bytes, at);
  return copy;
}

test.each([
  ['a setuid bit', changed(5, 0o4000 >> 8)],
  ['another kind of entry', changed(4, 2)],
  ['unknown flags', changed(1, 4)],
  ['no entry', changed(2, 0, 0)],
  ['fewer entries than it says', changed(2, 0, 2)],
  ['a folder that has a size', changed(4, 1)],
  ['a name that is not UTF-8', changed(47, 0xff)],
  ['a name that is not NFC', offerOf({ name: 'e\u0301' })],
  ['no name', offerOf({ name: '' })],
  ['an empty part of a name', offerOf({ name: 'a//b' })],
  ['an absolute name', offerOf({ name: '/a' })],
  ['a long name', offerOf({ name: 'x'.repeat(256) })],
  ['a long way', offerOf({ name: 'x/'.repeat(2_048) + 'y' })],
])('an offer with %s is a violation', (_what, bytes) => {
  expect(decodeOffer(bytes)).toEqual({ type: 'violation' });
});

test('what only a later program offers is told apart from a broken offer', () => {
  expect(decodeOffer(changed(0, FILES_VERSION + 1))).toEqual({ type: 'unsupported' });
});

const anyIndex = fc.nat(2 ** 31 - 1);
const anyFailure = fc.record({
  code: fc.constantFrom(...transferErrorCodes),
  reason: fc.string({ unit: 'grapheme-ascii', maxLength: 250 }).map(cleanReason),
});

test('what is said of single entries survives its encoding', () => {
  fc.assert(
    fc.property(
      anyIndex,
      anySize,
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      anyFailure,
      (entryIndex, sizeBytes, digest, failure) => {
        const start = { entryIndex, offsetBytes: sizeBytes };
        expect(decodeStart(encodeStart(start))).toEqual(start);
        const end = { entryIndex, sizeBytes, digest };
        expect(decodeEnd(encodeEnd(end))).toEqual(end);
        const file = { entryIndex, digest, content: digest.subarray(0, sizeBytes % 32) };
        expect(decodeFile(encodeFile(file))).toEqual({
          ...file,
          content: Buffer.from(file.content),
        });
        expect(decodeAgain(encodeAgain(entryIndex))).toBe(entryIndex);
        const miss = { entryIndex, ...failure };
        expect(decodeMiss(encodeMiss(miss))).toEqual(miss);
      },
    ),
  );
});

test('an answer to an offer survives its encoding, and no more items than fit a record', () => {
  const anyItem: fc.Arbitrary<AcceptItem> = fc.oneof(
    fc.record({
      type: fc.constant('continue' as const),
      entryIndex: anyIndex,
      offsetBytes: anySize,
    }),
    fc
      .tuple(anyIndex, anyFailure)
      .map(([entryIndex, failure]) => ({ type: 'refuse' as const, entryIndex, ...failure })),
  );
  fc.assert(
    fc.property(fc.array(anyItem, { maxLength: 70 }), fc.boolean(), (items, hasMoreItems) => {
      const bytes = encodeAccept({ items, hasMoreItems });
      const isFit = items.length <= MAX_ACCEPT_ITEMS;
      expect(decodeAccept(bytes)).toEqual(isFit ? { items, hasMoreItems } : undefined);
      if (isFit) expect(bytes.length).toBeLessThan(16_300);
      expect(decodeAccept(Buffer.concat([bytes, Buffer.of(0)]))).toBeUndefined();
    }),
  );
});

test('a pause says why, in one byte that is known', () => {
  for (const reason of ['no-space', 'user'] as const) {
    expect(decodePause(encodePause(reason))).toBe(reason);
  }
  for (const bytes of [[], [0], [3], [1, 1]]) {
    expect(decodePause(Uint8Array.from(bytes))).toBeUndefined();
  }
});

test('records of an offer hold all entries in order, and none is longer than asked', () => {
  const entries = Array.from({ length: 2_000 }, (_, index) =>
    offeredFile({ name: `file-${index}` }),
  );
  const records = [...offerRecords(entries, true, 16_000)].map((body) => {
    expect(body.length).toBeLessThanOrEqual(16_000);
    return decodeOffer(body);
  });
  const found = records.flatMap((record) => (record.type === 'offer' ? record.entries : []));
  expect(found).toEqual(entries);
  const more = records.map((record) => record.type === 'offer' && record.hasMoreEntries);
  expect(more).toEqual(records.map((_record, index) => index < records.length - 1));
});

describe('an offer is read whole, and is broken when', () => {
  const folder = { kind: 'folder', sizeBytes: 0 } as const;
  const broken: readonly (readonly [string, Partial<OfferedEntry>[]])[] = [
    ['a name comes twice', [{ name: 'a' }, { name: 'a' }]],
    ['a file lies in no folder', [{ name: 'a/b' }]],
    ['a file lies in a file', [{ name: 'a' }, { name: 'a/b' }]],
    ['a folder comes behind what is in it', [{ name: 'a/b' }, { name: 'a', ...folder }]],
    ['an item is torn', [{ name: 'a', ...folder }, { name: 'b', ...folder }, { name: 'a/c' }]],
  ];
  test.each(broken)('%s', (_what, entries) => {
    expect(new OfferReader().read(offerOf(...entries))).toBe('violation');
  });

  test('its names are longer than a receiver remembers', () => {
    const entries: OfferedEntry[] = [];
    let way = '';
    while (way.length < 3_500) {
      way += `${way === '' ? '' : '/'}${'x'.repeat(250)}`;
      entries.push(offeredFile({ ...folder, name: way }));
    }
    const files = Math.ceil(MAX_OFFER_NAME_BYTES / way.length);
    for (let index = 0; index < files; index++) {
      entries.push(offeredFile({ name: `${way}/${index}` }));
    }
    expect(entries.length).toBeLessThan(MAX_OFFER_ENTRIES);
    const read = (some: readonly OfferedEntry[]): unknown => {
      const reader = new OfferReader();
      const records = offerRecords(some, false, 65_000);
      return [...records].map((body) => reader.read(body)).at(-1);
    };
    expect(read(entries)).toBe('violation');
    expect(read(entries.slice(0, -50))).toMatchObject({ fileCount: files - 50 });
  });

  test('it has more entries than a receiver remembers', () => {
    const entries = Array.from({ length: MAX_OFFER_ENTRIES + 1 }, (_, index) =>
      offeredFile({ name: `${index}` }),
    );
    const reader = new OfferReader();
    const verdicts = [...offerRecords(entries, false, 65_000)].map((body) => reader.read(body));
    expect(verdicts.at(-2)).toBe('more');
    expect(verdicts.at(-1)).toBe('violation');
  });
});

test('an offer knows its items, with what is in them', () => {
  const folder = { kind: 'folder', sizeBytes: 0 } as const;
  const offer = new OfferReader().read(
    offerOf(
      { name: 'd', ...folder },
      { name: 'd/e', ...folder },
      { name: 'd/e/f', sizeBytes: 10 },
      { name: 'd/g', sizeBytes: 20 },
      { name: 'h', sizeBytes: 30 },
    ),
  );
  expect(offer).toMatchObject({
    totalBytes: 60,
    fileCount: 3,
    hasMoreOffers: false,
    items: [
      { firstIndex: 0, endIndex: 4, totalBytes: 30, fileCount: 2 },
      { firstIndex: 4, endIndex: 5, totalBytes: 30, fileCount: 1 },
    ],
  });
});

test('a file of unknown size is offered alone, and with no size', () => {
  const stream = offeredFile({ name: 'dir.tar', sizeBytes: 0, isSizeKnown: false });
  const read = (record: Partial<OfferRecord>): unknown =>
    new OfferReader().read(
      encodeOffer({ entries: [stream], hasMoreEntries: false, hasMoreOffers: false, ...record }),
    );
  expect(read({})).toMatchObject({ entries: [stream], isSizeKnown: false, totalBytes: 0 });
  expect(read({ entries: [stream, offeredFile({ name: 'b' })] })).toBe('violation');
  expect(read({ entries: [offeredFile({ name: 'b' }), stream] })).toBe('violation');
  expect(read({ hasMoreEntries: true })).toBe('violation');
  expect(read({ hasMoreOffers: true })).toBe('violation');
  expect(read({ entries: [{ ...stream, sizeBytes: 1 }] })).toBe('violation');
  const bytes = encodeOffer({ entries: [stream], hasMoreEntries: false, hasMoreOffers: false });
  expect([bytes[4], ...bytes.subarray(7, 13)]).toEqual([2, 0, 0, 0, 0, 0, 0]);
  bytes[4] = 3;
  expect(decodeOffer(bytes)).toEqual({ type: 'violation' });
});

test('every code of a failure survives its encoding, with its reason', () => {
  for (const code of transferErrorCodes) {
    const failure = { code, reason: `because of ${code} 😀` };
    expect(decodeFailure(encodeFailure(failure))).toEqual(failure);
  }
});

test('a reason is the same on both sides and no longer than 256 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (reason) => {
      const decoded = decodeFailure(encodeFailure({ code: 'refused', reason }));
      expect(decoded?.reason).toBe(cleanReason(reason));
      expect(Buffer.byteLength(decoded!.reason)).toBeLessThanOrEqual(256);
      expect(decoded!.reason).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
    }),
  );
});

test('text is cut at a character, as late as possible', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, limitBytes) => {
      const cut = cutToBytes(text, limitBytes);
      expect(text.startsWith(cut)).toBe(true);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(limitBytes);
      const next = text.codePointAt(cut.length);
      if (next === undefined) return;
      const longer = cut + String.fromCodePoint(next);
      expect(Buffer.byteLength(longer)).toBeGreaterThan(limitBytes);
    }),
  );
});

test('random bytes are decoded or refused, and never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
      decodeOffer(noise);
      decodeAccept(noise);
      decodeEnd(noise);
      decodeFile(noise);
      decodeStart(noise);
      decodeMiss(noise);
      decodePause(noise);
      const failure = decodeFailure(noise);
      if (noise.length > 257) expect(failure).toBeUndefined();
      decodeOffer(Buffer.concat([good.subarray(0, 4), noise]));
    }),
    { numRuns: 1_000 },
  );
});
