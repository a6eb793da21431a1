import { beforeEach, expect, test } from 'vitest';
import { CloseCode, type TransportEvent } from '../../../../src/transfer/core/index.ts';
import {
  CLOCK_EVERY_SENDS,
  FULL_TURN_DATAGRAMS,
  MAX_DRAIN_TURNS,
  TransportDriver,
} from '../../../../src/transfer/io/udp/transport-driver.ts';
import { BATCH_DATAGRAMS, SendRings } from '../../../../src/transfer/io/udp/udp-send-ring.ts';
import { FakeLoop, fakePort, FakeSocket, FakeTransport } from './udp-fakes.ts';

const news: TransportEvent = {
  type: 'unopened',
  handle: 1,
  reason: { code: CloseCode.ok, reason: '', byPeer: false },
};

let loop: FakeLoop;
let socket: FakeSocket;
let transport: FakeTransport;
let driver: TransportDriver;
let onEvent: (event: TransportEvent) => void;
let turnCount: number;

beforeEach(async () => {
  loop = new FakeLoop();
  socket = new FakeSocket();
  transport = new FakeTransport();
  onEvent = () => undefined;
  turnCount = 0;
  driver = new TransportDriver({
    port: await fakePort(socket, loop),
    transport,
    maxDatagramBytes: 64,
    onEvent: (event) => {
      onEvent(event);
    },
    onTurn: () => turnCount++,
    nowUs: loop.nowUs,
    timers: loop,
  });
});

test('commands and datagrams of one turn are answered by one drain', () => {
  loop.turn(() => {
    socket.receive(20);
    driver.wake();
    driver.command(() => undefined);
  });
  expect(transport.received.length).toBe(20);
  expect(turnCount).toBe(1);
  expect(loop.soonCount).toBe(0);
});

test('a batch leaves, then the socket is read before the next', () => {
  transport.toSendCount = BATCH_DATAGRAMS + 1;
  driver.wake();
  loop.turn();
  expect(socket.sent.length).toBe(BATCH_DATAGRAMS);
  loop.turn(() => {
    socket.receive(1);
    expect(socket.sent.length).toBe(BATCH_DATAGRAMS);
  });
  expect(socket.sent.length).toBe(BATCH_DATAGRAMS + 1);
  expect(loop.soonCount).toBe(0);
});

test('only the first send of a batch carries a callback', () => {
  transport.toSendCount = 2 * BATCH_DATAGRAMS;
  driver.wake();
  loop.turn();
  loop.turn();
  const withCallback = socket.sent.flatMap(({ hasCallback }, index) =>
    hasCallback ? [index] : [],
  );
  expect(withCallback).toEqual([0, BATCH_DATAGRAMS]);
});

test('no buffer of the last two batches is filled again', () => {
  transport.toSendCount = 2 * BATCH_DATAGRAMS;
  driver.wake();
  loop.turn();
  loop.turn();
  expect(new Set(socket.sent.map(({ bytes }) => bytes.byteOffset)).size).toBe(2 * BATCH_DATAGRAMS);
});

test('the clock is read for each datagram: those before it in the turn took their time', () => {
  loop.turn(() => {
    loop.readCount = 0;
    socket.receive(32);
    expect(loop.readCount).toBe(32);
  });
});

test('within a batch the clock is read again every 16 sends', () => {
  transport.toSendCount = BATCH_DATAGRAMS;
  driver.wake();
  loop.readCount = 0;
  loop.turn();
  expect(transport.transmitTimesUs.length).toBe(BATCH_DATAGRAMS);
  // One for the timeout and the first sends, one for each further 16, one at the end of the drain.
  expect(loop.readCount).toBe(BATCH_DATAGRAMS / CLOCK_EVERY_SENDS + 1);
});

test('time never goes back over commands from handlers and between datagrams', () => {
  transport.events.push(news);
  onEvent = () => {
    loop.timeUs += 50;
    driver.command((nowUs) => {
      transport.see(nowUs);
    });
    loop.timeUs += 50;
    transport.see(loop.timeUs);
    transport.toSendCount = 1;
  };
  loop.turn(() => {
    socket.receive(1);
    loop.timeUs += 70;
    driver.command((nowUs) => {
      transport.see(nowUs);
    });
    socket.receive(1);
    loop.timeUs += 70;
    transport.see(loop.timeUs);
    driver.wake();
    socket.receive(1);
  });
  expect(transport.received.map(({ nowUs }) => nowUs)).toEqual([0, 70, 140]);
  expect(socket.sent.length).toBe(1);
});

