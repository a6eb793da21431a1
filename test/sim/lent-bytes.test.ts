import { expect, test } from 'vitest';
import type { PeerAddress, Transmit, Transport } from '../../src/transfer/core/index.ts';
import { Network, type SimNode } from './network.ts';
import { delay } from './wire-elements.ts';

const LENGTH_BYTES = 40;

/** Sends on request, and keeps what it was only lent: both are what a transport must not do. */
class Keeper implements Transport {
  readonly heldByFiller: Uint8Array[] = [];
  readonly received: Uint8Array[] = [];
  readonly copies: Uint8Array[] = [];
  toSend: ((transmit: Transmit) => void)[] = [];

  handleDatagram(datagram: Uint8Array): void {
    this.received.push(datagram);
    this.copies.push(datagram.slice());
  }

  handleTimeout(): void {
    throw new Error('no timeout was asked for');
  }

  pollTransmit(transmit: Transmit): boolean {
    const fill = this.toSend.shift();
    if (fill === undefined) return false;
    fill(transmit);
    this.heldByFiller.push(transmit.buffer.subarray(0, LENGTH_BYTES));
    return true;
  }

  nextTimeoutUs(): number {
    return Infinity;
  }

  pollEvent(): undefined {
    return undefined;
  }
}

interface Two {
  readonly network: Network;
  readonly a: SimNode<Keeper>;
  readonly b: SimNode<Keeper>;
}

function two(isPoisoned = true): Two {
  const network = new Network({ seed: 5, isPoisoned });
  const a = network.add('a', new Keeper());
  const b = network.add('b', new Keeper());
  network.connect(a, b, [delay(1000)]);
  return { network, a, b };
}

const filled =
  (byte: number, to: PeerAddress) =>
  (transmit: Transmit): void => {
    transmit.buffer.fill(byte, 0, LENGTH_BYTES);
    transmit.length = LENGTH_BYTES;
    transmit.to = to;
  };
const allOf = (byte: number): Uint8Array => new Uint8Array(LENGTH_BYTES).fill(byte);

test('who keeps the lent buffer finds its bytes gone after the call', () => {
  const { network, a, b } = two();
  a.transport.toSend = [filled(7, b.address)];
  network.runUntil(0);
  expect(a.transport.heldByFiller[0]).toEqual(allOf(0xdb));
});

test('who keeps a delivered datagram finds its bytes gone after the call', () => {
  const { network, a, b } = two();
  a.transport.toSend = [filled(7, b.address)];
  network.runUntil(2000);
  expect(b.transport.copies[0]).toEqual(allOf(7));
  expect(b.transport.received[0]).toEqual(allOf(0xdb));
});

test('what is on its way is a copy: the sender may fill its buffer again, poisoned or not', () => {
  for (const isPoisoned of [true, false]) {
    const { network, a, b } = two(isPoisoned);
    a.transport.toSend = [1, 2, 3].map((byte) => filled(byte, b.address));
    network.runUntil(2000);
    expect(b.transport.copies).toEqual([1, 2, 3].map((byte) => allOf(byte)));
  }
});

test('a transport that forgets the length is not given that of its last datagram', () => {
  const { network, a, b } = two();
  a.transport.toSend = [
    filled(1, b.address),
    (transmit) => {
      transmit.to = b.address;
    },
  ];
  expect(() => {
    network.runUntil(0);
  }).toThrow(/a datagram fits UDP \(seed 5, 0 us.*\n0\.000 a>b \S+ 40 sent$/);
});

test('a transport that forgets the address sends to nobody, not to whom it sent last', () => {
  const { network, a, b } = two();
  a.transport.toSend = [
    filled(1, b.address),
    (transmit) => {
      transmit.length = LENGTH_BYTES;
    },
  ];
  network.runUntil(2000);
  expect(b.transport.copies.length).toBe(1);
  expect(network.unroutableCount).toBe(1);
});
