import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { readTicket, TransferError } from '../../../../src/transfer/index.ts';
import type { EngineOptions } from '../../../../src/transfer/io/engine-endpoint.ts';
import { PROGRESS_INTERVAL_MS } from '../../../../src/transfer/io/engine/engine-host.ts';
import {
  MAX_THREAD_CLOSE_MS,
  ThreadedEndpoint,
} from '../../../../src/transfer/io/engine/threaded-endpoint.ts';
import type {
  EndpointOptions,
  SendRequest,
} from '../../../../src/transfer/io/transfer-endpoint.ts';
import { FakeEndpoint, type FakeTransfer } from '../../../chat/fake-endpoint.ts';
import { FakeThread, settle } from './engine-thread-fakes.ts';
import { FakeLoop } from '../udp/udp-fakes.ts';

const request: SendRequest = {
  introduction: { keyId: '00112233445566ff', secret: '00'.repeat(32), peerKey: '00'.repeat(32) },
  addresses: [{ address: '127.0.0.1', port: 7000 }],
  paths: ['/tmp/movie.mp4'],
  peer: 'jess',
};

let loop: FakeLoop;
let thread: FakeThread;
/** Where the engine's endpoint would be. */
let engine: FakeEndpoint;

beforeEach(() => {
  loop = new FakeLoop();
  thread = startThread(loop);
});

function startThread(timers: FakeLoop): FakeThread {
  return new FakeThread((options) => {
    engine = new FakeEndpoint(options);
    return Promise.resolve(engine);
  }, timers);
}

async function open(options: EndpointOptions = {}): Promise<ThreadedEndpoint> {
  const opened = ThreadedEndpoint.create(options, thread, loop);
  await thread.read();
  return opened;
}

function advance(transfer: FakeTransfer, transferredBytes: number): void {
  transfer.progress = { ...transfer.progress, transferredBytes };
}

/** The transfers of the engine are looked at once more. */
function look(): void {
  loop.passMs(PROGRESS_INTERVAL_MS);
  loop.turn();
}

test('an endpoint opens with the options that can cross, and says where it is bound', async () => {
  const endpoint = await open({ port: 6000, inbox: '/inbox', congestion: 'cubic' });
  expect(engine.options).toEqual({ port: 6000, inbox: '/inbox', congestion: 'cubic' });
  expect(endpoint.address).toEqual({ address: '127.0.0.1', port: 6000 });
});

test('a trace that cannot be written any further is told as an event, by an endpoint that has one', async () => {
  const endpoint = await open({ trace: '/trace' });
  const failures: TransferError[] = [];
  endpoint.on('traceFailed', (error) => failures.push(error));
  (engine.options as EngineOptions).onTraceFailed!(
    new TransferError('local-file', 'no space left'),
  );
  await thread.read();
  expect(failures).toEqual([new TransferError('local-file', 'no space left')]);
});

test('an endpoint that cannot be opened rejects with the same code, text and cause', async () => {
  const cause = Object.assign(new Error('it is already in use'), { code: 'EADDRINUSE' });
  const refusing = new FakeThread(
    () => Promise.reject(new TransferError('internal', 'cannot use UDP port 6000', { cause })),
    loop,
  );
  const opened = ThreadedEndpoint.create({}, refusing, loop);
  const failure = opened.catch((error: unknown) => error);
  await refusing.read();
  expect(await failure).toBeInstanceOf(TransferError);
  expect(await failure).toMatchObject({
    code: 'internal',
    message: 'cannot use UDP port 6000',
    cause: { message: 'it is already in use', code: 'EADDRINUSE' },
  });
});

test('an option that cannot cross leaves no thread behind', async () => {
  const options = { onEverything: () => undefined } as EndpointOptions;
  await expect(ThreadedEndpoint.create(options, thread, loop)).rejects.toThrow(
    'could not be cloned',
  );
  expect(thread.isTerminated).toBe(true);
});

