import assert from 'node:assert/strict';
import {
  CloseCode,
  type PeerAddress,
  type TransportEvent,
} from '../../../src/transfer/core/index.ts';
import { CREDIT_POOL_BYTES } from '../../../src/transfer/core/connection/credit-ledger.ts';
import { readU32, writeU32 } from '../../../src/transfer/core/wire/bytes.ts';
import { decodeHeader } from '../../../src/transfer/core/wire/codec.ts';
import { crcCheck } from '../../../src/transfer/core/wire/packet-check.ts';
import { COMMON_HEADER_BYTES, PacketType } from '../../../src/transfer/core/wire/packet.ts';
import { errorOfClose } from '../../../src/transfer/files/close-meaning.ts';
import {
  content,
  Exchange,
  KEY_ID,
  type Letter,
  readAll,
  SECOND_US,
  type Side,
} from '../../transfer/core/exchange.ts';
import { ForgedPackets } from '../../transfer/core/forged-packets.ts';
import type { FuzzTarget } from '../target.ts';
import { datagramSeeds } from './packets.ts';

/**
 * A conversation is a list of letters: action u8 · length u16 · datagram. Its checksum is filled in, or
 * else nothing would get past it, and so is the connection id of whom it goes to.
 */
const Action = {
  /** To the side that opened, which sends data; else to the other one. */
  toOpener: 1,
  fromStranger: 2,
  /** The checksum stays wrong. */
  isDamaged: 4,
  /** The connection id stays as it is. */
  keepsId: 8,
  /** Behind it, 30 ms pass. */
  thenShortTime: 16,
  /** Behind it, 20 s pass. */
  thenLongTime: 32,
  /** Before it, whoever gets it reads and writes. */
  speaksFirst: 64,
} as const;

const LETTER_HEADER_BYTES = 3;
const MAX_LETTERS = 24;
const STRANGER: PeerAddress = { address: '10.9.9.9', port: 9 };
/** Both sides number their packets from here: the numbers wrap. */
const FIRST = 4_294_967_290;
const config = { firstPacketNumber: FIRST };
const closeCodes = new Set<number>(Object.values(CloseCode));
/** Longer than any give-up time, and than everything that lingers. */
const END_US = 400 * SECOND_US;

function conversation(...letters: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  const parts = letters.flatMap(([action, bytes]) => [
    Uint8Array.of(action, bytes.length >> 8, bytes.length),
    bytes,
  ]);
  return new Uint8Array(Buffer.concat(parts));
}

function* lettersOf(input: Uint8Array): Generator<readonly [number, Uint8Array]> {
  let at = 0;
  for (let count = 0; count < MAX_LETTERS && at + LETTER_HEADER_BYTES <= input.length; count++) {
    const length = (input[at + 1]! << 8) | input[at + 2]!;
    const start = at + LETTER_HEADER_BYTES;
    yield [input[at]!, input.slice(start, start + length)];
    at = start + length;
  }
}

/** Where OPEN and OPEN_ACK without keys say by which id their sender is addressed. */
const OPEN_ID_AT = COMMON_HEADER_BYTES + 12;
const ANSWER_ID_AT = COMMON_HEADER_BYTES + 2;

function idIn(letter: Letter | undefined, at: number): number {
  return letter === undefined ? 0 : readU32(letter.bytes, at);
}

function checkEvents(events: readonly TransportEvent[]): void {
  for (const event of events) {
    if (event.type !== 'closed' && event.type !== 'unopened') continue;
    assert(closeCodes.has(event.reason.code), 'a reason has a code of ours');
    assert(errorOfClose(event.reason).message !== '', 'every end means something to a transfer');
  }
}

function checkSide({ endpoint, events }: Side): void {
  checkEvents(events);
  assert(endpoint.ledger.grantedBytes <= CREDIT_POOL_BYTES, 'credit is never more than the pool');
  if (endpoint.connectionCount > 0) return;
  assert(endpoint.ledger.grantedBytes === 0, 'an endpoint without connections has granted nothing');
  assert(endpoint.pool.lentCount === 0, 'an endpoint without connections holds no bytes');
}

function deliver(exchange: Exchange, action: number, datagram: Uint8Array, localId: number): void {
  const isToOpener = (action & Action.toOpener) !== 0;
  const [side, peer] = isToOpener ? [exchange.a, exchange.b] : [exchange.b, exchange.a];
  const { counters, connectionCount } = side.endpoint;
  if (datagram.length >= COMMON_HEADER_BYTES) {
    if ((action & Action.keepsId) === 0) writeU32(datagram, 6, localId);
    if ((action & Action.isDamaged) === 0) crcCheck.write(datagram, datagram.length, 0);
  }
  const receivedCount = counters.received;
  const isStranger = (action & Action.fromStranger) !== 0;
  exchange.deliver(datagram, side, isStranger ? STRANGER : peer.address);
  assert(counters.received === receivedCount + 1, 'every datagram is counted once');
  const type = decodeHeader(datagram)?.type;
  if (type === PacketType.open || type === PacketType.openAck) return;
  assert(side.endpoint.connectionCount <= connectionCount, 'only a handshake makes a connection');
}

