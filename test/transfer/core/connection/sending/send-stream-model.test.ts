import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  SendStream,
  type StreamSlice,
} from '../../../../../src/transfer/core/connection/sending/send-stream.ts';

/** The byte of the known stream at this offset. */
function byteAt(offset: number): number {
  return (offset * 31 + (offset >> 8) * 7) & 255;
}

function bytes(offset: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => byteAt(offset + index));
}

interface SentSlice extends StreamSlice {
  fate: 'inFlight' | 'lost' | 'acked';
}

/** The same stream, byte by byte. */
class NaiveStream {
  written = 0;
  sentEnd = 0;
  credit: number;
  isFinished = false;
  fin: 'none' | 'due' | 'inFlight' | 'acked' = 'none';
  readonly acked = new Set<number>();
  readonly lost = new Set<number>();
  readonly slices: SentSlice[] = [];

  constructor(credit: number) {
    this.credit = credit;
  }

  get acknowledged(): number {
    let edge = 0;
    while (this.acked.has(edge)) edge++;
    return edge;
  }

  get isFinDue(): boolean {
    return this.fin === 'due' && this.sentEnd === this.written;
  }

  /** What the next packet must carry. */
  next(maxLength: number): StreamSlice | undefined {
    if (this.lost.size > 0) {
      const offset = Math.min(...this.lost);
      let length = 0;
      while (length < maxLength && this.lost.has(offset + length)) length++;
      return this.slice(offset, length);
    }
    const end = Math.min(this.written, Math.max(this.credit, this.sentEnd));
    const length = Math.min(end - this.sentEnd, maxLength);
    if (length === 0 && !this.isFinDue) return undefined;
    return this.slice(this.sentEnd, length);
  }

  oldest(maxLength: number): StreamSlice | undefined {
    const offset = this.acknowledged;
    if (offset === this.sentEnd) {
      return this.fin === 'inFlight' ? this.slice(offset, 0) : undefined;
    }
    let length = 0;
    while (length < maxLength && offset + length < this.sentEnd && !this.acked.has(offset + length))
      length++;
    return this.slice(offset, length);
  }

  slice(offset: number, length: number): StreamSlice {
    const isFin = this.isFinished && offset + length === this.written && this.fin !== 'acked';
    return { offset, length, isFin };
  }

  onSent(slice: StreamSlice): void {
    for (let at = slice.offset; at < slice.offset + slice.length; at++) this.lost.delete(at);
    this.sentEnd = Math.max(this.sentEnd, slice.offset + slice.length);
    if (slice.isFin) this.fin = 'inFlight';
    this.slices.push({ ...slice, fate: 'inFlight' });
  }

  /** Every byte is acknowledged, in flight, queued for repair, or not yet sent. */
  expectNoByteForgotten(): void {
    const known = new Set([...this.acked, ...this.lost]);
    for (const { offset, length, fate } of this.slices) {
      if (fate !== 'inFlight') continue;
      for (let at = offset; at < offset + length; at++) known.add(at);
    }
    for (let at = 0; at < this.sentEnd; at++) expect(known.has(at)).toBe(true);
  }
}

const scratch: StreamSlice = { offset: 0, length: 0, isFin: false };

function expectSame(naive: NaiveStream, stream: SendStream): void {
  expect({
    written: stream.written,
    sentEnd: stream.sentEnd,
    acknowledged: stream.acknowledged,
    unsentBytes: stream.unsentBytes,
    hasSlice: stream.hasSlice,
    isAcknowledged: stream.isAcknowledged,
    isAllSent: stream.isAllSent,
  }).toEqual({
    written: naive.written,
    sentEnd: naive.sentEnd,
    acknowledged: naive.acknowledged,
    unsentBytes: naive.written - naive.sentEnd,
    hasSlice: naive.next(1) !== undefined,
    isAcknowledged:
      naive.acknowledged === naive.written && (!naive.isFinished || naive.fin === 'acked'),
    isAllSent: naive.sentEnd === naive.written && naive.fin !== 'due',
  });
  naive.expectNoByteForgotten();
}

