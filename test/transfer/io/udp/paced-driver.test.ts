import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { Pacer } from '../../../../src/transfer/core/congestion/pacer.ts';
import type { Transmit } from '../../../../src/transfer/core/index.ts';
import { FineTimers } from '../../../../src/transfer/io/udp/fine-timers.ts';
import { TransportDriver } from '../../../../src/transfer/io/udp/transport-driver.ts';
import { FakeLoop, fakePort, FakeSocket, FakeTransport } from './udp-fakes.ts';

/** A transport that may send one datagram at `sleepUntilUs`, and has no other reason to wait. */
class HeldTransport extends FakeTransport {
  sleepUntilUs = Infinity;
  /** Of anything but the pacer. */
  dueAtUs = Infinity;
  /** Held again for as long after each datagram. */
  intervalUs = Infinity;

  override pollTransmit(transmit: Transmit, nowUs: number): boolean {
    this.toSendCount = nowUs >= this.sleepUntilUs ? 1 : 0;
    const isFilled = super.pollTransmit(transmit, nowUs);
    if (isFilled) this.sleepUntilUs = nowUs + this.intervalUs;
    return isFilled;
  }

  override nextTimeoutUs(): number {
    return Math.min(this.sleepUntilUs, this.dueAtUs);
  }
}

interface Rig {
  readonly transport: HeldTransport;
  readonly socket: FakeSocket;
  readonly driver: TransportDriver;
}

let loop: FakeLoop;
let sleepsUs: number[];
let fineTimers: FineTimers;

beforeEach(() => {
  loop = new FakeLoop();
  sleepsUs = [];
  const sleepUs = (delayUs: number): void => {
    sleepsUs.push(delayUs);
    loop.timeUs += delayUs;
  };
  fineTimers = new FineTimers({ sleepUs, timers: loop, nowUs: loop.nowUs });
});

async function startDriver(isFine = true): Promise<Rig> {
  const transport = new HeldTransport();
  const socket = new FakeSocket();
  const driver = new TransportDriver({
    port: await fakePort(socket, loop),
    transport,
    maxDatagramBytes: 64,
    onEvent: () => undefined,
    sleepUntilUs: () => transport.sleepUntilUs,
    nowUs: loop.nowUs,
    timers: loop,
    fineTimers: isFine ? fineTimers : undefined,
  });
  return { transport, socket, driver };
}

/** Turns until nothing is to be done at once. */
function settle(): void {
  for (let turn = 0; turn < 20 && loop.soonCount > 0; turn++) loop.turn();
  expect(loop.soonCount).toBe(0);
}

test('a datagram held back for less than a millisecond leaves on time, without a timer', async () => {
  const { transport, driver } = await startDriver();
  transport.sleepUntilUs = 600;
  driver.wake();
  settle();
  expect(transport.transmitTimesUs).toEqual([600]);
  expect(sleepsUs).toEqual([250, 250, 100]);
  expect(loop.delaysMs).toEqual([]);
});

test('one held back for longer waits for a timer', async () => {
  const { transport, driver } = await startDriver();
  transport.sleepUntilUs = 1_000;
  driver.wake();
  settle();
  expect([sleepsUs, loop.delaysMs]).toEqual([[], [1]]);
});

test('a driver without fine timers waits for a timer', async () => {
  const { transport, driver } = await startDriver(false);
  transport.sleepUntilUs = 600;
  driver.wake();
  settle();
  expect([sleepsUs, loop.delaysMs]).toEqual([[], [1]]);
});

test('nothing is held back: nothing ticks and nobody sleeps', async () => {
  const { driver } = await startDriver();
  driver.wake();
  loop.turn();
  expect([sleepsUs, loop.soonCount, loop.timerCount]).toEqual([[], 0, 0]);
});

test('what is due before the pacer is due is waited for by a timer, the pacer with it', async () => {
  const { transport, driver } = await startDriver();
  transport.sleepUntilUs = 600;
  transport.dueAtUs = 400;
  driver.wake();
  settle();
  expect([sleepsUs, loop.delaysMs]).toEqual([[], [1]]);
});

test('a turn that received is followed by another at once, one that did not by a sleep', async () => {
  const { transport, socket, driver } = await startDriver();
  transport.sleepUntilUs = 900;
  driver.wake();
  loop.turn();
  for (let turn = 1; turn <= 5; turn++) {
    loop.turn(() => {
      socket.receive(1);
    });
    expect([sleepsUs, transport.received.length]).toEqual([[], turn]);
  }
  settle();
  expect(sleepsUs).toEqual([250, 250, 250, 150]);
});