function pass(exchange: Exchange, action: number): void {
  if ((action & Action.thenShortTime) !== 0) exchange.run(30_000);
  if ((action & Action.thenLongTime) !== 0) exchange.run(20 * SECOND_US);
}

/** What has happened to a side, each kind of event once. */
function newsOf({ events }: Side): string {
  return events
    .map((event) => (event.type === 'closed' ? `closed ${event.reason.code}` : event.type))
    .filter((news, index, all) => all.indexOf(news) === index)
    .join();
}

/** The seeds are what this peer could say, as its codec writes it. */
function forgedSeeds(): Uint8Array[] {
  const { b } = Exchange.opened(config);
  const forged = new ForgedPackets(b.connection);
  const frequency = { ackEvery: 2, reorderThreshold: 1, maxAckDelayUs: 10_000 };
  const data = [0, 10, 20].map((offset, index) => {
    return [0, forged.data(FIRST + 50 + index, offset, content(10), index === 2)] as const;
  });
  const speaks = Action.toOpener | Action.speaksFirst;
  return [
    ...datagramSeeds().map((datagram) => conversation([0, datagram])),
    ...datagramSeeds().map((datagram) => conversation([Action.toOpener, datagram])),
    conversation(...data),
    conversation([0, forged.mark({ una: FIRST + 40, markSeq: 900, ...frequency })], ...data),
    conversation(
      [speaks, forged.ack(FIRST + 1, FIRST + 4, 2 ** 20)],
      [speaks | Action.thenShortTime, forged.ack(FIRST + 1, FIRST + 6, 2 ** 30)],
      [speaks | Action.thenLongTime, forged.ping(FIRST + 9)],
    ),
    conversation(
      [Action.fromStranger | Action.thenShortTime, forged.ping(FIRST + 70)],
      [Action.isDamaged | Action.keepsId, forged.ping(FIRST + 71)],
    ),
  ];
}

export const conversationTargets: readonly FuzzTarget[] = [
  {
    name: 'connection',
    maxInputBytes: 3_000,
    seeds: forgedSeeds,
    dictionary: [
      Uint8Array.of(0xff, 0xff, 0xff, 0xfa),
      Uint8Array.of(0xff, 0xff),
      ...Object.values(PacketType).map((type) => Uint8Array.of(0x40 | type)),
    ],
    run(input) {
      const exchange = Exchange.opened(config);
      const { a, b } = exchange;
      const [opener, responder] = [a.connection, b.connection];
      opener.write(content(5_000));
      opener.flush();
      for (const [action, datagram] of lettersOf(input)) {
        const connection = (action & Action.toOpener) === 0 ? responder : opener;
        if ((action & Action.speaksFirst) !== 0 && !connection.isClosed) {
          readAll(connection);
          connection.write(content(3_000));
        }
        deliver(exchange, action, datagram, connection.localConnectionId);
        pass(exchange, action);
      }
      const news = `${newsOf(a)}; ${newsOf(b)}`;
      for (const connection of [opener, responder]) connection.close(CloseCode.cancelled, 'enough');
      exchange.run(END_US);
      for (const side of [a, b]) {
        checkSide(side);
        assert(side.endpoint.connectionCount === 0, 'what was closed is gone in the end');
      }
      return news;
    },
  },
  {
    name: 'handshake',
    maxInputBytes: 3_800,
    seeds() {
      const exchange = new Exchange(config);
      exchange.open();
      exchange.run(SECOND_US);
      const [open] = exchange.a.sentOf(PacketType.open);
      const [answer] = exchange.b.sentOf(PacketType.openAck);
      assert(open !== undefined && answer !== undefined, 'both sides spoke');
      const toResponder = Action.keepsId;
      const toOpener = Action.toOpener;
      return [
        conversation([toResponder, open.bytes], [toOpener, answer.bytes]),
        conversation([toResponder | Action.fromStranger, open.bytes]),
        conversation([toOpener, Uint8Array.from([...answer.bytes.subarray(0, 10), 0, 0, 6])]),
        conversation([toResponder, open.bytes], [toResponder, open.bytes]),
      ];
    },
    dictionary: [Uint8Array.from(Buffer.from(KEY_ID, 'hex')), Uint8Array.of(0x41, 0x42)],
    run(input) {
      const exchange = new Exchange(config);
      const { a, b } = exchange;
      exchange.drops = () => true;
      exchange.open();
      exchange.drain();
      for (const [action, datagram] of lettersOf(input)) {
        const isToOpener = (action & Action.toOpener) !== 0;
        const id = isToOpener ? idIn(a.sent[0], OPEN_ID_AT) : idIn(b.sent.at(-1), ANSWER_ID_AT);
        deliver(exchange, action, datagram, id);
        pass(exchange, action);
      }
      const news = `${newsOf(a)}; ${newsOf(b)}; ${b.endpoint.halfOpenCount} half open`;
      exchange.run(END_US);
      assert(a.endpoint.openingCount === 0, 'an opening ends');
      assert(b.endpoint.expectedCount === 0, 'an introduction expires');
      for (const side of [a, b]) checkSide(side);
      return news;
    },
  },
];
