import { expect, test } from 'vitest';
import { AddressWatch } from './address-watch.ts';
import { ConnectionWatch } from './connection-watch.ts';
import { PathWatch } from './path-watch.ts';
import { Type, WatchedPacket } from './watched-packet.ts';

const PAYLOAD_BYTES = 100;
const ACK_BYTES = 32;
const CREDIT = 70_000;
const ACK_NOW = 2;

function packet(type: number, length: number, fill: (body: DataView) => void): WatchedPacket {
  const bytes = new Uint8Array(10 + length);
  bytes[4] = 0x40 | type;
  fill(new DataView(bytes.buffer, 10));
  const made = new WatchedPacket(bytes);
  made.tagBytes = 0;
  return made;
}

function data(number: number, offset = 0, payloadBytes = PAYLOAD_BYTES): WatchedPacket {
  return packet(Type.data, 10 + payloadBytes, (body) => {
    body.setUint32(0, number);
    body.setUint32(6, offset);
  });
}

/** Of the newest `count` numbers up to `largest`. */
function ack(ackSeq: number, largest: number, count: number, credit = CREDIT): WatchedPacket {
  return packet(Type.ack, ACK_BYTES, (body) => {
    body.setUint32(0, ackSeq);
    body.setUint32(4, largest);
    body.setUint32(18, credit);
    body.setUint16(30, count);
  });
}

function mark(markSeq: number, una: number): WatchedPacket {
  return packet(Type.mark, 15, (body) => {
    body.setUint32(0, una);
    body.setUint32(11, markSeq);
  });
}

/** One connection's packets in their order; `takes` come to it, `leaves` go. */
function watch(
  steps: readonly { readonly takes?: WatchedPacket; readonly leaves?: WatchedPacket }[],
  limitBytes = 1_200,
): () => void {
  return () => {
    const options = { standstillUs: Infinity, endpoints: [] };
    const watched = new ConnectionWatch({} as never, options);
    for (const { takes, leaves } of steps) {
      if (takes !== undefined) watched.onTaken(takes);
      if (leaves !== undefined) watched.onLeaving(leaves, limitBytes);
    }
  };
}

test('numbers that grow across the wrap, and ACKs of all that came, are as they should be', () => {
  const numbers = [2 ** 32 - 2, 2 ** 32 - 1, 0, 5];
  expect(watch(numbers.map((number) => ({ leaves: data(number) })))).not.toThrow();
  const taken = watch([
    { takes: data(2 ** 32 - 2) },
    { takes: data(2 ** 32 - 1), leaves: ack(7, 2 ** 32 - 1, 2) },
    { takes: data(0), leaves: ack(8, 0, 3) },
    { takes: mark(0, 2 ** 32 - 1), leaves: ack(9, 0, 2, CREDIT + 1) },
  ]);
  expect(taken).not.toThrow();
});

test('an ACK that is full may leave out what is old', () => {
  const steps = [
    { takes: data(5) },
    { takes: data(7) },
    { takes: data(8), leaves: ack(1, 8, 2) },
  ] as const;
  expect(watch(steps)).toThrow('names all');
  expect(watch(steps, 10 + ACK_BYTES + 1)).not.toThrow();
});

test.each([
  ['numbers grow', 'a number that comes again', [{ leaves: data(5) }, { leaves: data(5) }]],
  ['numbers grow', 'a number that is lower', [{ leaves: data(5) }, { leaves: data(4) }]],
  ['numbers grow', 'one before the wrap', [{ leaves: data(3) }, { leaves: data(2 ** 32 - 1) }]],
  ['beyond the credit', 'a byte too many', [{ leaves: data(5, 65_536 - PAYLOAD_BYTES + 1) }]],
  [
    'what has come',
    'an ACK of a gap',
    [{ takes: data(5) }, { takes: data(7), leaves: ack(1, 7, 2) }],
  ],
  [
    'the newest',
    'an ACK of old news',
    [{ takes: data(5) }, { takes: data(6), leaves: ack(1, 5, 1) }],
  ],
  [
    'names all',
    'an ACK that forgets',
    [{ takes: data(5) }, { takes: data(6), leaves: ack(1, 6, 1) }],
  ],
  [
    'ACKs grow',
    'an ACK twice',
    [{ takes: data(5), leaves: ack(1, 5, 1) }, { leaves: ack(1, 5, 1) }],
  ],
  [
    'credit never shrinks',
    'less credit',
    [{ takes: data(5), leaves: ack(1, 5, 1) }, { leaves: ack(2, 5, 1, CREDIT - 1) }],
  ],
  ['una never decreases', 'una goes back', [{ leaves: mark(0, 9) }, { leaves: mark(1, 8) }]],
  ['yet to be used', 'una runs ahead', [{ leaves: data(5) }, { leaves: mark(0, 8) }]],
])('that %s is broken by %s', (message, _what, steps) => {
  expect(watch(steps)).toThrow(message);
});

