import { expect, test } from 'vitest';
import { Introducer, MAX_EARLY_DECLINES } from '../../src/chat/introducer.ts';
import { MAX_WAITING_MESSAGES, PrivateMessages } from '../../src/chat/private-messages.ts';
import { enterClient } from './client-fixture.ts';
import { noComparer } from './no-comparer.ts';
import { FakeEndpoint } from './fake-endpoint.ts';
import { startFixture } from './server-fixture.ts';

interface Setup {
  readonly messages: PrivateMessages;
  readonly introducer: Introducer;
  readonly endpoint: FakeEndpoint;
  readonly printed: string[];
}

/** Messages over a server that introduces everybody. */
function setup(): Setup {
  const endpoint = new FakeEndpoint({});
  const printed: string[] = [];
  let count = 0;
  const request = (): Promise<never> => {
    const keyId = (++count).toString(16).padStart(16, '0');
    const key = { keyId, secret: '00'.repeat(32), peerKey: '00'.repeat(32) };
    const body = { request: 1, to: 'x', key, addresses: [{ address: '127.0.0.1', port: 1 }] };
    return Promise.resolve([{ type: 'introduced', body }] as never);
  };
  const trust = { judge: () => Promise.resolve({ isTrusted: true } as const) };
  const introducer = new Introducer({ link: { request }, trust, warn: () => undefined });
  const print = (line: string): void => void printed.push(line);
  const messages = new PrivateMessages({
    self: 'jess',
    introducer,
    comparer: noComparer,
    endpoint,
    giveUpMs: 5_000,
    print,
    warn: print,
  });
  return { messages, introducer, endpoint, printed };
}

test('delivered is said when the other side has shown the message, and the prompt is free meanwhile', async () => {
  const { server } = await startFixture();
  const jess = await enterClient(server.port, 'jess');
  const derek = await enterClient(server.port, 'derek');
  derek.console.type('DM jess hello; you');
  const [message] = await derek.endpoint().messages(1);
  const [expected] = await jess.endpoint().expectations(1);
  expect(expected).toMatchObject({ from: 'derek', purpose: 'message' });
  expect(message!.request).toEqual({
    introduction: { ...expected!.introduction, peerKey: jess.endpoint().publicKey },
    addresses: [{ address: '127.0.0.1', port: 6000 }],
    text: 'hello; you',
  });
  derek.console.type('ATU');
  expect(await derek.console.shown('jess, ')).toHaveLength(1);
  message!.deliver();
  expect(await derek.console.shown('Message')).toEqual(['Message delivered to jess.']);
});

test('a message that comes is shown on one line, with what it hides made visible', async () => {
  const { server } = await startFixture();
  const { console, endpoint } = await enterClient(server.port, 'jess');
  await endpoint().show({ from: 'derek', text: 'hi\u001b[2J\n\u202ederek: "no"' });
  expect(await console.shown('private')).toEqual([
    'derek (private): "hi\u241b[2J\u240a<U+202E>derek: "no""',
  ]);
});

test.each([
  ['steve', 'not online; ATU lists who is'],
  ['jess', 'that is you'],
])('a message to %s is not delivered, and one line says why', async (user, reason) => {
  const { server } = await startFixture();
  const { console, endpoint } = await enterClient(server.port, 'jess');
  console.type(`DM ${user} hello`);
  expect(await console.shown('Message')).toEqual([
    `Message to ${user} could not be delivered: ${reason}.`,
  ]);
  expect(endpoint().sentMessages).toEqual([]);
});

test('a message that fails on its way says why', async () => {
  const { messages, endpoint, printed } = setup();
  messages.send('derek', 'hello');
  (await endpoint.messages(1))[0]!.fail('lost', 'the peer vanished');
  await messages.idle();
  expect(printed).toEqual(['Message to derek could not be delivered: derek vanished 5.0 s ago.']);
});

test('messages to one user keep their order, and those to another do not wait for them', async () => {
  const { messages, endpoint, printed } = setup();
  messages.send('derek', 'one');
  messages.send('derek', 'two');
  messages.send('steve', 'three');
  const texts = (): string[] => endpoint.sentMessages.map(({ request }) => request.text);
  await endpoint.messages(2);
  expect(texts()).toEqual(['one', 'three']);
  endpoint.sentMessages[0]!.deliver();
  (await endpoint.messages(3))[2]!.deliver();
  endpoint.sentMessages[1]!.deliver();
  await messages.idle();
  expect(texts()).toEqual(['one', 'three', 'two']);
  expect(printed).toHaveLength(3);
  expect(messages.count).toBe(0);
});

test('the message after the last that may wait is refused', async () => {
  const { messages, endpoint, printed } = setup();
  for (let count = 0; count <= MAX_WAITING_MESSAGES; count++) messages.send('derek', 'hello');
  expect(printed).toEqual([
    'Message to derek could not be delivered: 50 messages are on their way already.',
  ]);
  await endpoint.messages(1);
  messages.abort();
  await messages.idle();
  expect(printed).toHaveLength(1 + MAX_WAITING_MESSAGES);
});

test('what is on its way and what waits is cancelled when all is aborted', async () => {
  const { messages, endpoint, printed } = setup();
  messages.send('derek', 'one');
  messages.send('derek', 'two');
  await endpoint.messages(1);
  messages.abort();
  await messages.idle();
  const line = 'Message to derek could not be delivered: cancelled.';
  expect(printed).toEqual([line, line]);
  expect(endpoint.sentMessages).toHaveLength(1);
});

test('a refusal that overtakes the answer counts, and only so many are remembered', async () => {
  const { messages, introducer, printed } = setup();
  introducer.handleDeclined('1'.padStart(16, '0'));
  messages.send('derek', 'hello');
  await messages.idle();
  expect(printed).toHaveLength(1);
  expect(printed[0]).toContain('ask derek to type TRUST jess.');
  introducer.handleDeclined('first');
  for (let count = 0; count < MAX_EARLY_DECLINES; count++) introducer.handleDeclined(`k${count}`);
  let declinedCount = 0;
  const onDeclined = (): void => {
    declinedCount++;
  };
  introducer.watch('first', onDeclined);
  expect(declinedCount).toBe(0);
  introducer.watch('k0', onDeclined);
  expect(declinedCount).toBe(1);
});

test('OUT waits for a message that is on its way', async () => {
  const { server } = await startFixture();
  await enterClient(server.port, 'jess');
  const { console, endpoint, exit } = await enterClient(server.port, 'derek');
  console.type('DM jess hello', 'OUT');
  const [message] = await endpoint().messages(1);
  expect(endpoint().isClosed).toBe(false);
  message!.deliver();
  expect(await console.shown('Bye')).toEqual(['Message delivered to jess.', 'Bye, derek!']);
  expect(await exit).toBe(0);
});
