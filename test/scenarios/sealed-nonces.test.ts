import { beforeEach, expect, test, vi } from 'vitest';
import { CloseCode, type TransportConnection } from '../../src/transfer/core/index.ts';
import { RecordReader } from '../../src/transfer/secure/record-reader.ts';
import { RecordWriter } from '../../src/transfer/secure/record-writer.ts';
import { recordsOf } from '../../src/transfer/secure/sealed-session.ts';
import { KnownStream } from '../sim/known-stream.ts';
import { Random } from '../sim/random.ts';
import { corrupt, delay, duplicate, loss, reorder } from '../sim/wire-elements.ts';
import { isEmpty } from '../sim/workload.ts';
import { introduceSealed, sealedPair } from './sealed-pair.ts';

/** Key and nonce of everything that was sealed. */
const sealed = vi.hoisted((): string[] => []);

vi.mock(import('node:crypto'), async (importOriginal) => {
  const crypto = await importOriginal();
  const createCipheriv = (
    algorithm: 'aes-256-gcm',
    key: Uint8Array,
    nonce: Uint8Array,
  ): ReturnType<typeof crypto.createCipheriv> => {
    sealed.push([key, nonce].map((bytes) => Buffer.from(bytes).toString('hex')).join(' '));
    return crypto.createCipheriv(algorithm, key, nonce);
  };
  return { ...crypto, createCipheriv } as unknown as typeof crypto;
});

beforeEach(() => {
  sealed.length = 0;
});

const KEY_ID = '0123456789abcdef';
const MAX_BODY_BYTES = 3_000;

/** Writes records of drawn lengths on one side, reads the other side's, and closes when all came. */
class RecordSide {
  readCount = 0;
  readonly #writer: RecordWriter;
  readonly #reader: RecordReader;
  readonly connection: TransportConnection;
  readonly #random: Random;
  readonly #bodies = new KnownStream(9);
  #leftCount: number;

  constructor(connection: TransportConnection, random: Random, recordCount: number) {
    const cipher = recordsOf(connection.session);
    this.#writer = new RecordWriter(connection, cipher);
    this.#reader = new RecordReader(connection, cipher);
    this.connection = connection;
    this.#random = random;
    this.#leftCount = recordCount;
    connection.raiseCredit();
    this.write();
  }

  write(): void {
    while (this.#leftCount > 0 && this.connection.writeRoomBytes > 0) {
      const length = this.#random.integer(0, MAX_BODY_BYTES);
      this.#writer.write(length & 0xff, this.#bodies.view(0, length));
      this.#leftCount--;
    }
    this.connection.flush();
  }

  read(): void {
    let verdict: string;
    do {
      verdict = this.#reader.read((type, body) => {
        expect(type).toBe(body.length & 0xff);
        expect(this.#bodies.firstWrong(0, body)).toBeUndefined();
        this.readCount++;
      });
    } while (verdict === 'record');
    expect(verdict).toBe('none');
  }
}

/** One connection each way a run, with records both ways; how many were read. */
function run(seed: number, recordCount: number): number {
  const pair = sealedPair({
    seed,
    forward: [delay(5_000), loss(0.1), reorder(0.1, 5_000), duplicate(0.1, 1_000), corrupt(0.02)],
  });
  const sides: RecordSide[] = [];
  const random = new Random(seed);
  for (const node of [pair.a, pair.b]) {
    let side: RecordSide | undefined;
    node.application = (event) => {
      if (event.type === 'opened') {
        side = new RecordSide(event.connection, random, recordCount);
        sides.push(side);
      } else if (event.type === 'readable') side!.read();
      else if (event.type === 'writable') side!.write();
    };
  }
  const { opener, responder } = introduceSealed(seed.toString(16).padStart(16, '0'));
  pair.b.transport.expect(responder, 0);
  pair.a.transport.open(opener, [pair.b.address], 0);
  pair.network.run(
    () => sides.length === 2 && sides.every((side) => side.readCount === recordCount),
  );
  // Both at once: each says a CLOSE of its own, over and over.
  for (const [index, node] of [pair.a, pair.b].entries()) {
    pair.network.at(pair.network.nowUs, node, () => {
      sides[index]!.connection.close(CloseCode.cancelled, 'said all');
    });
  }
  pair.network.run(() => isEmpty(pair.a) && isEmpty(pair.b));
  return sides.reduce((sum, side) => sum + side.readCount, 0);
}

test('no key seals two plaintexts under one nonce: handshakes, records and CLOSE over bad links', () => {
  const RUN_COUNT = 8;
  const RECORD_COUNT = 40;
  let readCount = 0;
  for (let seed = 1; seed <= RUN_COUNT; seed++) readCount += run(seed, RECORD_COUNT);
  expect(readCount).toBe(2 * RUN_COUNT * RECORD_COUNT);
  // Every record, two CLOSEs, and three seals in the two messages of the handshake.
  expect(sealed.length).toBe(readCount + 5 * RUN_COUNT);
  expect(new Set(sealed).size).toBe(sealed.length);
});

test('refusals seal nothing twice either, however often the same OPEN comes and is tried again', () => {
  const OPENING_COUNT = 4;
  // Room for no connection: each OPEN is refused, and the introduction stays.
  const config = { creditPoolBytes: 1_000 };
  const pair = sealedPair({ seed: 3, config, forward: [delay(5_000), duplicate(1, 1_000)] });
  const { opener, responder } = introduceSealed(KEY_ID);
  let refusedCount = 0;
  const open = (): void => void pair.a.transport.open(opener, [pair.b.address], pair.network.nowUs);
  pair.a.application = (event) => {
    if (event.type !== 'unopened') return;
    expect(event.reason.code).toBe(CloseCode.busy);
    if (++refusedCount < OPENING_COUNT) open();
  };
  pair.b.transport.expect(responder, 0);
  open();
  pair.network.run(() => refusedCount === OPENING_COUNT && pair.b.transport.expectedCount === 0);
  expect(pair.forward.counters.deliveredCount).toBe(2 * OPENING_COUNT);
  // Each OPEN has two seals, and each time that it came it was refused with one.
  expect(sealed.length).toBe(2 * OPENING_COUNT + 2 * OPENING_COUNT);
  expect(new Set(sealed).size).toBe(sealed.length);
});

test('nor do the connections of one ticket, which have its secret in common', () => {
  const OPENING_COUNT = 6;
  const pair = sealedPair({ seed: 5, forward: [delay(5_000), duplicate(0.5, 1_000)] });
  const { opener } = introduceSealed(KEY_ID);
  pair.b.transport.expectMany(introduceSealed(KEY_ID, {}, { peerKey: undefined }).responder, 0);
  pair.a.application = (event) => {
    if (event.type === 'opened') event.connection.close(CloseCode.cancelled, 'said all');
  };
  for (let count = 0; count < OPENING_COUNT; count++) {
    pair.a.transport.open(opener, [pair.b.address], 0);
  }
  pair.network.runUntil(10_000_000);
  expect(pair.a.transport.connectionCount).toBe(0);
  // Three seals in each handshake, the opener's CLOSE and its answer.
  expect(sealed.length).toBe(5 * OPENING_COUNT);
  expect(new Set(sealed).size).toBe(sealed.length);
});