test.each([
  ['one of its own', 1],
  ['none of its own', 0],
])('that a CLOSE makes no second one leave is broken by whoever had said %s', (_what, ownCount) => {
  const close = packet(Type.close, 2, () => undefined);
  const watched = new ConnectionWatch({} as never, { standstillUs: Infinity, endpoints: [] });
  // Nobody was heard: it may be said again.
  for (let count = 0; count < 3 * ownCount; count++) watched.onLeaving(close, 1_200);
  watched.onCloseTaken();
  if (ownCount === 0) watched.onLeaving(close, 1_200);
  watched.onCloseTaken();
  expect(() => {
    watched.onLeaving(close, 1_200);
  }).toThrow('no second one');
});

test('credit that has come may be used to its last byte', () => {
  const steps = [
    { leaves: data(5) },
    { takes: ack(0, 5, 1) },
    { leaves: data(6, CREDIT - PAYLOAD_BYTES) },
  ];
  expect(watch(steps)).not.toThrow();
});

test('an address is sent threefold what came from there, until it has proven itself', () => {
  const [here, there] = ['here', 'there'].map((address) => ({ address, port: 1 }));
  const addresses = new AddressWatch();
  const open = packet(Type.open, 100, () => undefined);
  const answer = packet(Type.openAck, 310, () => undefined);
  const token = (value: number) => (body: DataView) => {
    body.setUint32(4, value);
  };
  const challenge = packet(Type.pathChallenge, 12, token(77));
  const response = packet(Type.pathResponse, 12, token(77));
  const other = packet(Type.pathResponse, 12, token(78));
  const connection = {};
  addresses.onHanded(new Uint8Array(open.lengthBytes), here!);
  addresses.onTaken(open, here!);
  addresses.onSent(answer, here!, undefined);
  expect(() => {
    addresses.onSent(answer, here!, undefined);
  }).toThrow('threefold');
  addresses.onSent(data(1), here!, connection);
  addresses.onHanded(new Uint8Array(100), there!);
  addresses.onSent(challenge, there!, connection);
  const go = (): void => {
    addresses.onSent(data(1), there!, connection);
  };
  expect(go).toThrow('a challenge was answered');
  addresses.onTaken(other, there!);
  expect(go).toThrow('a challenge was answered');
  addresses.onTaken(response, there!);
  expect(go).not.toThrow();
});

/** What `PathWatch` reads of a path, as a test sets it. */
class ToldPath {
  bytesInFlight = 0;
  windowBytes = 100_000;
  pacingBytesPerSec = 1_000_000;
  datagramBytes = 1_000;
  readonly rtt = { hasSample: true, minUs: 10_000, latestUs: 12_000 };
  readonly controller = { windowBytes: 100_000, connectionWindowPackets: Infinity };
  readonly watch = new PathWatch(this as never, 500);

  /** DATA that fills a datagram leaves. */
  send(atUs: number, flags = 0): void {
    const bytes = new Uint8Array(this.datagramBytes);
    bytes[4] = 0x40 | Type.data;
    bytes[5] = flags;
    this.watch.onLeaving(new WatchedPacket(bytes), atUs);
  }
}

test('two quanta may leave at once and 1.25 × the rate between, not a packet more', () => {
  const path = new ToldPath();
  for (let count = 0; count < 4; count++) path.send(0);
  expect(() => {
    path.send(799);
  }).toThrow('two quanta');
  const other = new ToldPath();
  for (let count = 0; count < 4; count++) other.send(0);
  for (let atUs = 800; atUs < 80_000; atUs += 800) other.send(atUs);
  // What a rate had granted stays when it falls.
  const falling = new ToldPath();
  falling.pacingBytesPerSec = 10_000_000;
  for (let count = 0; count < 8; count++) falling.send(0);
  falling.pacingBytesPerSec = 1_000_000;
  falling.send(1);
});

test('beyond the window two probes may leave at once, which ask for an ACK', () => {
  const path = new ToldPath();
  path.bytesInFlight = path.windowBytes + 1;
  expect(() => {
    path.send(0);
  }).toThrow('fits the window');
  const probing = new ToldPath();
  probing.bytesInFlight = probing.windowBytes + 1;
  for (const atUs of [0, 0, 9_000, 9_000]) probing.send(atUs, ACK_NOW);
  expect(() => {
    probing.send(9_000, ACK_NOW);
  }).toThrow('at most two');
  expect(() => {
    probing.send(9_999, ACK_NOW);
  }).toThrow('at most four');
  probing.send(10_000, ACK_NOW);
});

test.each<[string, (path: ToldPath) => void]>([
  ['not negative', (path) => (path.bytesInFlight = -1)],
  ['is positive', (path) => (path.pacingBytesPerSec = 0)],
  ['is finite', (path) => (path.pacingBytesPerSec = Infinity)],
  ['two datagrams', (path) => (path.controller.windowBytes = 1_999)],
  ['no higher than the latest', (path) => (path.rtt.latestUs = 9_999)],
])('a path of which "%s" is not so fails the run', (message, spoil) => {
  const path = new ToldPath();
  path.watch.check();
  spoil(path);
  expect(() => {
    path.watch.check();
  }).toThrow(message);
});