/** Takes what both sides think should leave, and compares it and its bytes. */
function expectSent(naive: NaiveStream, stream: SendStream, wanted: StreamSlice | undefined): void {
  if (wanted === undefined) return;
  expect(scratch).toEqual(wanted);
  const target = new Uint8Array(wanted.length + 2);
  if (wanted.length > 0) stream.copyInto(target, 1, wanted.offset, wanted.length);
  expect(target.subarray(1, -1)).toEqual(bytes(wanted.offset, wanted.length));
  expect([target[0], target.at(-1)]).toEqual([0, 0]);
  naive.onSent(wanted);
}

type Run = (naive: NaiveStream, stream: SendStream) => void;

function step(name: string, run: Run): fc.Command<NaiveStream, SendStream> {
  return {
    check: () => true,
    run: (naive, stream) => {
      run(naive, stream);
      expectSame(naive, stream);
    },
    toString: () => name,
  };
}

const write = fc.nat(40).map((length) =>
  step(`write ${length}`, (naive, stream) => {
    if (naive.isFinished) return;
    stream.write(bytes(naive.written, length));
    naive.written += length;
  }),
);
const finish = fc.constant(
  step('finish', (naive, stream) => {
    stream.finish();
    if (!naive.isFinished) naive.fin = 'due';
    naive.isFinished = true;
  }),
);
const raiseCredit = fc.nat(60).map((bytesMore) =>
  step(`credit +${bytesMore - 10}`, (naive, stream) => {
    const credit = naive.credit + bytesMore - 10;
    expect(stream.raiseCredit(credit)).toBe(credit > naive.credit);
    naive.credit = Math.max(naive.credit, credit);
  }),
);
const take = fc.integer({ min: 1, max: 25 }).map((maxLength) =>
  step(`take ${maxLength}`, (naive, stream) => {
    const wanted = naive.next(maxLength);
    expect(stream.takeSlice(maxLength, scratch)).toBe(wanted !== undefined);
    expectSent(naive, stream, wanted);
  }),
);
const repeatOldest = fc.integer({ min: 1, max: 25 }).map((maxLength) =>
  step(`repeatOldest ${maxLength}`, (naive, stream) => {
    const wanted = naive.oldest(maxLength);
    expect(stream.repeatOldest(maxLength, scratch)).toBe(wanted !== undefined);
    expectSent(naive, stream, wanted);
  }),
);
const repeat = fc.nat().map((pick) =>
  step(`repeat ${pick}`, (naive, stream) => {
    const chosen = naive.slices[pick % naive.slices.length];
    if (chosen?.fate !== 'inFlight') return;
    const { offset, length } = chosen;
    let isOpen = naive.fin === 'inFlight' && offset + length === naive.written;
    for (let at = offset; at < offset + length; at++) isOpen ||= !naive.acked.has(at);
    expect(stream.repeat(offset, length, scratch)).toBe(isOpen);
    const end = offset + length;
    const start = Math.min(end, Math.max(offset, naive.acknowledged));
    expectSent(naive, stream, isOpen ? naive.slice(start, end - start) : undefined);
  }),
);
/** Of a packet in flight, or, late, of one that was declared lost. */
const acknowledge = fc.nat().map((pick) =>
  step(`ack ${pick}`, (naive, stream) => {
    const chosen = naive.slices[pick % naive.slices.length];
    if (chosen === undefined || chosen.fate === 'acked') return;
    chosen.fate = 'acked';
    stream.onAcked(chosen.offset, chosen.length, chosen.isFin);
    for (let at = chosen.offset; at < chosen.offset + chosen.length; at++) {
      naive.acked.add(at);
      naive.lost.delete(at);
    }
    if (chosen.isFin) naive.fin = 'acked';
  }),
);
const lose = fc.nat().map((pick) =>
  step(`lose ${pick}`, (naive, stream) => {
    const chosen = naive.slices[pick % naive.slices.length];
    if (chosen?.fate !== 'inFlight') return;
    chosen.fate = 'lost';
    stream.onLost(chosen.offset, chosen.length, chosen.isFin);
    for (let at = chosen.offset; at < chosen.offset + chosen.length; at++) {
      if (!naive.acked.has(at)) naive.lost.add(at);
    }
    if (chosen.isFin && naive.fin === 'inFlight') naive.fin = 'due';
  }),
);

