import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AckFields,
  DecodedAck,
  decodeAck,
  encodeAck,
} from '../../../../src/transfer/core/wire/codec.ts';
import { MAX_ACK_RANGES } from '../../../../src/transfer/core/wire/packet.ts';

type Range = readonly [start: number, end: number];

const AT = 10;
/** Where the ranges begin. */
const RANGES_AT = AT + 30;

function descending(ranges: readonly Range[]) {
  return {
    forEachDescending(visit: (start: number, end: number) => boolean): void {
      for (const [start, end] of ranges) if (!visit(start, end)) return;
    },
  };
}

function rangesOf(ack: DecodedAck): Range[] {
  return Array.from({ length: ack.rangeCount }, (_, i) => [ack.rangeStarts[i]!, ack.rangeEnds[i]!]);
}

function fieldsWith(largest: number): AckFields {
  return {
    ackSeq: 4,
    largest,
    ackDelayUs: 5,
    receivedAtUs: 6,
    creditOffset: 7,
    receivedCount: 8,
    socketShareBytes: 9,
  };
}

/** The datagram of an ACK of these ranges, in a buffer with room for them. */
function encoded(ranges: readonly Range[], limit = 1500): Uint8Array {
  const buffer = new Uint8Array(1500).fill(0xa5);
  const largest = ranges.length === 0 ? 100 : ranges[0]![1] - 1;
  return buffer.subarray(0, encodeAck(buffer, AT, limit, fieldsWith(largest), descending(ranges)));
}

function decoded(datagram: Uint8Array, expectedLargest: number): Range[] | undefined {
  const ack = new DecodedAck();
  return decodeAck(datagram, AT, expectedLargest, 0, ack) ? rangesOf(ack) : undefined;
}

/** Lengths and gaps around the borders of a field, made into ranges below `end`. */
const sizes = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 1, arbitrary: fc.integer({ min: 65_533, max: 65_537 }) },
  { weight: 1, arbitrary: fc.integer({ min: 131_069, max: 131_072 }) },
);
const rangeList = fc
  .record({
    end: fc.integer({ min: 2 ** 33, max: 2 ** 52 }),
    steps: fc.array(fc.tuple(sizes, sizes), { minLength: 1, maxLength: 60 }),
  })
  .map(({ end, steps }) => {
    const ranges: Range[] = [];
    let below = end;
    for (const [length, gap] of steps) {
      ranges.push([below - length, below]);
      below -= length + gap;
    }
    return ranges;
  });

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const number = fc.integer({ min: 2 ** 32, max: 2 ** 52 });

test('every field of an ACK comes back as it went, numbers in full', () => {
  const fields = fc.record({
    ackSeq: number,
    largest: number,
    ackDelayUs: u32,
    receivedAtUs: u32,
    creditOffset: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    receivedCount: u32,
    socketShareBytes: u32,
  });
  const distance = fc.integer({ min: -(2 ** 30), max: 2 ** 30 });
  fc.assert(
    fc.property(fields, distance, (fields, distance) => {
      const buffer = new Uint8Array(100);
      const ranges = descending([[fields.largest - 2, fields.largest + 1]]);
      const length = encodeAck(buffer, AT, 100, fields, ranges);
      const ack = new DecodedAck();
      const expectedSeq = fields.ackSeq - distance;
      const datagram = buffer.subarray(0, length);
      expect(decodeAck(datagram, AT, fields.largest + distance, expectedSeq, ack)).toBe(true);
      expect(ack).toMatchObject(fields);
      expect(rangesOf(ack)).toEqual([[fields.largest - 2, fields.largest + 1]]);
    }),
  );
});

test('ranges come back as they went, whatever their lengths and gaps', () => {
  fc.assert(
    fc.property(rangeList, (ranges) => {
      expect(decoded(encoded(ranges), ranges[0]![1])).toEqual(ranges);
    }),
  );
});

test('an ACK without ranges is an ACK', () => {
  const datagram = encoded([]);
  expect(datagram.length).toBe(RANGES_AT);
  expect(decoded(datagram, 100)).toEqual([]);
});

test('a value of 65,535 goes on in the next field', () => {
  const datagram = encoded([[1_000_000 - 65_535, 1_000_000]]);
  expect([...datagram.subarray(RANGES_AT)]).toEqual([0xff, 0xff, 0, 0]);
  const shorter = encoded([[1_000_000 - 65_534, 1_000_000]]);
  expect([...shorter.subarray(RANGES_AT)]).toEqual([0xff, 0xfe]);
});

