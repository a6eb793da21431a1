import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clientFrameOf } from '../../src/chat/core/client-frame.ts';
import { FrameDecoder } from '../../src/chat/io/frame-decoder.ts';

test('frames come out as they went in, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.json({ maxDepth: 2 }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (values, cuts) => {
        const stream = Buffer.from(values.map((value) => `${value}\n`).join(''));
        const decoder = new FrameDecoder();
        const seen: unknown[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = cuts[turn % cuts.length]!;
          decoder.push(stream.subarray(at, at + size));
          at += size;
          for (
            let next = decoder.next(65_536);
            next.state === 'line';
            next = decoder.next(65_536)
          ) {
            seen.push(next.value);
          }
        }
        expect(seen).toEqual(values.map((value) => JSON.parse(value) as unknown));
        expect(decoder.bufferedBytes).toBe(0);
      },
    ),
  );
});

test('a line is too long as soon as its newline can no longer come in time', () => {
  const decoder = new FrameDecoder();
  decoder.push(Buffer.from('"aaaaaa"'));
  expect(decoder.next(9)).toEqual({ state: 'more' });
  expect(decoder.next(8)).toEqual({ state: 'bad', reason: 'too long' });
  decoder.push(Buffer.from('\n'));
  expect(decoder.next(9)).toEqual({ state: 'line', value: 'aaaaaa', frameBytes: 9 });
});

test('no value of any shape makes frame validation throw, and what passes has every field', () => {
  const type = fc.constantFrom('login', 'post', 'delete', 'edit', 'read', 'users', 'pong', 'x');
  const field = fc.constantFrom('request', 'text', 'number', 'time', 'user', 'password', 'udpPort');
  const body = fc.dictionary(field, fc.oneof(fc.jsonValue(), fc.nat(), fc.string()));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.record({ type, body })), (value) => {
      const frame = clientFrameOf(value);
      if (frame?.type !== 'edit') return;
      expect(Number.isSafeInteger(frame.body.request)).toBe(true);
      expect(typeof frame.body.text).toBe('string');
    }),
    { numRuns: 1_000 },
  );
});

const login = {
  request: 1,
  user: 'a',
  password: 'b',
  udpPort: 9,
  publicKey: '0f'.repeat(32),
};

test('a login with every field is a frame', () => {
  expect(clientFrameOf({ type: 'login', body: login })).toEqual({ type: 'login', body: login });
});

test.each([
  { ...login, udpPort: 0 },
  { ...login, udpPort: 65_536 },
  { ...login, udpPort: '9' },
  { ...login, request: -1 },
  { ...login, request: 1.5 },
  { ...login, user: null },
  { ...login, password: undefined },
  { ...login, publicKey: undefined },
  { ...login, publicKey: '0f'.repeat(31) },
  { ...login, publicKey: '0F'.repeat(32) },
  [],
  null,
])('a login with the body %j is no frame', (body) => {
  expect(clientFrameOf({ type: 'login', body })).toBe(undefined);
});
