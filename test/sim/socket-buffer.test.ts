import { expect, test } from 'vitest';
import { chargedBytes, SocketBuffer } from './socket-buffer.ts';

const FROM = { address: 'a', port: 1 };

test.each([
  [20, 768],
  [1200, 2304],
  [1472, 2304],
  [1473, 2304],
  [1623, 4352],
  [8972, 16_640],
])('a datagram of %i bytes is charged %i', (length, charged) => {
  expect(chargedBytes(length)).toBe(charged);
});

test('a stock buffer of 208 KiB holds 92 datagrams of 1472 bytes', () => {
  const buffer = new SocketBuffer(212_992);
  for (let nth = 0; nth < 100; nth++) buffer.push(new Uint8Array(1472), FROM);
  expect(buffer.droppedCount).toBe(8);
  expect(buffer.takeAll()).toHaveLength(92);
  expect(buffer.isEmpty).toBe(true);
  expect(buffer.push(new Uint8Array(1472), FROM)).toBe(true);
});

test('a datagram that waits does not change with the buffer it came in', () => {
  const buffer = new SocketBuffer();
  const bytes = Uint8Array.of(1, 2, 3);
  buffer.push(bytes, FROM);
  bytes.fill(0);
  expect([...buffer.takeAll()[0]!.bytes]).toEqual([1, 2, 3]);
});
