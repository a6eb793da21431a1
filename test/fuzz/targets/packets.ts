import assert from 'node:assert/strict';
import {
  type AckFields,
  DecodedAck,
  decodeAck,
  decodeClose,
  decodeDataOffset,
  decodeHeader,
  decodeScout,
  decodeMark,
  decodeOpen,
  decodeOpenAck,
  decodePacketNumber,
  decodePathToken,
  encodeAck,
  encodeClose,
  encodeDataHeader,
  encodeHeader,
  encodeScout,
  encodeMark,
  encodeMtuProbe,
  encodeOpen,
  encodeOpenAck,
  encodePathChallenge,
  encodePathResponse,
  encodePing,
} from '../../../src/transfer/core/wire/codec.ts';
import {
  decodeOpenAnswer,
  decodeOpenParameters,
  encodeOpenAnswer,
  encodeOpenParameters,
} from '../../../src/transfer/core/wire/open-parameters.ts';
import { crcCheck } from '../../../src/transfer/core/wire/packet-check.ts';
import {
  COMMON_HEADER_BYTES,
  MAX_ACK_RANGES,
  MAX_CLOSE_REASON_BYTES,
  PacketFlag,
  PacketType,
} from '../../../src/transfer/core/wire/packet.ts';
import { type FuzzTarget, tokens } from '../target.ts';

const BODY_AT = COMMON_HEADER_BYTES;
/** A full number that is expected, whose low bits stand in the seeds. */
const EXPECTED = 2 ** 32 + 1_000;
/** The start of a connection, where no number may become negative, and its middle. */
const EXPECTATIONS = [3, EXPECTED] as const;
const ackFields: AckFields = {
  ackSeq: EXPECTED,
  largest: EXPECTED,
  ackDelayUs: 5_000,
  receivedAtUs: 77_000,
  creditOffset: 2 ** 33,
  receivedCount: 600,
  socketShareBytes: 100_000,
};

/** A whole datagram, as its sender would complete it. */
export function datagram(
  type: PacketType,
  writeBody: (buffer: Uint8Array, at: number) => number,
): Uint8Array {
  const buffer = new Uint8Array(1_500);
  encodeHeader(buffer, type, PacketFlag.ackNow, 0x01020304);
  const length = writeBody(buffer, BODY_AT);
  crcCheck.write(buffer, length, 0);
  return buffer.slice(0, length);
}

function rangesOf(...ranges: readonly (readonly [start: number, end: number])[]) {
  return {
    forEachDescending(visit: (start: number, end: number) => boolean): void {
      for (const [start, end] of ranges) if (!visit(start, end)) return;
    },
  };
}

const token = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const oneRange = rangesOf([EXPECTED - 9, EXPECTED + 1]);
const farRanges = rangesOf([EXPECTED, EXPECTED + 1], [EXPECTED - 200_000, EXPECTED - 70_000]);
const everySecond = rangesOf(
  ...Array.from({ length: MAX_ACK_RANGES }, (_, index) => {
    return [EXPECTED - 2 * index, EXPECTED - 2 * index + 1] as const;
  }),
);

function ackDatagram(ranges: ReturnType<typeof rangesOf>): Uint8Array {
  return datagram(PacketType.ack, (buffer, at) => encodeAck(buffer, at, 1_200, ackFields, ranges));
}

/** One of each type. */
export function datagramSeeds(): Uint8Array[] {
  return [
    datagram(PacketType.open, (buffer, at) => encodeOpen(buffer, at, '00112233445566aa', token)),
    datagram(PacketType.openAck, (buffer, at) => encodeOpenAck(buffer, at, token)),
    datagram(PacketType.data, (buffer, at) => encodeDataHeader(buffer, at, EXPECTED, 70_000) + 5),
    ackDatagram(rangesOf()),
    ackDatagram(oneRange),
    ackDatagram(farRanges),
    ackDatagram(everySecond),
    datagram(PacketType.mark, (buffer, at) =>
      encodeMark(buffer, at, {
        una: EXPECTED,
        ackEvery: 2,
        reorderThreshold: 1,
        maxAckDelayUs: 10_000,
        markSeq: 9,
      }),
    ),
    datagram(PacketType.ping, (buffer, at) => encodePing(buffer, at, EXPECTED)),
    datagram(PacketType.mtuProbe, (buffer, at) => encodeMtuProbe(buffer, at, EXPECTED, 60)),
    datagram(PacketType.pathChallenge, (buffer, at) =>
      encodePathChallenge(buffer, at, EXPECTED, token),
    ),
    datagram(PacketType.pathResponse, (buffer, at) =>
      encodePathResponse(buffer, at, EXPECTED, token),
    ),
    datagram(PacketType.close, (buffer, at) => encodeClose(buffer, at, 2, 'no room é')),
    datagram(PacketType.scout, (buffer, at) => encodeScout(buffer, at, '00112233445566aa')),
  ];
}

/** Written again, the same fields stand in the same bytes. */
function expectSameBytes(
  input: Uint8Array,
  write: (buffer: Uint8Array, at: number) => number,
): void {
  const buffer = new Uint8Array(Math.max(input.length, 1_500));
  const length = write(buffer, BODY_AT);
  assert.deepEqual(buffer.slice(BODY_AT, length), input.slice(BODY_AT, length));
}

