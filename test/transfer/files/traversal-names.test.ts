import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  partNameOf,
  refusedName,
  STATE_SUFFIX,
  storedNameOf,
  unusedName,
} from '../../../src/transfer/files/stored-name.ts';
import { allTraversalNames, traversalNames } from './traversal-names.ts';

const inboxes = {
  posix: { path: posix, inbox: '/home/jess/inbox' },
  win32: { path: win32, inbox: 'C:\\Users\\jess\\inbox' },
} as const;
const platforms = ['posix', 'win32'] as const;
/** What Windows takes for a device, as its documents list them, with the console's two. */
const device = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])[ ]*(\..*)?$/i;

/** All names on the disk that come of one offered name: while it arrives, and however many there are. */
function diskNamesOf(offered: string, platform: 'posix' | 'win32'): string[] {
  const stored = storedNameOf(offered, platform);
  return [0, 1, 9_999].flatMap((attempt) => {
    const name = unusedName(stored, attempt);
    const part = partNameOf(name);
    return [name, part, part.replace(/\.part$/, STATE_SUFFIX)];
  });
}

function expectInside(offered: string, platform: 'posix' | 'win32'): void {
  const { path, inbox } = inboxes[platform];
  const shown = JSON.stringify(offered).slice(0, 60);
  for (const name of diskNamesOf(offered, platform)) {
    const where = path.resolve(inbox, name);
    expect(path.dirname(where), shown).toBe(inbox);
    expect(path.basename(where), shown).toBe(name);
    expect(Buffer.byteLength(name), shown).toBeLessThanOrEqual(255);
    expect(name, shown).toBe(name.normalize('NFC'));
    expect(name, shown).not.toMatch(/^\.|[\p{Cc}\p{Cs}]/u);
    if (platform === 'posix') continue;
    expect(name, shown).not.toMatch(/[<>:"|?*]|[. ]$/);
    expect(name, shown).not.toMatch(device);
  }
}

/** A prefix that makes names too long, so that they are cut, is part of it. */
const prefixed = fc.oneof(
  fc.constantFrom('', 'derek_'),
  fc.nat(120).map((count) => 'é'.repeat(count)),
);
const platform = fc.constantFrom(...platforms);

describe.each(Object.keys(traversalNames))('names that try %s', (kind) => {
  test.each(platforms)('stay in the inbox by the rules of %s, or are refused', (rules) => {
    for (const offered of traversalNames[kind]!) {
      if (refusedName(offered) !== undefined) continue;
      for (const prefix of ['', 'derek_']) expectInside(prefix + offered, rules);
    }
  });
});

test.each(['ways up', 'places of their own', 'controls and disguises'])(
  'what is a path or a disguise among those that try %s is refused on all platforms',
  (kind) => {
    for (const offered of traversalNames[kind]!) {
      const isPath = /[/\\]|^[a-z]:|^\.{1,2}$/i.test(offered);
      const isDisguise = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(offered);
      expect(refusedName(offered) !== undefined, JSON.stringify(offered)).toBe(
        isPath || isDisguise,
      );
    }
  },
);

test('two spellings of one look are one name, which then is made unique', () => {
  expect(storedNameOf('e\u0301', 'posix')).toBe(storedNameOf('\u00e9', 'posix'));
  expect(storedNameOf('A\u030a', 'posix')).toBe(storedNameOf('\u212b', 'posix'));
});

/** Pieces of dangerous names, joined: what one rule lets pass another must not complete. */
const joined = fc
  .array(
    fc.oneof(
      fc.constantFrom(...allTraversalNames.filter((name) => name.length < 20)),
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.integer({ min: 1, max: 250 }).map((count) => 'x'.repeat(count)),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join(''));

test('whatever dangerous pieces a name is joined of, it stays in the inbox or is refused', () => {
  fc.assert(
    fc.property(joined, prefixed, platform, (offered, prefix, rules) => {
      if (refusedName(offered) === undefined) expectInside(prefix + offered, rules);
    }),
    { numRuns: 3_000 },
  );
});
