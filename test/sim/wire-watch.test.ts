import { expect, test } from 'vitest';
import { crcCheck } from '../../src/transfer/core/index.ts';
import { Silent } from './arrivals.ts';
import { Network } from './network.ts';
import { WireWatch } from './wire-watch.ts';

const DATA = 3;
const ACK = 4;
const PAYLOAD_BYTES = 100;

function packet(type: number, length: number, fill: (body: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(10 + length);
  bytes[4] = 0x40 | type;
  fill(new DataView(bytes.buffer, 10));
  crcCheck.write(bytes, bytes.length, 0);
  return bytes;
}

function data(number: number, offset = 0): Uint8Array {
  return packet(DATA, 10 + PAYLOAD_BYTES, (body) => {
    body.setUint32(0, number);
    body.setUint32(6, offset);
  });
}

/** Of the newest `count` numbers up to `largest`. */
function ack(ackSeq: number, largest: number, count: number, credit: number): Uint8Array {
  return packet(ACK, 32, (body) => {
    body.setUint32(0, ackSeq);
    body.setUint32(4, largest);
    body.setUint32(18, credit);
    body.setUint16(30, count);
  });
}

const CREDIT = 70_000;

/** Sends DATA one way and then ACKs the other. */
function send(there: readonly Uint8Array[], back: readonly Uint8Array[] = []): () => void {
  return () => {
    const network = new Network({ seed: 1 });
    const [a, b] = ['a', 'b'].map((name) => network.add(name, new Silent()));
    const watch = new WireWatch();
    const forward = network.connect(a!, b!, [watch.leaving(0), watch.arriving(1)]);
    const backward = network.connect(b!, a!, [watch.leaving(1), watch.arriving(0)]);
    for (const bytes of there) forward.send(bytes, bytes.length, 0);
    for (const bytes of back) backward.send(bytes, bytes.length, 0);
  };
}

test('numbers that grow across the wrap, and an ACK of what came, are as they should be', () => {
  const numbers = [2 ** 32 - 2, 2 ** 32 - 1, 0, 5];
  const acks = [ack(7, 2 ** 32 - 1, 2, CREDIT), ack(8, 0, 3, CREDIT), ack(9, 5, 1, CREDIT + 1)];
  expect(
    send(
      numbers.map((number) => data(number)),
      acks,
    ),
  ).not.toThrow();
});

test.each([
  ['a number that comes again', [data(5), data(5)], []],
  ['a number that is lower', [data(5), data(4)], []],
  ['a number before the wrap', [data(3), data(2 ** 32 - 1)], []],
  ['a byte beyond the credit', [data(5, 65_536 - PAYLOAD_BYTES + 1)], []],
  ['an ACK of what has not come', [data(5), data(7)], [ack(1, 7, 2, CREDIT)]],
  ['an ACK that comes again', [data(5)], [ack(1, 5, 1, CREDIT), ack(1, 5, 1, CREDIT)]],
  ['credit that shrinks', [data(5)], [ack(1, 5, 1, CREDIT), ack(2, 5, 1, CREDIT - 1)]],
])('%s fails the run', (_what, there, back) => {
  expect(send(there, back)).toThrow();
});

test('what is damaged is nobody’s', () => {
  const damaged = data(4);
  damaged[20]! ^= 1;
  expect(send([data(5), damaged])).not.toThrow();
});
