import { beforeEach, expect, test } from 'vitest';
import {
  type MessageRequest,
  TransferError,
  type TransferEndpoint,
} from '../../../../src/transfer/index.ts';
import { ThreadedEndpoint } from '../../../../src/transfer/io/engine/threaded-endpoint.ts';
import { FakeEndpoint } from '../../../chat/fake-endpoint.ts';
import { FakeThread } from './engine-thread-fakes.ts';
import { FakeLoop } from '../udp/udp-fakes.ts';

const request: MessageRequest = {
  introduction: { keyId: '00112233445566ff', secret: '00'.repeat(32), peerKey: '00'.repeat(32) },
  addresses: [{ address: '127.0.0.1', port: 7000 }],
  text: 'hello',
};

let thread: FakeThread;
/** Where the engine's endpoint would be. */
let engine: FakeEndpoint;
let endpoint: TransferEndpoint;

beforeEach(async () => {
  const loop = new FakeLoop();
  thread = new FakeThread((options) => {
    engine = new FakeEndpoint(options);
    return Promise.resolve(engine);
  }, loop);
  const opened = ThreadedEndpoint.create({}, thread, loop);
  await thread.read();
  endpoint = await opened;
});

test('a message crosses to the engine and its delivery crosses back', async () => {
  const message = endpoint.sendMessage(request);
  expect(engine.sentMessages.map((sent) => sent.request)).toEqual([request]);
  engine.sentMessages[0]!.deliver();
  await thread.read();
  await expect(message.done).resolves.toBeUndefined();
});

test('why a message was not delivered crosses with its code', async () => {
  const message = endpoint.sendMessage(request);
  engine.sentMessages[0]!.fail('unanswered', 'no answer from the peer');
  await thread.read();
  await expect(message.done).rejects.toMatchObject({
    code: 'unanswered',
    message: 'no answer from the peer',
  });
});

test('a cancelled message is cancelled in the engine, and only while it is there', async () => {
  const message = endpoint.sendMessage(request);
  message.cancel();
  await thread.read();
  await expect(message.done).rejects.toMatchObject({ code: 'cancelled' });
  const saidCount = thread.said.length;
  message.cancel();
  expect(thread.said.length).toBe(saidCount);
});

test('the engine hears that a message was shown only after the caller has shown it', async () => {
  let hasShown: () => void = () => undefined;
  const seen: unknown[] = [];
  endpoint.onMessage((message) => {
    seen.push(message);
    return new Promise((resolve) => (hasShown = resolve));
  });
  let isTold = false;
  const shown = Promise.resolve(engine.show({ from: 'derek', text: 'hello' }));
  void shown.then(() => (isTold = true));
  await thread.read();
  expect(seen).toEqual([{ from: 'derek', text: 'hello' }]);
  expect(isTold).toBe(false);
  hasShown();
  await thread.read();
  expect(isTold).toBe(true);
});

test('a message that nobody shows is refused', async () => {
  const shown = Promise.resolve(engine.show({ from: 'derek', text: 'hello' }));
  const refused = expect(shown).rejects.toMatchObject({ code: 'refused' });
  await thread.read();
  await refused;
});

test('what the caller says against a message crosses', async () => {
  endpoint.onMessage(() => {
    throw new TransferError('refused', 'not now');
  });
  const shown = Promise.resolve(engine.show({ from: 'derek', text: 'hello' }));
  const refused = expect(shown).rejects.toMatchObject({ code: 'refused', message: 'not now' });
  await thread.read();
  await refused;
});

test('messages fail when the thread ends, those on their way and later ones', async () => {
  const message = endpoint.sendMessage(request);
  thread.end(new Error('out of memory'));
  await expect(message.done).rejects.toMatchObject({ code: 'internal' });
  await expect(endpoint.sendMessage(request).done).rejects.toMatchObject({ code: 'internal' });
});

test('an introduction for a message is expected for one', () => {
  endpoint.expect(request.introduction, 'derek', 'message');
  endpoint.expect(request.introduction, 'derek');
  expect(engine.expected.map(({ purpose }) => purpose)).toEqual(['message', 'files']);
});

test('notes of an opening cross back, and are empty when the engine ends before', async () => {
  const notes = { isAnswered: false, sent: { sinceMs: 4_000, openCount: 5, scoutCount: 3 } };
  engine.notes.set('00112233445566ff', notes);
  const asked = endpoint.openingNotes('00112233445566ff');
  await thread.read();
  expect(await asked).toEqual(notes);
  thread.isDeaf = true;
  const lost = endpoint.openingNotes('00112233445566ff');
  thread.end(new Error('out of memory'));
  expect(await lost).toEqual({ isAnswered: false });
  expect(await endpoint.openingNotes('00112233445566ff')).toEqual({ isAnswered: false });
});
