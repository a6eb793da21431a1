import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MAX_STREAM_GAPS,
  ReceiveStream,
} from '../../../../../src/transfer/core/connection/receiving/receive-stream.ts';
import { SegmentPool } from '../../../../../src/transfer/core/connection/receiving/segment-pool.ts';

const CREDIT_BYTES = 300_000;

/** Byte `offset` of the stream that all these tests send. */
function byteAt(offset: number): number {
  return (offset * 31 + (offset >> 7)) & 0xff;
}

function slice(offset: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => byteAt(offset + index));
}

function newStream(creditBytes = CREDIT_BYTES): ReceiveStream {
  return new ReceiveStream(new SegmentPool(), creditBytes);
}

/** Reads all that can be read and checks each byte; returns where reading stands. */
function readAll(stream: ReceiveStream): number {
  for (let view = stream.peek(); view.length > 0; view = stream.peek()) {
    const from = stream.readOffset;
    if (!view.every((byte, index) => byte === byteAt(from + index))) throw new Error('wrong byte');
    stream.consume(view.length);
  }
  return stream.readOffset;
}

test('slices in any order, cut anyhow, doubled and overlapping, are read once and in order', () => {
  const pieces = fc.array(
    fc.record({
      offset: fc.integer({ min: 0, max: 4_000 }),
      length: fc.integer({ min: 0, max: 1_500 }),
      reads: fc.boolean(),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(pieces, (list) => {
      const stream = newStream();
      const known = new Set<number>();
      for (const { offset, length, reads } of list) {
        expect(stream.onData(offset, slice(offset, length), 0, false)).toBe('taken');
        for (let at = offset; at < offset + length; at++) known.add(at);
        if (reads) readAll(stream);
      }
      let edge = 0;
      while (known.has(edge)) edge++;
      expect(readAll(stream)).toBe(edge);
    }),
  );
});

test('a stream across several segments is read whole and gives its segments back', () => {
  const pool = new SegmentPool();
  const stream = new ReceiveStream(pool, CREDIT_BYTES);
  const bytes = 250_000;
  for (let offset = 0; offset < bytes; offset += 1_180) {
    const length = Math.min(1_180, bytes - offset);
    stream.onData(offset, slice(offset, length), 0, offset + length === bytes);
  }
  expect(readAll(stream)).toBe(bytes);
  expect(stream.isReadFinished).toBe(true);
  expect(pool.lentCount).toBe(1);
  stream.abandon();
  expect(pool.lentCount).toBe(0);
});

describe('a violation is', () => {
  test('a byte beyond the credit', () => {
    const stream = newStream(1_000);
    expect(stream.onData(500, slice(500, 500), 0, false)).toBe('taken');
    expect(stream.onData(501, slice(501, 500), 0, false)).toBe('violation');
    expect(stream.onData(1_000, slice(1_000, 1), 0, false)).toBe('violation');
  });

  test('a byte beyond FIN', () => {
    const stream = newStream();
    stream.onData(0, slice(0, 10), 0, true);
    expect(stream.onData(10, slice(10, 1), 0, false)).toBe('violation');
  });

  test('another FIN elsewhere', () => {
    const stream = newStream();
    stream.onData(0, slice(0, 10), 0, true);
    expect(stream.onData(0, slice(0, 10), 0, true)).toBe('taken');
    expect(stream.onData(0, slice(0, 9), 0, true)).toBe('violation');
  });

  test('FIN before a byte that has come', () => {
    const stream = newStream();
    stream.onData(20, slice(20, 10), 0, false);
    expect(stream.onData(0, slice(0, 10), 0, true)).toBe('violation');
  });

  test('a stream of more gaps than are remembered', () => {
    const stream = newStream(10_000_000);
    let gaps = 0;
    while (stream.onData(2 * gaps + 1, slice(2 * gaps + 1, 1), 0, false) === 'taken') gaps++;
    expect(gaps).toBe(MAX_STREAM_GAPS);
  });
});

test('an empty stream is finished by FIN alone', () => {
  const stream = newStream();
  expect(stream.isReadFinished).toBe(false);
  expect(stream.onData(0, new Uint8Array(0), 0, true)).toBe('taken');
  expect(stream.isReadFinished).toBe(true);
});
