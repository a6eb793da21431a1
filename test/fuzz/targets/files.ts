import assert from 'node:assert/strict';
import {
  decodeLimit,
  decodeReport,
  encodeLimit,
  encodeReport,
  REPORT_BYTES,
} from '../../../src/transfer/files/records/limit-message.ts';
import {
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
} from '../../../src/transfer/files/records/message.ts';
import {
  decodeOffer,
  encodeOffer,
  MAX_NAME_BYTES,
  type OfferedEntry,
} from '../../../src/transfer/files/records/offer.ts';
import { OfferReader } from '../../../src/transfer/files/receiving/offer-reader.ts';
import {
  innerNameOf,
  partNameOf,
  refusedName,
  STATE_DRAFT_SUFFIX,
  storedNameOf,
  unusedName,
} from '../../../src/transfer/files/stored-name.ts';
import { limitCauses } from '../../../src/transfer/files/transfer-limit.ts';
import { transferErrorCodes } from '../../../src/transfer/files/transfer-error.ts';
import { type FuzzTarget, tokens } from '../target.ts';

const names = [
  'movie.mp4',
  '.bashrc',
  'con.txt',
  'é😀.tar.gz',
  'x.part.state',
  '../../etc/passwd',
  'C:\\boot.ini',
  'a\u202egpj.exe',
  `${'x'.repeat(250)}.ext`,
];
const platforms = ['posix', 'win32'] as const;