test('a send goes to the engine and resolves with its result', async () => {
  const endpoint = await open();
  const transfer = endpoint.send(request);
  expect(transfer).toMatchObject({ id: 1, direction: 'send', peer: 'jess', name: 'movie.mp4' });
  expect(transfer.state).toBe('waiting');
  expect(engine.sent[0]!.request).toEqual({ ...request, isTicket: false });
  expect(endpoint.transfers).toEqual([transfer]);
  advance(engine.sent[0]!.transfer, 99);
  engine.sent[0]!.transfer.finish(99, 5);
  await thread.read();
  expect(await transfer.done).toMatchObject({ totalBytes: 99, elapsedMs: 5 });
  expect(transfer.state).toBe('done');
  expect(transfer.progress.transferredBytes).toBe(99);
  expect(endpoint.transfers).toEqual([]);
});

test('a failure comes back as a TransferError with its code and text', async () => {
  const endpoint = await open();
  const transfer = endpoint.send(request);
  engine.sent[0]!.transfer.fail('refused', 'over --max-size');
  await thread.read();
  const failure = await transfer.done.catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(TransferError);
  expect(failure).toMatchObject({ code: 'refused', message: 'over --max-size' });
  expect(transfer.state).toBe('failed');
});

test('cancelling reaches the engine; after the end it says nothing', async () => {
  const endpoint = await open();
  const transfer = endpoint.send(request);
  transfer.cancel();
  await thread.read();
  await expect(transfer.done).rejects.toMatchObject({ code: 'cancelled' });
  const saidCount = thread.said.length;
  transfer.cancel();
  expect(thread.said.length).toBe(saidCount);
});

test('an incoming transfer is told with what is known of it, and can be cancelled', async () => {
  const endpoint = await open();
  const received: unknown[] = [];
  endpoint.on('transfer', (transfer) => received.push(transfer));
  endpoint.expect(request.introduction, 'derek');
  expect(engine.expected).toMatchObject([{ introduction: request.introduction, from: 'derek' }]);
  engine.receive('derek', 'a.txt', 50);
  await thread.read();
  expect(received).toEqual(endpoint.transfers);
  const [transfer] = endpoint.transfers;
  expect(transfer).toMatchObject({ id: 1, direction: 'receive', peer: 'derek', name: 'a.txt' });
  expect(transfer!.state).toBe('running');
  expect(transfer!.progress.totalBytes).toBe(50);
  transfer!.cancel();
  await thread.read();
  await expect(transfer!.done).rejects.toMatchObject({ code: 'cancelled' });
});

const offered = {
  from: 'derek',
  name: 'a.txt',
  sizeBytes: 1,
  kind: 'file',
  isAlone: true,
  offeredBytes: 1,
  signal: new AbortController().signal,
} as const;

test('the caller answers offers in its own thread', async () => {
  await open({ onOffer: ({ from, name }) => Promise.resolve({ storedName: `${from}_${name}` }) });
  const answer = engine.options.onOffer!(offered);
  await thread.read();
  expect(await answer).toEqual({ storedName: 'derek_a.txt' });
});

test('a caller that says nothing of an offer, or refuses it, is understood', async () => {
  await open({
    onOffer: ({ name }) => (name === 'a.txt' ? undefined : { refuse: 'not that one' }),
  });
  const answers = [offered, { ...offered, name: 'b' }].map((offer) =>
    Promise.resolve(engine.options.onOffer!(offer)),
  );
  await thread.read();
  expect(await Promise.all(answers)).toEqual([{}, { refuse: 'not that one' }]);
});

test('a caller hears that nobody waits for its answer any more, also when the thread has ended', async () => {
  const aborted: string[] = [];
  await open({
    onOffer: ({ name, signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted.push(name);
          resolve({ refuse: 'too late' });
        });
      }),
  });
  const withdrawal = new AbortController();
  const answer = engine.options.onOffer!({ ...offered, signal: withdrawal.signal });
  void engine.options.onOffer!({ ...offered, name: 'b' });
  await thread.read();
  expect(aborted).toEqual([]);
  withdrawal.abort();
  await thread.read();
  expect(await answer).toEqual({ refuse: 'too late' });
  expect(aborted).toEqual(['a.txt']);
  thread.end(new Error('out of memory'));
  expect(aborted).toEqual(['a.txt', 'b']);
});

