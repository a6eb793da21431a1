import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  PacketKind,
  PacketState,
  SentPackets,
} from '../../../../src/transfer/core/recovery/sent-packets.ts';

/** Near the wrap of the 32 bits that travel, where masks and signs go wrong. */
const FIRST = 2 ** 32 - 20;
const CAPACITY = 256;

interface NaivePacket {
  state: PacketState;
  sentAtUs: number;
  sizeBytes: number;
  kind: PacketKind;
  offset: number;
  payloadBytes: number;
  isFin: boolean;
  lostAtUs: number;
}

interface Naive {
  packets: Map<number, NaivePacket>;
  oldest: number;
  next: number;
  largestAcked: number;
  nowUs: number;
}

function expectSame(naive: Naive, sent: SentPackets): void {
  expect(sent.oldest).toBe(naive.oldest);
  expect(sent.nextNumber).toBe(naive.next);
  expect(sent.largestAcked).toBe(naive.largestAcked);
  expect(sent.isFull).toBe(naive.next - naive.oldest === CAPACITY);
  // One comparison of a long text: an expectation a packet takes most of a minute.
  expect(shown(sent, naive)).toBe(naiveShown(naive));
}

function shown(sent: SentPackets, { oldest, next }: Naive): string {
  let text = '';
  for (let n = oldest - 2; n < next + 2; n++) {
    const state = sent.state(n);
    text += `${n}: ${state}`;
    if (state !== PacketState.none && state !== PacketState.skipped) {
      text += ` ${sent.sentAtUs(n)} ${sent.sizeBytes(n)} ${sent.kind(n)} ${sent.offset(n)}`;
      text += ` ${sent.payloadBytes(n)} ${String(sent.isFin(n))}`;
      if (state === PacketState.lost) text += ` ${sent.lostAtUs(n)}`;
    }
    text += '\n';
  }
  return text;
}

function naiveShown({ packets, oldest, next }: Naive): string {
  let text = '';
  for (let n = oldest - 2; n < next + 2; n++) {
    const packet = packets.get(n) ?? { ...blank, state: PacketState.none };
    text += `${n}: ${packet.state}`;
    if (packet.state !== PacketState.none && packet.state !== PacketState.skipped) {
      text += ` ${packet.sentAtUs} ${packet.sizeBytes} ${packet.kind} ${packet.offset}`;
      text += ` ${packet.payloadBytes} ${String(packet.isFin)}`;
      if (packet.state === PacketState.lost) text += ` ${packet.lostAtUs}`;
    }
    text += '\n';
  }
  return text;
}

type Step = (naive: Naive, sent: SentPackets) => void;

/** A step on both, then everything is compared. */
class Command implements fc.Command<Naive, SentPackets> {
  readonly #name: string;
  readonly #step: Step;
  constructor(name: string, step: Step) {
    this.#name = name;
    this.#step = step;
  }
  check(): boolean {
    return true;
  }
  run(naive: Naive, sent: SentPackets): void {
    naive.nowUs += 10;
    this.#step(naive, sent);
    expectSame(naive, sent);
  }
  toString(): string {
    return this.#name;
  }
}

/** Numbers in one of these states, lowest first. */
function numbersIn(naive: Naive, ...states: PacketState[]): number[] {
  return [...naive.packets].filter(([, { state }]) => states.includes(state)).map(([n]) => n);
}

const blank: NaivePacket = {
  state: PacketState.skipped,
  sentAtUs: 0,
  sizeBytes: 0,
  kind: PacketKind.data,
  offset: 0,
  payloadBytes: 0,
  isFin: false,
  lostAtUs: 0,
};

function add(count: number, kind: PacketKind, offset: number, isFin: boolean): Command {
  return new Command(`add(${count})`, (naive, sent) => {
    for (let i = 0; i < count && !sent.isFull; i++) {
      const packet: NaivePacket = {
        ...blank,
        state: PacketState.inFlight,
        sentAtUs: naive.nowUs,
        sizeBytes: 30 + i,
        kind,
        offset: offset + i,
        payloadBytes: i,
        isFin,
      };
      naive.packets.set(naive.next, packet);
      expect(sent.add(naive.nowUs, 30 + i, kind, offset + i, i, isFin)).toBe(naive.next);
      naive.next++;
    }
  });
}

const skip = new Command('skip', (naive, sent) => {
  if (sent.isFull) return;
  naive.packets.set(naive.next++, { ...blank });
  sent.skip();
});

function ack(pick: number, count: number): Command {
  return new Command(`ack(${pick}, ${count})`, (naive, sent) => {
    const candidates = numbersIn(naive, PacketState.inFlight, PacketState.lost);
    if (candidates.length === 0) return;
    const from = pick % candidates.length;
    for (const n of candidates.slice(from, from + count)) {
      naive.packets.get(n)!.state = PacketState.acknowledged;
      naive.largestAcked = Math.max(naive.largestAcked, n);
      sent.markAcked(n);
    }
  });
}

function lose(pick: number, count: number): Command {
  return new Command(`lose(${pick}, ${count})`, (naive, sent) => {
    const candidates = numbersIn(naive, PacketState.inFlight);
    if (candidates.length === 0) return;
    const from = pick % candidates.length;
    for (const n of candidates.slice(from, from + count)) {
      const packet = naive.packets.get(n)!;
      packet.state = PacketState.lost;
      packet.lostAtUs = naive.nowUs;
      sent.markLost(n, naive.nowUs);
    }
  });
}

function forgetOldest(naive: Naive): void {
  naive.packets.delete(naive.oldest++);
}