test('what an event leads to is sent, also when the event came of the sends', () => {
  const poll = transport.pollTransmit.bind(transport);
  let isTold = false;
  transport.pollTransmit = (transmit, nowUs) => {
    const isFilled = poll(transmit, nowUs);
    if (!isFilled && !isTold) {
      isTold = true;
      transport.events.push(news);
    }
    return isFilled;
  };
  onEvent = () => (transport.toSendCount = 1);
  driver.wake();
  loop.turn();
  expect(socket.sent.length).toBe(0);
  loop.turn();
  expect(socket.sent.length).toBe(1);
  expect(loop.soonCount).toBe(0);
});

test('a timer is armed for the timeout, rounded up to milliseconds', () => {
  transport.timeoutAtUs = 7_300;
  driver.wake();
  loop.turn();
  expect(loop.delaysMs).toEqual([8]);
  loop.passMs(8);
  loop.turn();
  expect(transport.timeoutsAtUs).toEqual([8_000]);
  expect(loop.timerCount).toBe(0);
});

test('a timer is set anew when it must fire earlier, and stays when later will do', () => {
  transport.timeoutAtUs = 20_000;
  driver.wake();
  loop.turn();
  transport.timeoutAtUs = 50_000;
  driver.wake();
  loop.turn();
  expect(loop.delaysMs).toEqual([20]);
  transport.timeoutAtUs = 5_000;
  driver.wake();
  loop.turn();
  expect(loop.delaysMs).toEqual([20, 5]);
  expect(loop.timerCount).toBe(1);
});

test('a timer that fires too early declares nothing and is armed again', () => {
  transport.timeoutAtUs = 20_000;
  driver.wake();
  loop.turn();
  transport.timeoutAtUs = 50_000;
  loop.passMs(20);
  loop.turn();
  expect(transport.timeoutsAtUs).toEqual([]);
  expect(loop.delaysMs).toEqual([20, 30]);
});

test('a timer is taken back when no timeout is wanted any more', () => {
  transport.timeoutAtUs = 20_000;
  driver.wake();
  loop.turn();
  transport.timeoutAtUs = Infinity;
  driver.wake();
  loop.turn();
  expect(loop.timerCount).toBe(0);
});

test('a wait under a millisecond is one turn more after receiving, else the shortest timer', () => {
  transport.timeoutAtUs = 400;
  loop.turn(() => {
    socket.receive(1);
  });
  expect([loop.soonCount, loop.timerCount]).toEqual([1, 0]);
  loop.turn();
  expect([loop.soonCount, loop.timerCount]).toEqual([0, 1]);
  expect(loop.delaysMs).toEqual([1]);
});

test('a timeout that is overdue is declared only after a turn that did not fill', () => {
  transport.timeoutAtUs = 2_000;
  driver.wake();
  loop.turn();
  loop.passMs(300);
  for (let turn = 1; turn <= 3; turn++) {
    loop.turn(() => {
      socket.receive(FULL_TURN_DATAGRAMS);
    });
  }
  expect(transport.timeoutsAtUs).toEqual([]);
  loop.turn(() => {
    socket.receive(FULL_TURN_DATAGRAMS - 1);
  });
  expect(transport.timeoutsAtUs.length).toBe(1);
});

test('an ACK that waited in the socket while the loop was late prevents the timeout', () => {
  transport.timeoutAtUs = 2_000;
  driver.wake();
  loop.turn();
  const handle = transport.handleDatagram.bind(transport);
  transport.handleDatagram = (datagram, from, nowUs) => {
    handle(datagram, from, nowUs);
    transport.timeoutAtUs = Infinity;
  };
  // Something else holds the loop in this poll phase; the socket was looked at before.
  loop.turn(() => {
    loop.passMs(300);
    driver.wake();
  });
  expect(transport.timeoutsAtUs).toEqual([]);
  loop.turn(() => {
    socket.receive(1);
  });
  loop.turn();
  expect(transport.timeoutsAtUs).toEqual([]);
});

test('a flood delays a timeout by eight turns and no more', () => {
  transport.timeoutAtUs = 2_000;
  driver.wake();
  loop.turn();
  loop.passMs(3);
  const flood = (): void => {
    socket.receive(FULL_TURN_DATAGRAMS);
  };
  for (let turn = 1; turn <= MAX_DRAIN_TURNS; turn++) loop.turn(flood);
  expect(transport.timeoutsAtUs).toEqual([]);
  loop.turn(flood);
  expect(transport.timeoutsAtUs.length).toBe(1);
});

