import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  expandPacketNumber,
  isNewerSerial,
  packetNumberHigh,
  truncatePacketNumber,
} from '../../../../src/transfer/core/wire/packet-number.ts';

/** RFC 9000, appendix A.2 and A.3: the worked examples. */
test('the examples of RFC 9000 expand as it says', () => {
  expect(expandPacketNumber(0x9b32, 0xa82f30ea + 1, 16)).toBe(0xa82f9b32);
});

describe.each([4, 8, 16, 32])('numbers of %i bits', (bits) => {
  const window = 2 ** bits;

  test('a number within half a circle of the expected one survives truncation', () => {
    const expected = fc.integer({ min: 0, max: 2 ** 52 });
    const distance = fc.integer({ min: -(window / 2) + 1, max: window / 2 });
    fc.assert(
      fc.property(expected, distance, (expected, distance) => {
        const number = expected + distance;
        fc.pre(number >= 0);
        expect(expandPacketNumber(truncatePacketNumber(number, bits), expected, bits)).toBe(number);
      }),
    );
  });

  test('a run of numbers over a hundred wraps expands without a break', () => {
    let expected = window - 3;
    const step = Math.max(1, Math.floor(window / 16));
    for (let number = expected; number < 100 * window; number += step) {
      expect(expandPacketNumber(truncatePacketNumber(number, bits), expected, bits)).toBe(number);
      expected = number + 1;
    }
  });

  test('whatever arrives expands to a number with those low bits, never negative', () => {
    const truncated = fc.integer({ min: 0, max: window - 1 });
    fc.assert(
      fc.property(truncated, fc.integer({ min: 0, max: 2 ** 52 }), (truncated, expected) => {
        const number = expandPacketNumber(truncated, expected, bits);
        expect(number).toBeGreaterThanOrEqual(0);
        expect(number % window).toBe(truncated);
        // Nearest, unless that would be negative.
        expect(Math.abs(number - expected) <= window / 2 || number < window).toBe(true);
      }),
    );
  });

  const serial = fc.integer({ min: 0, max: window - 1 });

  test('no serial number is newer than itself, and of two at most one is newer', () => {
    fc.assert(
      fc.property(serial, serial, (a, b) => {
        expect(isNewerSerial(a, a, bits)).toBe(false);
        expect(isNewerSerial(a, b, bits) && isNewerSerial(b, a, bits)).toBe(false);
      }),
    );
  });

  test('two different serial numbers are ordered unless half a circle apart', () => {
    fc.assert(
      fc.property(serial, serial, (a, b) => {
        const isOrdered = isNewerSerial(a, b, bits) || isNewerSerial(b, a, bits);
        expect(isOrdered).toBe(a !== b && Math.abs(a - b) !== window / 2);
      }),
    );
  });

  test('adding less than half a circle makes a serial number newer, also over the wrap', () => {
    const addend = fc.integer({ min: 1, max: window / 2 - 1 });
    fc.assert(
      fc.property(serial, addend, (a, addend) => {
        expect(isNewerSerial((a + addend) % window, a, bits)).toBe(true);
        expect(isNewerSerial(a, (a + addend) % window, bits)).toBe(false);
      }),
    );
  });
});

test('a number is its high part and the 32 bits that travel', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (number) => {
      expect(packetNumberHigh(number) * 2 ** 32 + truncatePacketNumber(number)).toBe(number);
    }),
  );
});