function naiveForget(naive: Naive, lostOlderThanUs: number): void {
  for (;;) {
    const packet = naive.packets.get(naive.oldest);
    const isGone =
      packet?.state === PacketState.acknowledged ||
      (packet?.state === PacketState.skipped && naive.largestAcked > naive.oldest) ||
      (packet?.state === PacketState.lost && packet.lostAtUs < lostOlderThanUs);
    if (!isGone) return;
    forgetOldest(naive);
  }
}

function forget(agoUs: number): Command {
  return new Command(`forgetResolved(now - ${agoUs})`, (naive, sent) => {
    naiveForget(naive, naive.nowUs - agoUs);
    sent.forgetResolved(naive.nowUs - agoUs);
  });
}

const force = new Command('forceForgetOldestLost', (naive, sent) => {
  const state = naive.packets.get(naive.oldest)?.state;
  const mayForget = state !== undefined && state !== PacketState.inFlight;
  if (mayForget) {
    forgetOldest(naive);
    naiveForget(naive, -Infinity);
  }
  expect(sent.forceForgetOldestLost()).toBe(mayForget);
});

test('the ring is the map of its packets, whatever happens to them', () => {
  const count = fc.integer({ min: 1, max: 80 });
  const kind = fc.constantFrom(...Object.values(PacketKind));
  const commands = fc.commands(
    [
      fc.tuple(count, kind, fc.nat({ max: 2 ** 47 }), fc.boolean()).map((args) => add(...args)),
      fc.constant(skip),
      fc.tuple(fc.nat(), count).map(([pick, count]) => ack(pick, count)),
      fc.tuple(fc.nat(), count).map(([pick, count]) => lose(pick, count)),
      fc.nat(6).map((steps) => forget(10 * steps)),
      fc.constant(force),
    ],
    { size: '+1', maxCommands: 60 },
  );
  fc.assert(
    fc.property(commands, (commands) => {
      const setup = () => ({
        model: {
          packets: new Map<number, NaivePacket>(),
          oldest: FIRST,
          next: FIRST,
          largestAcked: FIRST - 1,
          nowUs: 0,
        },
        real: new SentPackets(FIRST, CAPACITY),
      });
      fc.modelRun(setup, commands);
    }),
    { numRuns: 100 },
  );
});

function ringOf(packetCount: number, maxCapacity = CAPACITY): SentPackets {
  const sent = new SentPackets(FIRST, maxCapacity);
  for (let i = 0; i < packetCount; i++) sent.add(i, 100, PacketKind.data, 100 * i, 90, false);
  return sent;
}

describe('a full ring', () => {
  test('takes no packet more, and says so before', () => {
    const sent = ringOf(CAPACITY);
    expect(sent.isFull).toBe(true);
    expect(() => sent.add(0, 1, PacketKind.ping, 0, 0, false)).toThrow();
    expect(() => {
      sent.skip();
    }).toThrow();
  });

  test('forgets its oldest lost packet by force, but none in flight', () => {
    const sent = ringOf(CAPACITY);
    expect(sent.forceForgetOldestLost()).toBe(false);
    sent.markLost(FIRST, 1);
    sent.markAcked(FIRST + 1);
    expect(sent.forceForgetOldestLost()).toBe(true);
    expect(sent.oldest).toBe(FIRST + 2);
    expect(sent.state(FIRST)).toBe(PacketState.none);
    expect(sent.isFull).toBe(false);
  });
});

test('a skipped number is retained until a later one is acknowledged', () => {
  const sent = ringOf(1);
  sent.skip();
  const later = sent.add(0, 100, PacketKind.data, 100, 90, false);
  sent.markAcked(FIRST);
  sent.forgetResolved(Infinity);
  expect(sent.oldest).toBe(FIRST + 1);
  expect(sent.state(FIRST + 1)).toBe(PacketState.skipped);
  sent.markAcked(later);
  sent.forgetResolved(-Infinity);
  expect(sent.oldest).toBe(sent.nextNumber);
});

test('a packet is acknowledged once, lost only from flight, and a skipped number neither', () => {
  const sent = ringOf(2);
  sent.skip();
  sent.markAcked(FIRST);
  for (const mark of [
    () => {
      sent.markAcked(FIRST);
    },
    () => {
      sent.markLost(FIRST, 0);
    },
    () => {
      sent.markAcked(FIRST + 2);
    },
    () => {
      sent.markLost(FIRST + 2, 0);
    },
    () => {
      sent.markAcked(FIRST + 3);
    },
  ]) {
    expect(mark).toThrow();
  }
});

test('what a packet remembers of its path survives the growth of the ring', () => {
  const sent = new SentPackets(FIRST, CAPACITY);
  for (let i = 0; i < CAPACITY; i++) {
    const n = sent.add(0, 100, PacketKind.data, 0, 0, false);
    const path = {
      deliveredBytes: 2 ** 40 + i,
      deliveredAtUs: 2 ** 41 + i,
      firstSentAtUs: 2 ** 42 + i,
      lostBytes: 2 ** 43 + i,
      isAppLimited: i % 2 === 1,
    };
    sent.recordDelivery(n, path, 2 ** 44 + i);
  }
  for (let i = 0; i < CAPACITY; i++) {
    const n = FIRST + i;
    expect(sent.deliveredBytes(n)).toBe(2 ** 40 + i);
    expect(sent.deliveredAtUs(n)).toBe(2 ** 41 + i);
    expect(sent.firstSentAtUs(n)).toBe(2 ** 42 + i);
    expect(sent.lostBytesAtSend(n)).toBe(2 ** 43 + i);
    expect(sent.isAppLimited(n)).toBe(i % 2 === 1);
    expect(sent.txInFlightBytes(n)).toBe(2 ** 44 + i);
  }
});

test('a capacity that is no power of two is our own mistake', () => {
  expect(() => new SentPackets(0, 100)).toThrow();
  expect(ringOf(4, 4).isFull).toBe(true);
});
