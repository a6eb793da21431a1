import { expect, test } from 'vitest';
import { KnownStream, MAX_VIEW_BYTES } from './known-stream.ts';

/** Beyond the period of the table behind a stream. */
const LONG_BYTES = 2_500_000;

function read(stream: KnownStream, from: number, byteCount: number): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  for (let at = 0; at < byteCount;) {
    const view = stream.view(from + at, byteCount - at);
    bytes.set(view, at);
    at += view.length;
  }
  return bytes;
}

test('a stream reads the same in pieces of any size, and another seed reads otherwise', () => {
  const whole = read(new KnownStream(3), 0, LONG_BYTES);
  const stream = new KnownStream(3);
  for (const from of [0, 1, MAX_VIEW_BYTES - 1, 1_048_570, LONG_BYTES - 777]) {
    const piece = read(stream, from, 777);
    expect(Buffer.compare(piece, whole.subarray(from, from + 777))).toBe(0);
  }
  expect(Buffer.compare(read(new KnownStream(4), 0, 777), whole.subarray(0, 777))).not.toBe(0);
});

test('what is right from its offset on has no wrong byte', () => {
  const stream = new KnownStream(3);
  expect(stream.firstWrong(1_000_000, read(stream, 1_000_000, 300_000))).toBeUndefined();
});

test('one wrong byte is found where it is, in the first view and in later ones', () => {
  const stream = new KnownStream(3);
  for (const at of [0, 1, MAX_VIEW_BYTES - 1, MAX_VIEW_BYTES, 3 * MAX_VIEW_BYTES + 5]) {
    const bytes = read(stream, 10, 4 * MAX_VIEW_BYTES);
    bytes[at]! ^= 1;
    expect(stream.firstWrong(10, bytes)).toBe(at);
  }
});

test('bytes that came twice are wrong', () => {
  const stream = new KnownStream(3);
  const once = read(stream, 0, 1000);
  expect(stream.firstWrong(1000, once)).toBeDefined();
});
