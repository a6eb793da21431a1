import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import {
  BAD_LINK,
  MAX_HELD_BYTES,
  type Misbehaviour,
  type MisbehaviourCounters,
  MisbehavingNetwork,
} from '../../demo/misbehaving-socket.ts';
import { UdpPort } from '../../src/transfer/io/udp/udp-port.ts';
import { fillContent, hasContent } from './distinct-content.ts';

const DATAGRAM_BYTES = 200;
const COUNT = 2_000;
/** At once on their way: a small receive buffer must hold them. */
const IN_FLIGHT = 100;
const good: Misbehaviour = {
  seed: 1,
  dropShare: 0,
  corruptShare: 0,
  reorderShare: 0,
  delayMs: 1,
};
const ports: UdpPort[] = [];

afterEach(async () => {
  for (const port of ports.splice(0)) await port.close();
});

interface Outcome {
  readonly counters: MisbehaviourCounters;
  /** In the order of arrival. */
  readonly sequences: number[];
  readonly alteredCount: number;
}

/** Sends `COUNT` datagrams from one buffer that is filled again at once; resolves when all came. */
async function run(misbehaviour: Misbehaviour, isConnected = false): Promise<Outcome> {
  const network = new MisbehavingNetwork(misbehaviour);
  const receiving = await UdpPort.bind({ host: '127.0.0.1', port: 0 });
  const { createSocket } = network;
  const sending = await UdpPort.bindFree({ host: '127.0.0.1', createSocket });
  ports.push(receiving, sending);
  if (isConnected) sending.connect(receiving.address);
  const sequences: number[] = [];
  let alteredCount = 0;
  receiving.onDatagram((datagram) => {
    const sequence = Buffer.from(datagram).readUInt32BE(0);
    sequences.push(sequence);
    if (!hasContent(datagram, sequence)) alteredCount++;
  });
  const { counters } = network;
  const buffer = new Uint8Array(DATAGRAM_BYTES);
  for (let sequence = 0; sequence < COUNT; sequence++) {
    new DataView(buffer.buffer).setUint32(0, sequence);
    fillContent(buffer, sequence);
    sending.send(buffer, receiving.address, sequence % 7 === 0);
    if (sequence % IN_FLIGHT !== IN_FLIGHT - 1) continue;
    // The last are still under way when the port is closed: they must get out all the same.
    if (sequence === COUNT - 1) await sending.close();
    while (sequences.length < counters.sent - counters.dropped - counters.tooLarge)
      await setImmediate();
  }
  return { counters, sequences, alteredCount };
}

/** How many arrived after one that was sent later. */
function overtakenCount(sequences: readonly number[]): number {
  let newest = -1;
  return sequences.filter((sequence) => {
    const isOvertaken = sequence < newest;
    newest = Math.max(newest, sequence);
    return isOvertaken;
  }).length;
}

test.each([true, false])('a network without faults alters nothing (connected: %s)', async (on) => {
  const { counters, sequences, alteredCount } = await run(good, on);
  expect(sequences).toEqual(Array.from({ length: COUNT }, (_, index) => index));
  expect(alteredCount).toBe(0);
  expect(counters).toEqual({
    sent: COUNT,
    delivered: COUNT,
    dropped: 0,
    corrupted: 0,
    reordered: 0,
    overflowed: 0,
    tooLarge: 0,
  });
});

test('what is dropped does not arrive, and about its share is', async () => {
  const { counters, sequences } = await run({ ...good, dropShare: 0.05 });
  expect(sequences.length).toBe(COUNT - counters.dropped);
  expect(counters.dropped).toBeGreaterThan(COUNT * 0.03);
  expect(counters.dropped).toBeLessThan(COUNT * 0.07);
});

test('what is larger than the link carries does not arrive', async () => {
  const tooSmall = await run({ ...good, maxDatagramBytes: DATAGRAM_BYTES - 1 });
  expect(tooSmall.sequences).toEqual([]);
  expect(tooSmall.counters).toMatchObject({ sent: COUNT, delivered: 0, tooLarge: COUNT });
  const largeEnough = await run({ ...good, maxDatagramBytes: DATAGRAM_BYTES });
  expect(largeEnough.counters).toMatchObject({ delivered: COUNT, tooLarge: 0 });
});

test('as many arrive altered as were corrupted', async () => {
  const { counters, alteredCount, sequences } = await run({ ...good, corruptShare: 0.1 });
  const countWithNumberHit = sequences.filter((sequence) => sequence >= COUNT).length;
  expect(counters.corrupted).toBeGreaterThan(COUNT * 0.07);
  expect(alteredCount).toBe(counters.corrupted);
  expect(countWithNumberHit).toBeLessThan(counters.corrupted);
});

test('what is held longer is overtaken', async () => {
  const { counters, sequences } = await run({ ...good, reorderShare: 0.02 });
  expect(counters.reordered).toBeGreaterThan(COUNT * 0.01);
  expect(overtakenCount(sequences)).toBeGreaterThan(0);
  expect(sequences.toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: COUNT }, (_, index) => index),
  );
});

test('one seed has one fate', async () => {
  const first = await run({ ...BAD_LINK, seed: 7 });
  const second = await run({ ...BAD_LINK, seed: 7 });
  const third = await run({ ...BAD_LINK, seed: 8 });
  expect(second.counters).toEqual(first.counters);
  expect(third.counters).not.toEqual(first.counters);
});

test('a full link loses what comes more, and holds no more memory', async () => {
  const network = new MisbehavingNetwork({ ...good, delayMs: 50 });
  const { createSocket, counters } = network;
  const port = await UdpPort.bind({ host: '127.0.0.1', port: 0, createSocket });
  ports.push(port);
  const datagram = new Uint8Array(60_000);
  const fittingCount = Math.floor(MAX_HELD_BYTES / datagram.length);
  for (let sent = 0; sent < fittingCount + 10; sent++) port.send(datagram, port.address, false);
  expect(counters.overflowed).toBe(10);
});