test('what one driver receives keeps the thread awake, though another is held back', async () => {
  const paced = await startDriver();
  const other = await startDriver();
  paced.transport.sleepUntilUs = 600;
  paced.driver.wake();
  loop.turn();
  loop.turn(() => {
    other.socket.receive(3);
  });
  expect([sleepsUs, other.transport.received.length]).toEqual([[], 3]);
  settle();
  expect(paced.transport.transmitTimesUs).toEqual([600]);
});

test('a port that is blocked is not slept for: nothing would leave', async () => {
  const { transport, socket, driver } = await startDriver();
  transport.sleepUntilUs = 0;
  transport.intervalUs = 300;
  socket.queueCountAfter = () => 1;
  driver.wake();
  settle();
  expect([socket.sent.length, sleepsUs]).toEqual([1, []]);
  expect(loop.timerCount).toBeGreaterThan(0);
});

test('a driver that was closed wakes nobody', async () => {
  const { transport, driver } = await startDriver();
  transport.sleepUntilUs = 600;
  driver.wake();
  loop.turn();
  await driver.close();
  settle();
  expect([sleepsUs, transport.transmitTimesUs, loop.timerCount]).toEqual([[], [], 0]);
});

test('the pacer is no timeout: nothing is told to the transport and no turn is lost', async () => {
  const { transport, driver } = await startDriver();
  transport.sleepUntilUs = 200;
  driver.wake();
  let turnCount = 0;
  for (; loop.soonCount > 0 && turnCount < 20; turnCount++) loop.turn();
  expect(transport.timeoutsAtUs).toEqual([]);
  // The first drain, the sleep, and the drain that sends.
  expect(turnCount).toBe(3);
});

const DATAGRAM_BYTES = 1_200;

test('by fine timers a rate is kept, and no interval holds more than its quanta', async () => {
  const rates = fc.constantFrom(25, 100, 500, 1_000);
  // How much later than asked for each sleep ends; one in twenty, when the thread lost its core.
  const lateness = fc
    .tuple(fc.array(fc.nat(100), { minLength: 19, maxLength: 40 }), fc.nat(1_500))
    .map(([usual, rare]) => [...usual, rare]);
  await fc.assert(
    fc.asyncProperty(rates, lateness, async (mbitPerSec, latenessUs) => {
      const bytesPerSec = (mbitPerSec * 1e6) / 8;
      const sent = await runPaced(bytesPerSec, latenessUs);
      const quantum = Math.max(2 * DATAGRAM_BYTES, (bytesPerSec * 500) / 1e6);
      // What is late is owed for 10 ms, and repaid.
      const owedBytes = (bytesPerSec * 10_000) / 1e6 + 2 * quantum;
      const dueBytes = (bytesPerSec * (sent.at(-1)! - sent[0]!)) / 1e6;
      expect(sent.length * DATAGRAM_BYTES).toBeGreaterThan(dueBytes - owedBytes);
      for (let from = 0; from < sent.length; from++) {
        // The property of the pacer, over bursts of up to 200 datagrams.
        for (let to = from; to < Math.min(sent.length, from + 200); to++) {
          const bytes = (to - from + 1) * DATAGRAM_BYTES;
          const most = (1.25 * bytesPerSec * (sent[to]! - sent[from]!)) / 1e6 + 2 * quantum;
          if (bytes > most + 1e-6) expect(bytes).toBeLessThanOrEqual(most);
        }
      }
    }),
    { numRuns: 30 },
  );
});

/** When each datagram left in 200 ms, all sleeps late in turn by `latenessUs`. */
async function runPaced(bytesPerSec: number, latenessUs: readonly number[]): Promise<number[]> {
  loop = new FakeLoop();
  let sleepCount = 0;
  const sleepUs = (delayUs: number): void => {
    loop.timeUs += Math.ceil(delayUs) + latenessUs[sleepCount++ % latenessUs.length]!;
  };
  fineTimers = new FineTimers({ sleepUs, timers: loop, nowUs: loop.nowUs });
  const { transport, driver } = await startDriver();
  const pacer = new Pacer(DATAGRAM_BYTES);
  transport.pollTransmit = (transmit, nowUs) => {
    transport.sleepUntilUs = Infinity;
    if (!pacer.maySend(bytesPerSec, nowUs)) {
      transport.sleepUntilUs = pacer.nextSendAtUs;
      return false;
    }
    pacer.onSent(DATAGRAM_BYTES);
    transport.transmitTimesUs.push(nowUs);
    transmit.length = 8;
    transmit.to = transport.to;
    return true;
  };
  driver.wake();
  for (let turn = 0; loop.timeUs < 200_000; turn++) {
    if (turn === 10_000 || loop.soonCount + loop.timerCount === 0) throw new Error('time stands');
    if (loop.soonCount === 0) loop.passMs(1);
    loop.turn();
  }
  await driver.close();
  return transport.transmitTimesUs;
}