test('a caller that fails at an offer fails that offer only', async () => {
  await open({
    onOffer: ({ name }) => {
      if (name === 'bad') throw new Error('no name for it');
      return { storedName: name };
    },
  });
  const answers = ['bad', 'good'].map((name) =>
    Promise.resolve(engine.options.onOffer!({ ...offered, name })),
  );
  const settled = Promise.allSettled(answers);
  await thread.read();
  expect(await settled).toMatchObject([
    { status: 'rejected', reason: { message: 'Error: no name for it' } },
    { status: 'fulfilled', value: { storedName: 'good' } },
  ]);
});

test('a caller that reads nothing has one unread progress, however long transfers run', async () => {
  const endpoint = await open();
  const transfers = [endpoint.send(request), endpoint.send(request)];
  for (let round = 1; round <= 50; round++) {
    for (const { transfer } of engine.sent) advance(transfer, round);
    look();
  }
  expect(thread.unread.map(({ type }) => type)).toEqual(['progress']);
  await thread.read();
  expect(transfers.map(({ progress }) => progress.transferredBytes)).toEqual([1, 1]);
  look();
  await thread.read();
  expect(transfers.map(({ progress }) => progress.transferredBytes)).toEqual([50, 50]);
});

test('what has not changed is not told again, and without transfers nothing ticks', async () => {
  const endpoint = await open();
  expect(loop.timerCount).toBe(0);
  endpoint.send(request);
  look();
  await thread.read();
  look();
  expect(thread.unread).toEqual([]);
  engine.sent[0]!.transfer.finish(1, 1);
  await thread.read();
  look();
  expect(loop.timerCount).toBe(0);
});

test('whatever the caller reads when, one progress waits at most and the last word is right', async () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('go' as const), bytes: fc.nat(100), which: fc.nat(2) }),
    fc.constantFrom({ type: 'look' as const }, { type: 'read' as const }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      loop = new FakeLoop();
      thread = startThread(loop);
      const endpoint = await open();
      const transfers = [1, 2, 3].map(() => endpoint.send(request));
      for (const next of steps) {
        if (next.type === 'go') advance(engine.sent[next.which]!.transfer, next.bytes);
        else if (next.type === 'look') look();
        else await thread.read();
        expect(thread.unread.length).toBeLessThanOrEqual(1);
      }
      await thread.read();
      look();
      await thread.read();
      expect(transfers.map(({ progress }) => progress)).toEqual(
        engine.sent.map(({ transfer }) => transfer.progress),
      );
    }),
  );
});

test('when the thread dies, all that runs fails with one error and nothing hangs', async () => {
  const endpoint = await open();
  const transfers = [endpoint.send(request), endpoint.send(request)];
  thread.end(new Error('an assertion failed'));
  const failures = await Promise.all(
    transfers.map(({ done }) => done.catch((error: unknown) => error)),
  );
  expect(failures[0]).toBeInstanceOf(TransferError);
  expect(failures[0]).toMatchObject({
    code: 'internal',
    message: 'the thread of the engine has ended: an assertion failed',
  });
  expect(failures[1]).toBe(failures[0]);
  expect(endpoint.transfers).toEqual([]);
  const late = endpoint.send(request);
  await expect(late.done).rejects.toBe(failures[0]);
  expect([late.state, endpoint.transfers]).toEqual(['failed', []]);
  endpoint.expect(request.introduction, 'derek');
  await endpoint.close();
});

test('a stream that is named for an offer when the thread has died is destroyed', async () => {
  const into = new PassThrough();
  let answer: () => void = () => undefined;
  await open({
    onOffer: async () => {
      await new Promise<void>((resolve) => (answer = resolve));
      return { into };
    },
  });
  void engine.options.onOffer!(offered);
  await thread.read();
  thread.end(new Error('an assertion failed'));
  answer();
  await settle();
  expect(into.destroyed).toBe(true);
});

