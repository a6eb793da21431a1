import dgram from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import {
  createEndpoint,
  type EndpointOptions,
  type Introduction,
  type TransferEndpoint,
  TransferError,
} from '../../src/transfer/index.ts';

const endpoints: TransferEndpoint[] = [];

afterEach(async () => {
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
});

async function opened(options: EndpointOptions = {}): Promise<TransferEndpoint> {
  const endpoint = await createEndpoint(options);
  endpoints.push(endpoint);
  return endpoint;
}

function introductionOf({ publicKey }: TransferEndpoint): Introduction {
  return { keyId: '0123456789abcdef', secret: '5a'.repeat(32), peerKey: publicKey };
}

/** From one endpoint to another that expects it for a message. */
function sent(sender: TransferEndpoint, receiver: TransferEndpoint, text: string): Promise<void> {
  receiver.expect(introductionOf(sender), 'derek', 'message');
  const introduction = introductionOf(receiver);
  return sender.sendMessage({ introduction, addresses: [receiver.address], text }).done;
}

test.each<[string, EndpointOptions]>([
  ['threads of their own', {}],
  ["the caller's thread", { createSocket: (options) => dgram.createSocket(options) }],
])('a direct message arrives between endpoints on %s', async (_, options) => {
  const [sender, receiver] = [await opened(options), await opened(options)];
  const shown: unknown[] = [];
  receiver.onMessage((message) => {
    shown.push(message);
  });
  await sent(sender, receiver, 'the film is on its way');
  expect(shown).toEqual([{ from: 'derek', text: 'the film is on its way' }]);
});

test('a receiver that shows nothing says why to the sender', async () => {
  const [sender, receiver] = [await opened(), await opened()];
  receiver.onMessage(() => {
    throw new TransferError('refused', 'jess has left the room');
  });
  await expect(sent(sender, receiver, 'hello')).rejects.toMatchObject({
    code: 'refused',
    message: 'jess has left the room',
  });
});

test('a file under an introduction for a message is refused, and the endpoint goes on', async () => {
  const [sender, receiver] = [await opened(), await opened()];
  receiver.onMessage(() => undefined);
  receiver.expect(introductionOf(sender), 'derek', 'message');
  const introduction = introductionOf(receiver);
  const file = sender.send({
    introduction,
    addresses: [receiver.address],
    paths: [import.meta.filename],
    peer: 'jess',
  });
  await expect(file.done).rejects.toMatchObject({ code: 'protocol' });
  receiver.expect({ ...introductionOf(sender), keyId: 'fedcba9876543210' }, 'derek', 'message');
  await sender.sendMessage({
    introduction: { ...introduction, keyId: 'fedcba9876543210' },
    addresses: [receiver.address],
    text: 'still there',
  }).done;
});

test('an introduction that is none fails the message', async () => {
  const sender = await opened();
  const introduction = { ...introductionOf(sender), peerKey: '00'.repeat(32) };
  const message = sender.sendMessage({ introduction, addresses: [sender.address], text: 'hello' });
  await expect(message.done).rejects.toMatchObject({ code: 'protocol' });
});

test('closing the sender ends a message that nobody answers', async () => {
  const [sender, silent] = [await opened(), await opened()];
  const introduction = introductionOf(silent);
  const message = sender.sendMessage({ introduction, addresses: [silent.address], text: 'hello' });
  const cancelled = expect(message.done).rejects.toMatchObject({ code: 'cancelled' });
  await sender.close();
  await cancelled;
});
