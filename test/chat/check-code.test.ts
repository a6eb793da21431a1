import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pronounceable } from '../../src/chat/core/pronounceable.ts';
import { checkCodeOf } from '../../src/chat/io/check-code.ts';

const JESS = '0a'.repeat(32);
const DEREK = 'f1'.repeat(32);
const MIDDLE = '77'.repeat(32);

test('both sides read the same four words', async () => {
  const code = await checkCodeOf(JESS, DEREK);
  expect(code).toBe(await checkCodeOf(DEREK, JESS));
  expect(code).toMatch(/^([bdfghjklmnprstvz][aiou]){2}[a-z](-[a-z]{5}){3}$/);
});

test('somebody in between gives each side other words', async () => {
  const codes = await Promise.all([
    checkCodeOf(JESS, DEREK),
    checkCodeOf(JESS, MIDDLE),
    checkCodeOf(MIDDLE, DEREK),
  ]);
  expect(new Set(codes).size).toBe(3);
});

test('the derivation is the documented one', async () => {
  // Python: hashlib.scrypt(bytes.fromhex('0a'*32 + 'f1'*32), salt=b'updraft check code 1', n=2**14, r=8, p=1, dklen=8)
  expect(await checkCodeOf(DEREK, JESS)).toBe(
    pronounceable(Buffer.from('f584d561865df794', 'hex')),
  );
});

test('words are those of the published examples', () => {
  // arXiv:0901.4016 §3: IP addresses.
  expect(pronounceable(Uint8Array.of(127, 0, 0, 1))).toBe('lusab-babad');
  expect(pronounceable(Uint8Array.of(63, 84, 220, 193))).toBe('gutih-tugad');
  expect(pronounceable(Uint8Array.of(216, 35, 68, 215))).toBe('tobog-higil');
});

test('different bytes are different words', () => {
  const words = fc.uint8Array({ minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(words, words, (a, b) => {
      expect(pronounceable(a) === pronounceable(b)).toBe(Buffer.compare(a, b) === 0);
    }),
  );
});
