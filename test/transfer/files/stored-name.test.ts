import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createReceivePolicy,
  type ReceiveAnswer,
} from '../../../src/transfer/files/receiving/receive-policy.ts';
import {
  partNameOf,
  refusedName,
  storedNameOf,
  unusedName,
} from '../../../src/transfer/files/stored-name.ts';

const platforms = ['posix', 'win32'] as const;

/** Names made of what is dangerous somewhere, and of what is not. */
const anyName = fc
  .array(
    fc.oneof(
      fc.constantFrom('.', '..', ' ', '.part', '.state', '.PART', 'con', 'NUL', 'com1', ':', '*'),
      fc.constantFrom('a', 'é', '😀', 'e\u0301', '\u202e', '/', '\\', '\0', '\n', '_', '?', '~'),
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constant('x'.repeat(100)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

test.each([
  ['', 'not a file name'],
  ['.', 'not a file name'],
  ['..', 'not a file name'],
  ['../x', 'path separator'],
  ['/etc/passwd', 'path separator'],
  ['a\\b', 'path separator'],
  ['C:x', 'drive letter'],
  ['z:', 'drive letter'],
  ['a\0b', 'control character'],
  ['a\nb', 'control character'],
  ['a\x1b[2J', 'control character'],
  ['a\u009bb', 'control character'],
  ['a\u2028b', 'control character'],
  ['cod\u202egpj.exe', 'writing direction'],
  ['cod\u2066gpj.exe', 'writing direction'],
  ['\ud83d', 'not valid Unicode'],
  ['é'.repeat(128), 'longer than 255 bytes'],
])('the name %j is refused: %s', (name, why) => {
  expect(refusedName(name)).toContain(why);
});

test.each(['a', '...', '.bashrc', 'é'.repeat(127), 'a b', 'movie.mp4', '😀', 'שלום.txt', 'con'])(
  'the name %j is taken',
  (name) => {
    expect(refusedName(name)).toBeUndefined();
  },
);

describe('a stored name', () => {
  test.each([
    ['movie.mp4', 'movie.mp4', 'movie.mp4'],
    ['.bashrc', '_bashrc', '_bashrc'],
    ['...', '_..', '___'],
    ['a.part', 'a.part_', 'a.part_'],
    ['a.PART', 'a.PART_', 'a.PART_'],
    ['a.part.state', 'a.part.state_', 'a.part.state_'],
    // Where upper and lower case are one, these are too.
    ['a.part.\u017ftate', 'a.part.\u017ftate_', 'a.part.\u017ftate_'],
    ['a.part.\ufb06ate', 'a.part.\ufb06ate_', 'a.part.\ufb06ate_'],
    ['.part', '_part', '_part'],
    ['a.part.', 'a.part.', 'a.part_'],
    ['con', 'con', 'con_'],
    ['CON.txt', 'CON.txt', 'CON_.txt'],
    ['com¹.a.b', 'com¹.a.b', 'com¹_.a.b'],
    ['nul .txt', 'nul .txt', 'nul_ .txt'],
    ['console.txt', 'console.txt', 'console.txt'],
    ['a?b*c<d>e|f"g:h', 'a?b*c<d>e|f"g:h', 'a_b_c_d_e_f_g_h'],
    ['ends. .', 'ends. .', 'ends___'],
    ['e\u0301', 'é', 'é'],
  ])('of %j is %j, and %j on Windows', (name, posix, win32) => {
    expect(storedNameOf(name, 'posix')).toBe(posix);
    expect(storedNameOf(name, 'win32')).toBe(win32);
  });

  test('that is too long is cut before its extension, at a character', () => {
    expect(storedNameOf(`${'x'.repeat(300)}.mp4`, 'posix')).toBe(`${'x'.repeat(251)}.mp4`);
    expect(storedNameOf(`${'é'.repeat(200)}.mp4`, 'posix')).toBe(`${'é'.repeat(125)}.mp4`);
    expect(storedNameOf(`a.${'x'.repeat(300)}`, 'posix')).toBe(`a.${'x'.repeat(253)}`);
    expect(storedNameOf('😀'.repeat(100), 'posix')).toBe('😀'.repeat(63));
  });

  test('can be held by its disk, is never hidden and never looks like a partial', () => {
    fc.assert(
      fc.property(
        anyName,
        fc.constantFrom('', 'jess_'),
        fc.constantFrom(...platforms),
        (name, prefix, platform) => {
          fc.pre(refusedName(name) === undefined);
          const stored = storedNameOf(prefix + name, platform);
          expect(refusedName(stored)).toBeUndefined();
          expect(stored).not.toMatch(/^\.|\.part(\.state)?$/i);
          expect(storedNameOf(stored, platform)).toBe(stored);
          if (platform === 'win32') expect(stored).not.toMatch(/[<>:"|?*]|[. ]$/);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

test('the names to try differ, fit, and keep their extension', () => {
  expect(unusedName('derek_movie.mp4', 0)).toBe('derek_movie.mp4');
  expect(unusedName('derek_movie.mp4', 1)).toBe('derek_movie (1).mp4');
  expect(unusedName('README', 12)).toBe('README (12)');
  expect(unusedName('_bashrc', 1)).toBe('_bashrc (1)');
  const long = `${'é'.repeat(125)}.mp4`;
  const names = [0, 1, 9, 10, 9_999].map((attempt) => unusedName(long, attempt));
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) {
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
    expect(name).toMatch(/\.mp4$/);
  }
});

test('a partial has its name behind it, or a hash where that would be too long', () => {
  expect(partNameOf('movie.mp4')).toBe('movie.mp4.part');
  expect(partNameOf('x'.repeat(243))).toBe(`${'x'.repeat(243)}.part`);
  const one = partNameOf(`${'x'.repeat(245)}1`);
  const two = partNameOf(`${'x'.repeat(245)}2`);
  expect(one).toMatch(/^x{226}~[0-9a-f]{16}\.part$/);
  expect(one).not.toBe(two);
  fc.assert(
    fc.property(anyName, (name) => {
      fc.pre(refusedName(name) === undefined);
      const part = partNameOf(storedNameOf(name, 'posix'));
      // Room for `.part.state~` too.
      expect(Buffer.byteLength(part) + 7).toBeLessThanOrEqual(255);
    }),
  );
});

describe('the policy', () => {
  const file = { from: 'derek', name: 'movie.mp4', sizeBytes: 100, kind: 'file' } as const;
  const { signal } = new AbortController();
  const offer = { ...file, isAlone: true, offeredBytes: 100, signal };

  test('stores under the name that it is told, made storable', async () => {
    const policy = createReceivePolicy({
      platform: 'posix',
      onOffer: ({ from, name }) => ({ storedName: `${from}_${name}` }),
    });
    expect(await policy(offer)).toMatchObject({ type: 'accept', storedName: 'derek_movie.mp4' });
    const long = { ...offer, name: `${'x'.repeat(251)}.mp4` };
    expect(await policy(long)).toMatchObject({ storedName: `derek_${'x'.repeat(245)}.mp4` });
  });

  test('waits for whoever takes time to name an offer', async () => {
    const named = ['a', Promise.reject(new Error('nobody answers'))].map((name) => {
      const onOffer = async (): Promise<ReceiveAnswer> => ({ storedName: await name });
      return createReceivePolicy({ platform: 'posix', onOffer })(offer);
    });
    await expect(named[0]).resolves.toMatchObject({ type: 'accept', storedName: 'a' });
    await expect(named[1]).rejects.toThrow('nobody answers');
  });

  test('leaves 5 % of the disk free unless a largest size is given', async () => {
    expect(await createReceivePolicy({ platform: 'posix' })(offer)).toMatchObject({
      keptFreeShare: 0.05,
    });
    const limited = createReceivePolicy({ platform: 'posix', maxSizeBytes: 100 });
    expect(await limited(offer)).toMatchObject({ type: 'accept', keptFreeShare: 0 });
    expect(await limited({ ...offer, offeredBytes: 101 })).toMatchObject({ code: 'refused' });
  });

  test('refuses what a caller would store elsewhere', async () => {
    const policy = createReceivePolicy({
      platform: 'posix',
      onOffer: () => ({ storedName: '../elsewhere' }),
    });
    expect(await policy(offer)).toMatchObject({ type: 'reject' });
  });
});
