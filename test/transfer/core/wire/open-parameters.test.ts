import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeOpenAnswer,
  decodeOpenParameters,
  encodeOpenAnswer,
  encodeOpenParameters,
} from '../../../../src/transfer/core/wire/open-parameters.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const limits = {
  connectionId: u32,
  firstPacketNumber: u32,
  creditBytes: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  socketShareBytes: u32,
  maxDatagramBytes: u16,
};
const parameters = fc.record({
  versions: fc.array(u8, { minLength: 1, maxLength: 8 }),
  ...limits,
});
const answer = fc.oneof(fc.record({ version: u8, ...limits }), fc.record({ refusal: u16 }));
const laterFields = fc.uint8Array({ maxLength: 8 });

test('what an OPEN says comes back as it went, whatever a later version adds', () => {
  fc.assert(
    fc.property(parameters, laterFields, (parameters, later) => {
      const bytes = encodeOpenParameters(parameters);
      expect(decodeOpenParameters(new Uint8Array([...bytes, ...later]))).toEqual(parameters);
    }),
  );
});

test('an answer comes back as it went, whatever a later version adds', () => {
  fc.assert(
    fc.property(answer, laterFields, (answer, later) => {
      const bytes = encodeOpenAnswer(answer);
      expect(decodeOpenAnswer(new Uint8Array([...bytes, ...later]))).toEqual(answer);
    }),
  );
});

test('what is cut anywhere is refused', () => {
  fc.assert(
    fc.property(parameters, answer, fc.double({ min: 0, max: 0.999 }), (open, answer, part) => {
      const openBytes = encodeOpenParameters(open);
      const answerBytes = encodeOpenAnswer(answer);
      const cut = (bytes: Uint8Array) => bytes.subarray(0, Math.floor(bytes.length * part));
      expect(decodeOpenParameters(cut(openBytes))).toBeUndefined();
      expect(decodeOpenAnswer(cut(answerBytes))).toBeUndefined();
    }),
  );
});

test('an OPEN offers 1 to 8 versions, sent or received', () => {
  const bytes = new Uint8Array(300);
  for (let versionCount = 0; versionCount < 256; versionCount++) {
    bytes[0] = versionCount;
    const isGood = versionCount >= 1 && versionCount <= 8;
    expect(decodeOpenParameters(bytes) !== undefined, `${versionCount} versions`).toBe(isGood);
  }
  const { versions, ...others } = decodeOpenParameters(
    encodeOpenParameters({
      versions: [1],
      connectionId: 1,
      firstPacketNumber: 2,
      creditBytes: 3,
      socketShareBytes: 4,
      maxDatagramBytes: 5,
    }),
  )!;
  expect(versions).toEqual([1]);
  expect(() => encodeOpenParameters({ ...others, versions: [] })).toThrow();
  const nine = Array.from({ length: 9 }, () => 1);
  expect(() => encodeOpenParameters({ ...others, versions: nine })).toThrow();
});

test('random bytes are refused or read, never thrown at', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      decodeOpenParameters(bytes);
      decodeOpenAnswer(bytes);
    }),
  );
});
