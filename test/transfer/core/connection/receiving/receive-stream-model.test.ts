import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  MAX_STREAM_GAPS,
  ReceiveStream,
} from '../../../../../src/transfer/core/connection/receiving/receive-stream.ts';
import {
  SEGMENT_BYTES,
  SegmentPool,
} from '../../../../../src/transfer/core/connection/receiving/segment-pool.ts';

/** Bytes before the payload in what `onData` is handed. */
const HEADER_BYTES = 3;

/** The same stream as a map from offset to byte. */
class NaiveReceiver {
  credit: number;
  readOffset = 0;
  finalOffset: number | undefined;
  readonly bytes = new Map<number, number>();
  isBroken = false;

  constructor(credit: number) {
    this.credit = credit;
  }

  get contiguousEnd(): number {
    let end = 0;
    while (this.bytes.has(end)) end++;
    return end;
  }

  get last(): number {
    return Math.max(-1, ...this.bytes.keys());
  }

  takes(offset: number, length: number, isFin: boolean): boolean {
    const end = offset + length;
    if (end > this.credit) return false;
    if (this.finalOffset !== undefined && end > this.finalOffset) return false;
    if (isFin && this.finalOffset !== undefined && this.finalOffset !== end) return false;
    return !(isFin && this.last >= end);
  }
}

interface Pair {
  readonly stream: ReceiveStream;
  readonly pool: SegmentPool;
}

function expectSame(naive: NaiveReceiver, { stream, pool }: Pair): void {
  const end = naive.contiguousEnd;
  expect({
    credit: stream.creditOffset,
    readOffset: stream.readOffset,
    contiguousEnd: stream.contiguousEnd,
    readableBytes: stream.readableBytes,
    isComplete: stream.isComplete,
    isReadFinished: stream.isReadFinished,
    isCreditUsedUp: stream.isCreditUsedUp,
  }).toEqual({
    credit: naive.credit,
    readOffset: naive.readOffset,
    contiguousEnd: end,
    readableBytes: end - naive.readOffset,
    isComplete: naive.finalOffset === end,
    isReadFinished: naive.finalOffset === naive.readOffset,
    isCreditUsedUp: end >= naive.credit,
  });
  const view = stream.peek();
  expect(view.length > 0).toBe(end > naive.readOffset);
  view.forEach((byte, index) => {
    expect(byte).toBe(naive.bytes.get(naive.readOffset + index));
  });
  // Memory is bounded by what was granted, whole segments at both ends.
  const grantedBytes = naive.credit - naive.readOffset;
  expect(pool.lentCount).toBeLessThanOrEqual(Math.ceil(grantedBytes / SEGMENT_BYTES) + 1);
}

type Run = (naive: NaiveReceiver, pair: Pair) => void;

function step(name: string, run: Run): fc.Command<NaiveReceiver, Pair> {
  return {
    check: (naive) => !naive.isBroken,
    run: (naive, pair) => {
      run(naive, pair);
      if (!naive.isBroken) expectSame(naive, pair);
    },
    toString: () => name,
  };
}

/** Offsets lie around a segment's border, so that slices span two segments. */
const START = SEGMENT_BYTES - 40;

const receive = fc
  .record({
    at: fc.nat(110),
    length: fc.nat(25),
    fill: fc.integer({ min: 1, max: 255 }),
    isFin: fc.boolean(),
    isFinMeant: fc.nat(12),
  })
  .map(({ at, length, fill, isFinMeant, isFin }) =>
    step(`receive ${at}+${length}`, (naive, { stream }) => {
      const offset = START + at;
      const fin = isFin && isFinMeant === 0;
      const datagram = new Uint8Array(HEADER_BYTES + length).fill(fill, HEADER_BYTES);
      const taken = naive.takes(offset, length, fin);
      expect(stream.onData(offset, datagram, HEADER_BYTES, fin)).toBe(
        taken ? 'taken' : 'violation',
      );
      if (!taken) {
        naive.isBroken = true;
        return;
      }
      if (fin) naive.finalOffset = offset + length;
      for (let n = offset; n < offset + length; n++) {
        // The first byte that came stays: a peer cannot change what was read already.
        if (!naive.bytes.has(n)) naive.bytes.set(n, fill);
      }
    }),
  );