test('while libuv holds a pointer nothing leaves and its buffer is not touched', () => {
  socket.queueCountAfter = (sendCount) => (sendCount === 5 ? 1 : 0);
  transport.toSendCount = 20;
  driver.wake();
  loop.turn();
  expect(socket.sent.length).toBe(5);
  const held = socket.sent[4]!.bytes.slice();
  for (let turn = 1; turn <= 3; turn++) {
    loop.passMs(1);
    loop.turn(() => {
      socket.receive(1);
    });
  }
  expect(socket.sent.length).toBe(5);
  expect(socket.sent[4]!.bytes).toEqual(held);
  socket.queueCount = 0;
  loop.passMs(1);
  loop.turn();
  expect(socket.sent.length).toBe(20);
});

test('a blocked port is looked at again by a timer, never by spinning', () => {
  socket.queueCountAfter = () => 1;
  transport.toSendCount = 2;
  driver.wake();
  loop.turn();
  expect([loop.soonCount, loop.timerCount]).toEqual([0, 1]);
  loop.passMs(1);
  loop.turn();
  expect([loop.soonCount, loop.timerCount]).toEqual([0, 1]);
  expect(loop.delaysMs).toEqual([1, 1]);
});

test('drivers share their buffers, but for those that a blocked socket still sends from', async () => {
  const rings = new SendRings();
  const sockets = [new FakeSocket(), new FakeSocket(), new FakeSocket()];
  const start = async (socket: FakeSocket): Promise<FakeTransport> => {
    const transport = new FakeTransport();
    const driver = new TransportDriver({
      port: await fakePort(socket, loop),
      transport,
      maxDatagramBytes: 64,
      onEvent: () => undefined,
      nowUs: loop.nowUs,
      timers: loop,
      rings,
    });
    transport.toSendCount = 1;
    driver.wake();
    loop.turn();
    return transport;
  };
  const memory = (socket: FakeSocket): ArrayBufferLike => socket.sent[0]!.bytes.buffer;
  await start(sockets[0]!);
  sockets[1]!.queueCountAfter = () => 1;
  await start(sockets[1]!);
  await start(sockets[2]!);
  expect(memory(sockets[1]!)).toBe(memory(sockets[0]!));
  expect(memory(sockets[2]!)).not.toBe(memory(sockets[0]!));
  expect(rings.idleCount).toBe(1);
  sockets[1]!.queueCount = 0;
  loop.passMs(1);
  loop.turn();
  expect(rings.idleCount).toBe(2);
});

test('a blocked port goes on receiving and declaring timeouts', () => {
  socket.queueCountAfter = () => 1;
  transport.toSendCount = 2;
  transport.timeoutAtUs = 3_000;
  driver.wake();
  loop.turn();
  loop.passMs(4);
  loop.turn(() => {
    socket.receive(1);
  });
  expect(transport.received.length).toBe(1);
  expect(transport.timeoutsAtUs.length).toBe(1);
});

test('after close nothing is sent, received, armed or scheduled', async () => {
  transport.timeoutAtUs = 20_000;
  transport.toSendCount = 3;
  driver.wake();
  loop.turn();
  transport.toSendCount = 3;
  await driver.close();
  driver.wake();
  loop.turn(() => {
    socket.receive(1);
  });
  expect([socket.sent.length, transport.received.length]).toEqual([3, 0]);
  expect([loop.soonCount, loop.timerCount]).toEqual([0, 0]);
  expect(socket.isClosed).toBe(true);
});

test('what came in the turn in which the driver is closed is told, and nothing is done about it', async () => {
  const told: TransportEvent[] = [];
  onEvent = (event) => {
    told.push(event);
    driver.wake();
  };
  let closing: Promise<void> | undefined;
  loop.turn(() => {
    socket.receive(1);
    // The last connection's end, say: its user waits for that to let go of the disk.
    transport.events.push(news);
    closing = driver.close();
  });
  await closing;
  expect(told).toEqual([news]);
  expect([loop.soonCount, loop.timerCount, turnCount]).toEqual([0, 0, 0]);
});

test('a handler that closes the driver leaves no timer behind', async () => {
  transport.events.push(news);
  transport.timeoutAtUs = 20_000;
  let closed: Promise<void> | undefined;
  onEvent = () => {
    closed = driver.close();
  };
  driver.wake();
  loop.turn();
  await closed;
  expect([loop.soonCount, loop.timerCount]).toEqual([0, 0]);
});