/** What no name on a disk may hold, for either platform. */
const dangerous = /[/\\\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u;
const windowsDevice = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

function checkStoredName(name: string): void {
  for (const platform of platforms) {
    const stored = storedNameOf(name, platform);
    const all = [stored, unusedName(stored, 1), unusedName(stored, 12_345), partNameOf(stored)];
    for (const made of all) {
      assert(made !== '' && Buffer.byteLength(made) <= MAX_NAME_BYTES, 'a name fits a folder');
      assert(!dangerous.test(made), 'a name stays within its folder and draws as it is');
      assert(!made.startsWith('.'), 'a name is visible and no folder of its own');
      if (platform === 'posix') continue;
      assert(!/[<>:"|?*]|[. ]$/.test(made), 'a name is one that Windows can hold');
      assert(!windowsDevice.test(made), 'a name is no device');
    }
    assert(!/\.part(\.state~?)?$/i.test(stored), 'a name is none of our partials');
    assert(stored === storedNameOf(stored, platform), 'a stored name is stored as it is');
    const inner = innerNameOf(name, platform);
    assert(inner === innerNameOf(inner, platform), 'inside a folder too');
    assert(inner !== '' && Buffer.byteLength(inner) <= MAX_NAME_BYTES, 'it fits its folder');
    assert(!dangerous.test(inner) && !/^\.{1,2}$/.test(inner), 'it stays in its folder');
    const state = partNameOf(stored).replace(/\.part$/, STATE_DRAFT_SUFFIX);
    assert(Buffer.byteLength(state) <= MAX_NAME_BYTES, 'there is room for the state beside it');
  }
}

function entryOf(name: string): OfferedEntry {
  const source = { sizeBytes: 5, mtimeNs: 7n, mode: 0o644, ctimeNs: 8n, inode: 9n, device: 10n };
  return { kind: 'file', name, isSizeKnown: true, ...source };
}

function offerOf(entries: readonly OfferedEntry[]): Uint8Array {
  return encodeOffer({ entries, hasMoreEntries: false, hasMoreOffers: false });
}

function same(again: Uint8Array, input: Uint8Array): void {
  assert(Buffer.compare(again, input) === 0, 'written again, the same fields are the same bytes');
}

/** What senders report: nothing yet, something, and as much as fits. */
function reportSeeds(): readonly Uint8Array[] {
  const counting = Uint8Array.from({ length: REPORT_BYTES }, (_unused, index) => index);
  return [0, 255].map((byte) => new Uint8Array(REPORT_BYTES).fill(byte)).concat(counting);
}

export const fileTargets: readonly FuzzTarget[] = [
  {
    name: 'offer',
    maxInputBytes: 320,
    seeds: () => [
      ...names.map((name) => offerOf([entryOf(name)])),
      offerOf([{ ...entryOf('d'), kind: 'folder', sizeBytes: 0 }, entryOf('d/a'), entryOf('e')]),
    ],
    dictionary: tokens('\u0301', '\u202e', '..', '/', '\0'),
    run(input) {
      const verdict = decodeOffer(input);
      if (verdict.type !== 'offer') return verdict.type;
      same(encodeOffer(verdict), input);
      const parts = verdict.entries.flatMap(({ name }) => name.split('/'));
      const refusals = parts.map(refusedName);
      for (const [index, part] of parts.entries()) {
        if (refusals[index] === undefined) checkStoredName(part);
      }
      const offer = new OfferReader().read(input);
      if (typeof offer !== 'object') return offer;
      const { items, entries } = offer;
      assert(items.at(-1)!.endIndex === entries.length, 'each entry belongs to an item');
      return refusals.find((refusal) => refusal !== undefined) ?? 'taken';
    },
  },
  {
    name: 'message',
    maxInputBytes: 300,
    seeds: () => [
      encodeAccept({ items: [], hasMoreItems: false }),
      encodeAccept({
        items: [
          { type: 'continue', entryIndex: 0, offsetBytes: 70_000 },
          { type: 'refuse', entryIndex: 1, code: 'exists', reason: 'é' },
        ],
        hasMoreItems: true,
      }),
      encodeStart({ entryIndex: 0, offsetBytes: 70_000 }),
      encodeAgain(3),
      encodePause('no-space'),
      encodeMiss({ entryIndex: 2, code: 'local-file', reason: 'gone' }),
      encodeEnd({ entryIndex: 0, sizeBytes: 70_000, digest: new Uint8Array(32).fill(7) }),
      ...limitCauses.map((cause, index) => encodeLimit({ cause, value: 7 ** (3 * index) })),
      ...reportSeeds(),
      encodeFile({ entryIndex: 1, digest: new Uint8Array(32).fill(9), content: Buffer.from('é') }),
      ...transferErrorCodes.map((code) => encodeFailure({ code, reason: `because of é ${code}` })),
    ],
    dictionary: tokens('\x1b[2J', '\u202e', '\r\n', '\ufffd'),
    run(input) {
      const accept = decodeAccept(input);
      if (accept !== undefined) assert.deepEqual(decodeAccept(encodeAccept(accept)), accept);
      const start = decodeStart(input);
      if (start !== undefined) same(encodeStart(start), input);
      const again = decodeAgain(input);
      if (again !== undefined) same(encodeAgain(again), input);
      const pause = decodePause(input);
      if (pause !== undefined) same(encodePause(pause), input);
      const miss = decodeMiss(input);
      if (miss !== undefined) assert.deepEqual(decodeMiss(encodeMiss(miss)), miss);
      const end = decodeEnd(input);
      if (end !== undefined) same(encodeEnd(end), input);
      const file = decodeFile(input);
      if (file !== undefined) same(encodeFile(file), input);
      const failure = decodeFailure(input);
      if (failure !== undefined) {
        assert.deepEqual(decodeFailure(encodeFailure(failure)), failure);
        assert(!/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(failure.reason), 'a reason is one line');
      }
      const report = decodeReport(input);
      if (report !== undefined) same(encodeReport(report), input);
      const limit = decodeLimit(input);
      if (limit !== undefined) same(encodeLimit(limit), input);
      return [
        accept && 'accept',
        start && 'start',
        end && 'end',
        report && 'report',
        limit?.cause,
        pause,
        miss?.code,
        failure?.code,
      ]
        .filter(Boolean)
        .join(' ');
    },
  },
  {
    name: 'stored-name',
    maxInputBytes: 300,
    seeds: () => tokens(...names, ...platforms, 'a.part', 'nul .txt', 'com¹', 'a. .', 'a (1).b'),
    dictionary: tokens('.part', '.state', 'CON', 'lpt9', '\u0301', '\u200d', '😀', '.', ' ', '~'),
    run(input) {
      const name = new TextDecoder('utf-8', { ignoreBOM: true }).decode(input);
      const refusal = refusedName(name);
      if (refusal === undefined) checkStoredName(name);
      return refusal ?? 'taken';
    },
  },
];
