import assert from 'node:assert/strict';
import { RangeSet } from '../../src/transfer/core/recovery/range-set.ts';
import { crc32 } from '../../src/transfer/core/wire/checksum.ts';
import {
  DecodedAck,
  decodeAck,
  decodeDataOffset,
  decodeHeader,
  decodePacketNumber,
  encodeAck,
  encodeDataHeader,
  encodeHeader,
} from '../../src/transfer/core/wire/codec.ts';
import {
  COMMON_HEADER_BYTES,
  DATA_HEADER_BYTES,
  PacketType,
} from '../../src/transfer/core/wire/packet.ts';
import { crcCheck, type PacketCheck } from '../../src/transfer/core/wire/packet-check.ts';
import { TAG_KEY_BYTES } from '../../src/transfer/secure/tag/tag-hash.ts';
import { taggedCheck } from '../../src/transfer/secure/tagged-check.ts';
import type { MicroCase } from './micro-case.ts';
import { bytesFrom, SIZES_BYTES } from './sizes.ts';

const CONNECTION_ID = 0x1234_5678;
/** Numbered packets that lie between two lost ones. */
const RUN = 5;

export const wireCases: readonly MicroCase[] = [
  ...SIZES_BYTES.map((bytes): MicroCase => ({
    ...{ name: `CRC-32 of ${bytes} B`, bytes },
    prepare: () => {
      const datagram = bytesFrom(bytes);
      const expected = crc32(datagram, 4, bytes);
      return (count) => {
        for (let nth = 0; nth < count; nth++) assert(crc32(datagram, 4, bytes) === expected);
      };
    },
  })),
  ...SIZES_BYTES.flatMap((bytes) => [
    writeData('CRC', crcCheck, bytes),
    readData('CRC', crcCheck, bytes),
    writeData('tag and CRC', tags(), bytes),
    readData('tag and CRC', tags(), bytes),
  ]),
  ...[1, 10, 250].flatMap((rangeCount) => [writeAck(rangeCount), readAck(rangeCount)]),
];

/** Both directions under one key, so that what was written can be read. */
function tags(): PacketCheck {
  const key = bytesFrom(TAG_KEY_BYTES);
  return taggedCheck({ own: key, peer: key });
}

/** Header, number, offset and a copy of the payload: what a DATA is made of. */
function put(buffer: Uint8Array, check: PacketCheck, payload: Uint8Array, number: number): number {
  encodeHeader(buffer, PacketType.data, 0, CONNECTION_ID);
  const at = COMMON_HEADER_BYTES + check.tagBytes;
  const payloadAt = encodeDataHeader(buffer, at, number, number * payload.length);
  buffer.set(payload, payloadAt);
  check.write(buffer, payloadAt + payload.length, 0);
  return payloadAt + payload.length;
}

function payloadFor(check: PacketCheck, bytes: number): Uint8Array {
  return bytesFrom(bytes - COMMON_HEADER_BYTES - check.tagBytes - DATA_HEADER_BYTES);
}

function writeData(what: string, check: PacketCheck, bytes: number): MicroCase {
  return {
    ...{ name: `DATA of ${bytes} B written, ${what}`, bytes },
    prepare: () => {
      const buffer = new Uint8Array(bytes);
      const payload = payloadFor(check, bytes);
      return (count) => {
        for (let nth = 0; nth < count; nth++) put(buffer, check, payload, nth);
        assert(check.verify(buffer, 0) === 'ok', 'what was written is whole');
      };
    },
  };
}

function readData(what: string, check: PacketCheck, bytes: number): MicroCase {
  return {
    ...{ name: `DATA of ${bytes} B read, ${what}`, bytes },
    prepare: () => {
      const datagram = new Uint8Array(bytes);
      put(datagram, check, payloadFor(check, bytes), 7);
      const at = COMMON_HEADER_BYTES + check.tagBytes;
      return (count) => {
        for (let nth = 0; nth < count; nth++) {
          const header = decodeHeader(datagram)!;
          assert(header.connectionId === CONNECTION_ID && check.verify(datagram, 0) === 'ok');
          assert(decodePacketNumber(datagram, at) === 7 && decodeDataOffset(datagram, at)! > 0);
        }
      };
    },
  };
}

/** Runs of packets with one lost between them, the newest of all included. */
function received(rangeCount: number): RangeSet {
  const ranges = new RangeSet();
  for (let range = 0; range < rangeCount; range++) {
    ranges.insert(range * (RUN + 1), range * (RUN + 1) + RUN);
  }
  return ranges;
}

function fieldsOf(ranges: RangeSet): Parameters<typeof encodeAck>[3] {
  return {
    ...{ ackSeq: 1, largest: ranges.last, ackDelayUs: 100, receivedAtUs: 1e6 },
    ...{ creditOffset: 1e9, receivedCount: ranges.total, socketShareBytes: 1e6 },
  };
}

function writeAck(rangeCount: number): MicroCase {
  return {
    name: `ACK of ${rangeCount} ranges written`,
    prepare: () => {
      const ranges = received(rangeCount);
      const fields = fieldsOf(ranges);
      const buffer = new Uint8Array(SIZES_BYTES[0]!);
      return (count) => {
        let length = 0;
        for (let nth = 0; nth < count; nth++) {
          length = encodeAck(buffer, COMMON_HEADER_BYTES, buffer.length, fields, ranges);
        }
        assert(length > 4 * rangeCount, 'every range is in it');
      };
    },
  };
}

function readAck(rangeCount: number): MicroCase {
  return {
    name: `ACK of ${rangeCount} ranges read`,
    prepare: () => {
      const ranges = received(rangeCount);
      const buffer = new Uint8Array(SIZES_BYTES[0]!);
      const at = COMMON_HEADER_BYTES;
      const length = encodeAck(buffer, at, buffer.length, fieldsOf(ranges), ranges);
      const datagram = buffer.subarray(0, length);
      const ack = new DecodedAck();
      return (count) => {
        for (let nth = 0; nth < count; nth++) {
          assert(decodeAck(datagram, at, ranges.last, 1, ack));
          assert(ack.rangeCount === rangeCount, 'every range is found again');
        }
      };
    },
  };
}
