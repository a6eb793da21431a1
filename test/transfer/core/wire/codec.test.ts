import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeClose,
  decodeDataOffset,
  decodeHeader,
  decodeMark,
  decodeOpen,
  decodeOpenAck,
  decodePacketNumber,
  decodePathToken,
  encodeClose,
  encodeDataHeader,
  encodeHeader,
  encodeMark,
  encodeMtuProbe,
  encodeOpen,
  encodeOpenAck,
  encodePathChallenge,
  encodePathResponse,
  encodePing,
} from '../../../../src/transfer/core/wire/codec.ts';
import {
  COMMON_HEADER_BYTES,
  MAX_CLOSE_REASON_BYTES,
  MIN_OPEN_BYTES,
  PacketType,
} from '../../../../src/transfer/core/wire/packet.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const u48 = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const packetNumber = fc.integer({ min: 0, max: 2 ** 52 });
/** Without and with a tag. */
const bodyAt = fc.constantFrom(COMMON_HEADER_BYTES, COMMON_HEADER_BYTES + 8);
const keyId = fc
  .uint8Array({ minLength: 8, maxLength: 8 })
  .map((bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''));
const token = fc.uint8Array({ minLength: 8, maxLength: 8 });

/** A lent buffer holds what was sent before. */
function usedBuffer(): Uint8Array {
  return new Uint8Array(1500).fill(0xa5);
}

describe('the common header', () => {
  test('comes back as it went', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(PacketType)), u8, u32, (type, flags, id) => {
        const buffer = usedBuffer();
        encodeHeader(buffer, type, flags, id);
        expect(decodeHeader(buffer)).toEqual({ type, flags, connectionId: id });
      }),
    );
  });

  test('is refused unless its outer form is 01 and its type is known', () => {
    const known = new Set<number>(Object.values(PacketType));
    for (let byte = 0; byte < 256; byte++) {
      const datagram = new Uint8Array(COMMON_HEADER_BYTES);
      datagram[4] = byte;
      const isKnown = byte >> 6 === 1 && known.has(byte & 0x3f);
      expect(decodeHeader(datagram) !== undefined, `byte ${byte}`).toBe(isKnown);
    }
  });

  test('is refused when it is cut short', () => {
    const buffer = usedBuffer();
    encodeHeader(buffer, PacketType.ping, 0, 1);
    expect(decodeHeader(buffer.subarray(0, COMMON_HEADER_BYTES))).toBeDefined();
    expect(decodeHeader(buffer.subarray(0, COMMON_HEADER_BYTES - 1))).toBeUndefined();
  });
});

describe('OPEN', () => {
  test('comes back as it went, padded with zeros to 1200 bytes', () => {
    fc.assert(
      fc.property(bodyAt, keyId, fc.uint8Array({ maxLength: 600 }), (at, keyId, message) => {
        const buffer = usedBuffer();
        const length = encodeOpen(buffer, at, keyId, message);
        expect(length).toBe(MIN_OPEN_BYTES);
        const datagram = buffer.subarray(0, length);
        expect(decodeOpen(datagram, at)).toEqual({ keyId, message });
        const padding = datagram.subarray(at + 10 + message.length);
        expect(padding.every((byte) => byte === 0)).toBe(true);
        expect(decodeOpen(datagram.subarray(0, length - 1), at)).toBeUndefined();
      }),
    );
  });

  test('is refused when its message would end behind the datagram', () => {
    const buffer = usedBuffer();
    encodeOpen(buffer, 10, '00112233445566ff', new Uint8Array(1180));
    buffer[19] = buffer[19]! + 1;
    expect(decodeOpen(buffer.subarray(0, MIN_OPEN_BYTES), 10)).toBeUndefined();
  });

  test('does not hold a message that is longer than the padding', () => {
    expect(() => encodeOpen(usedBuffer(), 10, '0011223344556677', new Uint8Array(1181))).toThrow();
  });
});

test('OPEN_ACK comes back as it went', () => {
  fc.assert(
    fc.property(bodyAt, fc.uint8Array({ minLength: 1, maxLength: 900 }), (at, message) => {
      const buffer = usedBuffer();
      const length = encodeOpenAck(buffer, at, message);
      expect(decodeOpenAck(buffer.subarray(0, length), at)).toEqual(message);
      expect(decodeOpenAck(buffer.subarray(0, at), at)).toBeUndefined();
    }),
  );
});

test('an OPEN_ACK longer than its OPEN is never sent', () => {
  expect(() => encodeOpenAck(usedBuffer(), 10, new Uint8Array(1191))).toThrow();
});

test('DATA tells the low 32 bits of its number, its offset and where its payload begins', () => {
  fc.assert(
    fc.property(bodyAt, packetNumber, u48, (at, number, offset) => {
      const buffer = usedBuffer();
      const payloadAt = encodeDataHeader(buffer, at, number, offset);
      const datagram = buffer.subarray(0, payloadAt);
      expect(payloadAt).toBe(at + 10);
      expect(decodePacketNumber(datagram, at)).toBe(number % 2 ** 32);
      expect(decodeDataOffset(datagram, at)).toBe(offset);
      expect(decodeDataOffset(buffer.subarray(0, payloadAt - 1), at)).toBeUndefined();
      expect(decodePacketNumber(buffer.subarray(0, at + 3), at)).toBeUndefined();
    }),
  );
});

test('a full DATA packet with keys leaves 1444 of 1472 bytes to the payload', () => {
  expect(1472 - encodeDataHeader(usedBuffer(), COMMON_HEADER_BYTES + 8, 0, 0)).toBe(1444);
});