test('a thread that dies while it opens is an error too', async () => {
  const opened = ThreadedEndpoint.create({}, thread, loop);
  thread.end(new Error('no such file'));
  await expect(opened).rejects.toMatchObject({
    code: 'internal',
    message: 'the thread of the engine has ended: no such file',
  });
});

test('closing waits for the transfers to end, then for the thread', async () => {
  const endpoint = await open();
  const transfer = endpoint.send(request);
  let isClosed = false;
  const closed = endpoint.close().then(() => (isClosed = true));
  await thread.read();
  expect(engine.isClosed).toBe(true);
  // The disk has not let go of it.
  expect(isClosed).toBe(false);
  engine.sent[0]!.transfer.fail('cancelled', 'cancelled by the sender');
  await thread.read();
  await closed;
  await expect(transfer.done).rejects.toMatchObject({ code: 'cancelled' });
  expect(thread.isTerminated).toBe(false);
  expect(loop.timerCount).toBe(0);
});

test('closing twice closes once', async () => {
  const endpoint = await open();
  const both = Promise.all([endpoint.close(), endpoint.close()]);
  await thread.read();
  await both;
  expect(thread.said.filter(({ type }) => type === 'close').length).toBe(1);
});

test('a thread that does not end when asked is ended, and what ran has failed', async () => {
  const endpoint = await open();
  const transfer = endpoint.send(request);
  thread.isDeaf = true;
  const closed = endpoint.close();
  loop.passMs(MAX_THREAD_CLOSE_MS - 1);
  loop.turn();
  await settle();
  expect(thread.isTerminated).toBe(false);
  loop.passMs(1);
  loop.turn();
  await closed;
  expect(thread.isTerminated).toBe(true);
  await expect(transfer.done).rejects.toMatchObject({
    code: 'cancelled',
    message: 'the endpoint is closed',
  });
});

test('what is sent after closing fails', async () => {
  const endpoint = await open();
  const closed = endpoint.close();
  await thread.read();
  await closed;
  await expect(endpoint.send(request).done).rejects.toMatchObject({ code: 'cancelled' });
});

test('a ticket is made here, and the engine lets in who has its secret', async () => {
  const endpoint = await open();
  const secret = new Uint8Array(32).fill(9);
  const text = endpoint.ticket({ secret, addresses: ['10.0.0.7'] });
  expect(readTicket(text)).toEqual({
    addresses: [{ address: '10.0.0.7', port: 6000 }],
    receiverKey: engine.publicKey,
  });
  await thread.read();
  expect(engine.tickets).toEqual([{ secret }]);
});

test('what is sent with a ticket crosses as an introduction; one with a typo throws', async () => {
  const endpoint = await open();
  const ticket = endpoint.ticket({ addresses: ['10.0.0.7', 'fd00::7'] });
  const transfer = endpoint.send({ ticket, paths: ['/tmp/movie.mp4'] });
  expect(transfer.peer).toBe('10.0.0.7:6000');
  await thread.read();
  expect(engine.sent[0]!.request).toMatchObject({
    introduction: { peerKey: engine.publicKey },
    addresses: [
      { address: '10.0.0.7', port: 6000 },
      { address: 'fd00::7', port: 6000 },
    ],
  });
  const typo = `${ticket.slice(0, -1)}${ticket.endsWith('A') ? 'B' : 'A'}`;
  expect(() => endpoint.send({ ticket: typo, paths: ['/tmp/movie.mp4'] })).toThrow(TypeError);
});

test('the 17th ticket of an endpoint is refused; the same secret gives the same one again', async () => {
  const endpoint = await open();
  const secret = new Uint8Array(32);
  const first = endpoint.ticket({ secret });
  for (let count = 1; count < 16; count++) endpoint.ticket();
  expect(() => endpoint.ticket()).toThrow('at most 16 tickets');
  expect(endpoint.ticket({ secret })).toBe(first);
});