test('whatever is written, lost, repeated and acknowledged in any order: no byte is forgotten', () => {
  const commands = fc.commands(
    [write, finish, raiseCredit, take, take, repeatOldest, repeat, acknowledge, lose],
    { maxCommands: 60, size: 'max' },
  );
  fc.assert(
    fc.property(commands, fc.nat(50), (steps, credit) => {
      const naive = new NaiveStream(credit);
      const stream = new SendStream(credit);
      fc.modelRun(() => ({ model: naive, real: stream }), steps);
      // Once all that is in flight was lost and credit is enough, the rest arrives.
      stream.raiseCredit(1e9);
      for (const slice of naive.slices) {
        if (slice.fate === 'inFlight') stream.onLost(slice.offset, slice.length, slice.isFin);
      }
      while (stream.takeSlice(9, scratch)) {
        stream.onAcked(scratch.offset, scratch.length, scratch.isFin);
      }
      expect(stream.isAcknowledged).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('thousands of released chunks leave the rest readable from any offset', () => {
  const stream = new SendStream(1e9);
  for (let offset = 0; offset < 6000; offset += 2) stream.write(bytes(offset, 2));
  const copy = new Uint8Array(100);
  for (let offset = 0; offset < 5800; offset += 100) {
    expect(stream.takeSlice(100, scratch)).toBe(true);
    stream.copyInto(copy, 0, scratch.offset, 100);
    expect(copy).toEqual(bytes(offset, 100));
    stream.onAcked(offset, 100, false);
  }
  stream.takeSlice(200, scratch);
  for (const offset of [5900, 5801, 5850, 5899]) {
    stream.copyInto(copy, 0, offset, 100);
    expect(copy).toEqual(bytes(offset, 100));
  }
});

test('a slice whose beginning was acknowledged by another packet repeats only the rest', () => {
  const stream = new SendStream(1e9);
  stream.write(bytes(0, 4));
  stream.write(bytes(4, 4));
  stream.takeSlice(3, scratch);
  stream.takeSlice(5, scratch);
  stream.onAcked(0, 6, false);
  expect(stream.repeat(3, 5, scratch)).toBe(true);
  expect(scratch).toEqual({ offset: 6, length: 2, isFin: false });
  expect(stream.duplicatedBytes).toBe(2);
});

test('FIN needs no credit, but goes only behind the last byte', () => {
  const stream = new SendStream(10);
  stream.write(bytes(0, 20));
  stream.finish();
  expect(stream.takeSlice(100, scratch)).toBe(true);
  expect(scratch).toEqual({ offset: 0, length: 10, isFin: false });
  expect(stream.takeSlice(100, scratch)).toBe(false);
  expect(stream.isBlockedByCredit).toBe(true);
  stream.raiseCredit(20);
  expect(stream.takeSlice(100, scratch)).toBe(true);
  expect(scratch).toEqual({ offset: 10, length: 10, isFin: true });
  expect(stream.isBlockedByCredit).toBe(false);
});

test('an empty stream ends with a FIN that carries nothing', () => {
  const stream = new SendStream(0);
  stream.finish();
  expect(stream.takeSlice(100, scratch)).toBe(true);
  expect(scratch).toEqual({ offset: 0, length: 0, isFin: true });
  stream.onLost(0, 0, true);
  expect(stream.takeSlice(100, scratch)).toBe(true);
  stream.onAcked(0, 0, true);
  expect(stream.isAcknowledged).toBe(true);
  expect(stream.takeSlice(100, scratch)).toBe(false);
});

test('writing behind FIN is our own mistake', () => {
  const stream = new SendStream(10);
  stream.finish();
  expect(() => {
    stream.write(bytes(0, 1));
  }).toThrow('nothing is written behind FIN');
});