test('PING and MTU_PROBE tell their numbers, and a probe has the length asked for', () => {
  const probeLength = fc.integer({ min: 22, max: 1500 });
  fc.assert(
    fc.property(bodyAt, packetNumber, probeLength, (at, number, probeLength) => {
      const buffer = usedBuffer();
      expect(encodePing(buffer, at, number)).toBe(at + 4);
      expect(decodePacketNumber(buffer.subarray(0, at + 4), at)).toBe(number % 2 ** 32);
      expect(encodeMtuProbe(buffer, at, number, probeLength)).toBe(probeLength);
      expect(decodePacketNumber(buffer, at)).toBe(number % 2 ** 32);
      expect(buffer.subarray(at + 4, probeLength).every((byte) => byte === 0)).toBe(true);
    }),
  );
});

test('a path token comes back from challenge and response', () => {
  const encode = fc.constantFrom(encodePathChallenge, encodePathResponse);
  fc.assert(
    fc.property(encode, bodyAt, packetNumber, token, (encode, at, number, token) => {
      const buffer = usedBuffer();
      const length = encode(buffer, at, number, token);
      const datagram = buffer.subarray(0, length);
      expect(decodePacketNumber(datagram, at)).toBe(number % 2 ** 32);
      expect(decodePathToken(datagram, at)).toEqual(token);
      expect(decodePathToken(buffer.subarray(0, length - 1), at)).toBeUndefined();
    }),
  );
});

describe('MARK', () => {
  const marks = fc.record({
    una: packetNumber,
    ackEvery: fc.integer({ min: 1, max: 0xffff }),
    reorderThreshold: u8,
    maxAckDelayUs: fc.integer({ min: 0, max: 1_000_000 }),
    markSeq: u32,
  });

  test('comes back as it went, with una in full', () => {
    const distance = fc.integer({ min: -(2 ** 30), max: 2 ** 30 });
    fc.assert(
      fc.property(bodyAt, marks, distance, (at, fields, distance) => {
        const buffer = usedBuffer();
        const length = encodeMark(buffer, at, fields);
        const expectedUna = Math.max(0, fields.una + distance);
        expect(decodeMark(buffer.subarray(0, length), at, expectedUna)).toEqual(fields);
        expect(decodeMark(buffer.subarray(0, length - 1), at, expectedUna)).toBeUndefined();
      }),
    );
  });

  const plain = { una: 1, ackEvery: 2, reorderThreshold: 1, maxAckDelayUs: 5000, markSeq: 9 };

  test('never delays an ACK by more than a second', () => {
    const buffer = usedBuffer();
    encodeMark(buffer, 10, { ...plain, maxAckDelayUs: 2 ** 32 - 1 });
    expect(decodeMark(buffer, 10, 0)!.maxAckDelayUs).toBe(1_000_000);
  });

  test('is refused when it asks for an ACK every 0 packets', () => {
    const buffer = usedBuffer();
    encodeMark(buffer, 10, { ...plain, ackEvery: 0 });
    expect(decodeMark(buffer, 10, 0)).toBeUndefined();
  });
});

describe('CLOSE', () => {
  const encoder = new TextEncoder();

  test('comes back as it went', () => {
    const reason = fc.string({ unit: 'binary', maxLength: 64 });
    fc.assert(
      fc.property(bodyAt, u16, reason, (at, code, reason) => {
        const buffer = usedBuffer();
        const length = encodeClose(buffer, at, code, reason);
        expect(decodeClose(buffer.subarray(0, length), at)).toEqual({ code, reason });
      }),
      { examples: [[10, 1, '\ufeffbegins with a byte order mark']] },
    );
  });

  test('a long reason is cut to at most 256 bytes and never within a character', () => {
    const reason = fc.string({ unit: 'binary', minLength: 100, maxLength: 500 });
    fc.assert(
      fc.property(bodyAt, reason, (at, reason) => {
        const buffer = usedBuffer();
        const length = encodeClose(buffer, at, 1, reason);
        const sent = decodeClose(buffer.subarray(0, length), at)!.reason;
        const sentBytes = encoder.encode(sent).length;
        expect(reason.startsWith(sent)).toBe(true);
        expect(sentBytes).toBeLessThanOrEqual(MAX_CLOSE_REASON_BYTES);
        const next = Array.from(reason.slice(sent.length))[0];
        const wouldFit =
          next !== undefined && sentBytes + encoder.encode(next).length <= MAX_CLOSE_REASON_BYTES;
        expect(wouldFit).toBe(false);
      }),
    );
  });

  test('is refused when its reason is longer than 256 bytes or its code is cut', () => {
    const buffer = usedBuffer();
    expect(decodeClose(buffer.subarray(0, 12 + 256), 10)).toBeDefined();
    expect(decodeClose(buffer.subarray(0, 12 + 257), 10)).toBeUndefined();
    expect(decodeClose(buffer.subarray(0, 11), 10)).toBeUndefined();
  });

  test('a reason that is not UTF-8 is still a reason', () => {
    expect(decodeClose(Uint8Array.from([0, 3, 0x61, 0xff, 0x62]), 0)).toEqual({
      code: 3,
      reason: 'a\ufffdb',
    });
  });
});

test('no decoder throws, whatever bytes it is given and wherever they end', () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 1500 }));
  fc.assert(
    fc.property(bytes, bodyAt, (datagram, at) => {
      decodeHeader(datagram);
      decodeOpen(datagram, at);
      decodeOpenAck(datagram, at);
      decodePacketNumber(datagram, at);
      decodeDataOffset(datagram, at);
      decodePathToken(datagram, at);
      decodeMark(datagram, at, 5);
      decodeClose(datagram, at);
    }),
    { numRuns: 1000 },
  );
});