describe('what does not fit', () => {
  test('as many of the newest ranges as fit the limit are sent, never a byte more', () => {
    const limit = fc.integer({ min: RANGES_AT + 2, max: RANGES_AT + 200 });
    fc.assert(
      fc.property(rangeList, limit, (ranges, limit) => {
        fc.pre(ranges[0]![1] - ranges[0]![0] < 65_535);
        const datagram = encoded(ranges, limit);
        const sent = decoded(datagram, ranges[0]![1])!;
        expect(datagram.length).toBeLessThanOrEqual(limit);
        expect(sent).toEqual(ranges.slice(0, sent.length));
        // One range more would have crossed the limit.
        if (sent.length < ranges.length) {
          expect(encoded(ranges.slice(0, sent.length + 1)).length).toBeGreaterThan(limit);
        }
      }),
    );
  });

  test('of a first range that does not fit alone the newest part is sent', () => {
    const datagram = encoded([[0, 400_000]], RANGES_AT + 4);
    expect(decoded(datagram, 400_000)).toEqual([[400_000 - (2 * 65_535 - 1), 400_000]]);
  });

  test('at most 250 ranges are sent', () => {
    const ranges = Array.from({ length: 300 }, (_, i): Range => [2000 - 3 * i, 2001 - 3 * i]);
    expect(decoded(encoded(ranges), 2000)).toEqual(ranges.slice(0, MAX_ACK_RANGES));
  });
});

describe('a malformed list of ranges is refused', () => {
  /** The datagram of an ACK of packet 100 with these fields in place of its ranges. */
  function withFields(...fields: number[]): Uint8Array {
    const bytes = fields.flatMap((field) => [field >> 8, field & 0xff]);
    return new Uint8Array([...encoded([]), ...bytes]);
  }

  test('as the list below it is not', () => {
    expect(decoded(withFields(1, 1, 99), 100)).toEqual([
      [100, 101],
      [0, 99],
    ]);
  });

  test.each([
    ['a length of zero', [0]],
    ['a gap of zero', [1, 0, 1]],
    ['a second length of zero', [1, 1, 0]],
    ['a gap without a range', [1, 1]],
    ['a first range below zero', [102]],
    ['a range below zero', [1, 1, 100]],
    ['a gap below zero', [1, 101, 1]],
    ['a field that should go on', [0xffff]],
  ])('%s', (_, fields) => {
    expect(decoded(withFields(...fields), 100)).toBeUndefined();
  });

  test('half a field', () => {
    expect(decoded(new Uint8Array([...withFields(1), 0]), 100)).toBeUndefined();
    // 256 with the byte that is missing taken for 0: a length that would fit.
    const fixed = encoded([[9_999, 10_000]]).subarray(0, RANGES_AT);
    expect(decoded(new Uint8Array([...fixed, 1]), 10_000)).toBeUndefined();
  });

  test('more than 250 ranges', () => {
    const ones = (rangeCount: number) => {
      const bytes = Array.from({ length: 2 * rangeCount - 1 }, () => [0, 1]).flat();
      const datagram = encoded([[9_999, 10_000]]).subarray(0, RANGES_AT);
      return new Uint8Array([...datagram, ...bytes]);
    };
    expect(decoded(ones(250), 10_000)).toHaveLength(250);
    expect(decoded(ones(251), 10_000)).toBeUndefined();
  });
});

test('an ACK cut anywhere is refused or says less, and never throws', () => {
  fc.assert(
    fc.property(rangeList, fc.nat(400), (ranges, cutAt) => {
      const datagram = encoded(ranges).subarray(0, cutAt);
      const whole = decoded(datagram, ranges[0]![1]);
      if (datagram.length < RANGES_AT) expect(whole).toBeUndefined();
    }),
  );
});

test('random bytes are refused or give ordered ranges of numbers that are not negative', () => {
  const bytes = fc.uint8Array({ minLength: RANGES_AT, maxLength: RANGES_AT + 60 });
  fc.assert(
    fc.property(bytes, fc.integer({ min: 0, max: 2 ** 34 }), (datagram, expectedLargest) => {
      const ranges = decoded(datagram, expectedLargest) ?? [];
      let below = Infinity;
      for (const [start, end] of ranges) {
        expect(end).toBeLessThan(below);
        expect(start).toBeLessThan(end);
        expect(start).toBeGreaterThanOrEqual(0);
        below = start;
      }
    }),
    { numRuns: 500 },
  );
});

test('ranges that do not begin with the largest number are our own mistake', () => {
  const buffer = new Uint8Array(100);
  const ranges = descending([[5, 7]]);
  expect(() => encodeAck(buffer, AT, 100, fieldsWith(7), ranges)).toThrow('newest range');
});
