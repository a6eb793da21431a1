import { expect, test } from 'vitest';
import { Fate, MAX_DIRECTIONS, Trace, TRACE_LINES } from './trace.ts';

/** Five bytes: a CRC of four, then the type, here ACK with flags above it. */
const ack = Uint8Array.of(1, 2, 3, 4, 0x80 | 0x40 | 4);

function digestOf(record: (trace: Trace) => void): string {
  const trace = new Trace(true);
  trace.addDirection('a>b');
  record(trace);
  return trace.digest();
}

test('a line holds time, direction, type without flags, length and fate', () => {
  const trace = new Trace(false);
  const direction = trace.addDirection('a>b');
  trace.record(1_234_567, direction, ack, 5, Fate.queueDrop);
  expect(trace.text).toBe('1234.567 a>b ACK 5 queueDrop');
});

test('a datagram too short to have a type has none', () => {
  const trace = new Trace(false);
  trace.record(0, trace.addDirection('a>b'), ack, 4, Fate.sent);
  expect(trace.text).toBe('0.000 a>b ? 4 sent');
});

test('of more lines than the ring holds the last are kept', () => {
  const trace = new Trace(false);
  const direction = trace.addDirection('a>b');
  const count = TRACE_LINES + 3;
  for (let index = 0; index < count; index++) {
    trace.record(1000 * index, direction, ack, 5, Fate.sent);
  }
  const lines = trace.text.split('\n');
  expect(trace.recordCount).toBe(count);
  expect(lines.length).toBe(TRACE_LINES);
  expect(lines[0]).toBe('3.000 a>b ACK 5 sent');
  expect(lines.at(-1)).toBe(`${TRACE_LINES + 2}.000 a>b ACK 5 sent`);
});

test('lines are shown by time, although a link knows early what it will do', () => {
  const trace = new Trace(false);
  const direction = trace.addDirection('a>b');
  trace.record(0, direction, ack, 5, Fate.sent);
  trace.record(9000, direction, ack, 5, Fate.lost);
  trace.record(5000, direction, ack, 5, Fate.delivered);
  expect(trace.text.match(/\w+$/gm)).toEqual(['sent', 'delivered', 'lost']);
});

test('the digest sees every field, the checksum of the bytes included, and what left the ring', () => {
  const line = (atUs: number, bytes: Uint8Array, length: number, fate: Fate): string =>
    digestOf((trace) => {
      trace.record(atUs, 0, bytes, length, fate);
      for (let later = 0; later < 5000; later++) trace.record(99, 0, ack, 5, Fate.sent);
    });
  const otherChecksum = Uint8Array.of(1, 2, 3, 5, ack[4]!);
  const otherType = Uint8Array.of(1, 2, 3, 4, 3);
  const digests = [
    line(1, ack, 5, Fate.sent),
    line(2, ack, 5, Fate.sent),
    line(1, otherChecksum, 5, Fate.sent),
    line(1, otherType, 5, Fate.sent),
    line(1, ack, 6, Fate.sent),
    line(1, ack, 5, Fate.lost),
  ];
  expect(new Set(digests).size).toBe(digests.length);
  expect(line(1, ack, 5, Fate.sent)).toBe(digests[0]);
});

test('a direction too many is refused, not taken for another', () => {
  const trace = new Trace(false);
  for (let index = 0; index < MAX_DIRECTIONS; index++) trace.addDirection(`${index}`);
  expect(() => trace.addDirection('one more')).toThrow('256 directions');
});