function checkAck(input: Uint8Array, expected: number): string {
  const ack = new DecodedAck();
  if (!decodeAck(input, BODY_AT, expected, expected, ack)) return 'malformed';
  const { rangeCount, rangeStarts, rangeEnds } = ack;
  assert(rangeCount <= MAX_ACK_RANGES, 'ranges are at most so many');
  let below = Infinity;
  for (let index = 0; index < rangeCount; index++) {
    const [start, end] = [rangeStarts[index]!, rangeEnds[index]!];
    assert(start >= 0 && start < end && end < below, 'ranges fall and never touch');
    below = start;
  }
  assert(rangeCount === 0 || rangeEnds[0] === ack.largest + 1, 'the first range ends the largest');
  const ranges = Array.from({ length: rangeCount }, (_, index) => {
    return [rangeStarts[index]!, rangeEnds[index]!] as const;
  });
  expectSameBytes(input, (buffer, at) =>
    encodeAck(buffer, at, buffer.length, ack, rangesOf(...ranges)),
  );
  return `ranges ${Math.ceil(Math.log2(rangeCount + 1))}`;
}

function checkMark(input: Uint8Array, expected: number): string {
  const mark = decodeMark(input, BODY_AT, expected);
  if (mark === undefined) return 'malformed';
  assert(mark.ackEvery >= 1 && mark.maxAckDelayUs <= 1_000_000, 'an ACK is never put off for ever');
  const isNear = Math.abs(mark.una - expected) <= 2 ** 31 || mark.una < 2 ** 32;
  assert(mark.una >= 0 && isNear, 'una is the nearest number that there is');
  return 'mark';
}

function checkClose(input: Uint8Array): string {
  const close = decodeClose(input, BODY_AT);
  if (close === undefined) return 'malformed';
  assert(close.reason.length <= MAX_CLOSE_REASON_BYTES, 'a reason has a limit');
  return close.reason === '' ? 'without a reason' : 'with a reason';
}

/** Body decoders by type; each says what became of the body. */
const bodies: Readonly<Record<PacketType, (input: Uint8Array) => string>> = {
  [PacketType.open]: (input) => {
    const open = decodeOpen(input, BODY_AT);
    if (open === undefined) return 'malformed';
    assert.match(open.keyId, /^[0-9a-f]{16}$/);
    return open.message.length === 0 ? 'empty' : 'message';
  },
  [PacketType.openAck]: (input) => {
    const message = decodeOpenAck(input, BODY_AT);
    assert(message === undefined || message.length > 0, 'an answer is never empty');
    return message === undefined ? 'malformed' : 'message';
  },
  [PacketType.data]: (input) => {
    const offset = decodeDataOffset(input, BODY_AT);
    if (offset === undefined) return 'malformed';
    const number = decodePacketNumber(input, BODY_AT);
    assert(number !== undefined, 'where there is an offset there is a number');
    expectSameBytes(input, (buffer, at) => encodeDataHeader(buffer, at, number, offset));
    return 'offset';
  },
  [PacketType.ack]: (input) => EXPECTATIONS.map((number) => checkAck(input, number)).join(),
  [PacketType.mark]: (input) => EXPECTATIONS.map((number) => checkMark(input, number)).join(),
  [PacketType.ping]: numbered,
  [PacketType.mtuProbe]: numbered,
  [PacketType.pathChallenge]: withToken,
  [PacketType.pathResponse]: withToken,
  [PacketType.close]: checkClose,
  [PacketType.scout]: (input) => {
    const keyId = decodeScout(input, BODY_AT);
    if (keyId === undefined) return 'malformed';
    assert.match(keyId, /^[0-9a-f]{16}$/);
    return 'key id';
  },
};

function numbered(input: Uint8Array): string {
  return decodePacketNumber(input, BODY_AT) === undefined ? 'malformed' : 'number';
}

function withToken(input: Uint8Array): string {
  const found = decodePathToken(input, BODY_AT);
  assert(found === undefined || found.length === 8, 'a path token is 8 bytes');
  return found === undefined ? 'malformed' : 'token';
}

export const packetTargets: readonly FuzzTarget[] = [
  {
    name: 'datagram',
    maxInputBytes: 1_400,
    seeds: datagramSeeds,
    dictionary: [Uint8Array.of(0xff, 0xff), Uint8Array.of(0, 1)],
    run(input) {
      crcCheck.verify(input, 0);
      const header = decodeHeader(input);
      if (header === undefined) return 'no packet';
      return `type ${header.type}: ${bodies[header.type](input)}`;
    },
  },
  {
    name: 'open-parameters',
    maxInputBytes: 64,
    seeds() {
      const limits = {
        connectionId: 7,
        firstPacketNumber: 4_294_967_290,
        creditBytes: 65_536,
        socketShareBytes: 100_000,
        maxDatagramBytes: 1_500,
      };
      return [
        encodeOpenParameters({ versions: [1], ...limits }),
        encodeOpenParameters({ versions: [3, 2, 1], ...limits }),
        encodeOpenAnswer({ version: 1, ...limits }),
        encodeOpenAnswer({ refusal: 7 }),
      ];
    },
    dictionary: tokens(''),
    run(input) {
      const parameters = decodeOpenParameters(input);
      if (parameters !== undefined) {
        const again = encodeOpenParameters(parameters);
        assert.deepEqual(again, input.slice(0, again.length));
      }
      const answer = decodeOpenAnswer(input);
      if (answer !== undefined) {
        const again = encodeOpenAnswer(answer);
        assert.deepEqual(again, input.slice(0, again.length));
      }
      const kind = answer === undefined ? 'none' : 'refusal' in answer ? 'refused' : 'accepted';
      return `${parameters?.versions.length ?? 'no'} versions, ${kind}`;
    },
  },
];