const consume = fc.nat(60).map((wanted) =>
  step(`consume ${wanted}`, (naive, { stream }) => {
    const byteCount = Math.min(wanted, stream.peek().length);
    stream.consume(byteCount);
    naive.readOffset += byteCount;
  }),
);
const raise = fc.nat(30).map((more) =>
  step(`credit +${more}`, (naive, { stream }) => {
    naive.credit += more;
    stream.raiseCredit(naive.credit);
  }),
);

test('overlapping, repeated and differently cut slices are read as the bytes that came first', () => {
  const commands = fc.commands([receive, receive, receive, consume, raise], {
    maxCommands: 50,
    size: 'max',
  });
  fc.assert(
    fc.property(commands, fc.integer({ min: 60, max: 150 }), (steps, credit) => {
      const pool = new SegmentPool();
      const stream = new ReceiveStream(pool, START + credit);
      const naive = new NaiveReceiver(START + credit);
      const before = new Uint8Array(START).fill(9);
      stream.onData(0, before, 0, false);
      stream.consume(START - 10);
      before.forEach((byte, index) => naive.bytes.set(index, byte));
      naive.readOffset = START - 10;
      fc.modelRun(() => ({ model: naive, real: { stream, pool } }), steps);
      stream.abandon();
      expect(pool.lentCount).toBe(0);
    }),
    { numRuns: 60 },
  );
});

function stream(creditBytes: number): ReceiveStream {
  return new ReceiveStream(new SegmentPool(), creditBytes);
}

test('one byte beyond the credit is a violation, the last granted byte is not', () => {
  expect(stream(100).onData(90, new Uint8Array(10), 0, false)).toBe('taken');
  expect(stream(100).onData(91, new Uint8Array(10), 0, false)).toBe('violation');
  expect(stream(100).onData(2 ** 48 - 1, new Uint8Array(1), 0, false)).toBe('violation');
});

test('bytes behind FIN, a second final offset, and a FIN before known bytes are violations', () => {
  const behind = stream(100);
  behind.onData(0, new Uint8Array(10), 0, true);
  expect(behind.onData(10, new Uint8Array(1), 0, false)).toBe('violation');
  const second = stream(100);
  second.onData(0, new Uint8Array(10), 0, true);
  expect(second.onData(0, new Uint8Array(9), 0, true)).toBe('violation');
  expect(second.onData(0, new Uint8Array(10), 0, true)).toBe('taken');
  const before = stream(100);
  before.onData(20, new Uint8Array(10), 0, false);
  expect(before.onData(0, new Uint8Array(29), 0, true)).toBe('violation');
});

test('an empty FIN at the final offset needs no credit', () => {
  const full = stream(10);
  full.onData(0, new Uint8Array(10), 0, false);
  expect(full.onData(10, new Uint8Array(0), 0, true)).toBe('taken');
  full.consume(10);
  expect(full.isReadFinished).toBe(true);
});

test('more gaps than are remembered are a violation', () => {
  const gaps = stream(10 * MAX_STREAM_GAPS);
  const byte = new Uint8Array(1);
  for (let count = 0; count < MAX_STREAM_GAPS; count++) {
    expect(gaps.onData(2 * count, byte, 0, false)).toBe('taken');
  }
  expect(gaps.onData(2 * MAX_STREAM_GAPS, byte, 0, false)).toBe('violation');
});

test('credit that shrinks, and consuming what has not come, are our own mistakes', () => {
  const own = stream(10);
  expect(() => {
    own.raiseCredit(9);
  }).toThrow('credit never shrinks');
  expect(() => {
    own.consume(1);
  }).toThrow('only readable bytes are consumed');
});

test('a stream that was read to its end has been read to its end also after it was let go', () => {
  const finished = stream(10);
  finished.onData(0, new Uint8Array(4), 0, true);
  finished.consume(4);
  finished.abandon();
  expect(finished.isReadFinished).toBe(true);
  expect(finished.peek()).toHaveLength(0);
});
