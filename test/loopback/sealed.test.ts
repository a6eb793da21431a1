import dgram from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createEndpoint,
  type EndpointOptions,
  type Introduction,
  type TransferEndpoint,
} from '../../src/transfer/index.ts';

let folder: string;
let inbox: string;
let path: string;
const content = randomBytes(2_000_000);
const endpoints: TransferEndpoint[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'updraft-'));
  inbox = join(folder, 'inbox');
  mkdirSync(inbox);
  path = join(folder, 'plans.pdf');
  writeFileSync(path, content);
});

afterEach(async () => {
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
  rmSync(folder, { recursive: true });
});

async function opened(options: EndpointOptions = {}): Promise<TransferEndpoint> {
  const endpoint = await createEndpoint(options);
  endpoints.push(endpoint);
  return endpoint;
}

function introductionOf({ publicKey }: TransferEndpoint, secret = '5a'.repeat(32)): Introduction {
  return { keyId: '0123456789abcdef', secret, peerKey: publicKey };
}

/** Sockets that keep what they send. */
function overheard(sent: Uint8Array[]): NonNullable<EndpointOptions['createSocket']> {
  return (options) => {
    const socket = dgram.createSocket(options);
    const send = socket.send.bind(socket) as (...args: unknown[]) => void;
    socket.send = ((message: Uint8Array, offset: unknown, length: unknown, ...rest: unknown[]) => {
      const part = typeof offset === 'number' && typeof length === 'number';
      sent.push(Uint8Array.from(part ? message.subarray(offset, offset + length) : message));
      send(message, offset, length, ...rest);
    }) as typeof socket.send;
    return socket;
  };
}

test('whoever listens reads neither the file nor its name', async () => {
  const sent: Uint8Array[] = [];
  const createSocket = overheard(sent);
  const [sender, receiver] = [
    await opened({ createSocket }),
    await opened({ inbox, createSocket }),
  ];
  receiver.expect(introductionOf(sender), 'derek');
  const addresses = [receiver.address];
  await sender.send({
    introduction: introductionOf(receiver),
    addresses,
    paths: [path],
    peer: 'jess',
  }).done;
  expect(readFileSync(join(inbox, 'plans.pdf')).equals(content)).toBe(true);
  const wire = Buffer.concat(sent);
  expect(wire.length).toBeGreaterThan(content.length);
  expect(wire.includes('plans')).toBe(false);
  for (let at = 0; at < content.length - 8; at += 20_000) {
    expect(wire.includes(content.subarray(at, at + 8)), `byte ${at}`).toBe(false);
  }
});

test.each<[string, (sender: TransferEndpoint, receiver: TransferEndpoint) => Introduction]>([
  ['another secret', (_, receiver) => introductionOf(receiver, '5b'.repeat(32))],
  ['the key of somebody else', (sender) => introductionOf(sender)],
])('a sender with %s gets no answer', async (_, introductionFor) => {
  const [sender, receiver] = [await opened({ openTimeoutMs: 1_000 }), await opened({ inbox })];
  receiver.expect(introductionOf(sender), 'derek');
  const introduction = introductionFor(sender, receiver);
  const sent = sender.send({
    introduction,
    addresses: [receiver.address],
    paths: [path],
    peer: 'jess',
  });
  await expect(sent.done).rejects.toMatchObject({ code: 'unanswered' });
  expect(receiver.transfers).toEqual([]);
});

test('a receiver that expects somebody else gives no answer', async () => {
  const [sender, receiver] = [await opened({ openTimeoutMs: 1_000 }), await opened({ inbox })];
  receiver.expect(introductionOf(receiver), 'derek');
  const introduction = introductionOf(receiver);
  const sent = sender.send({
    introduction,
    addresses: [receiver.address],
    paths: [path],
    peer: 'jess',
  });
  await expect(sent.done).rejects.toMatchObject({ code: 'unanswered' });
});

test('an introduction that is none fails the transfer, and the endpoint goes on', async () => {
  const [sender, receiver] = [await opened(), await opened({ inbox })];
  const wrong = { ...introductionOf(receiver), peerKey: '00'.repeat(32) };
  const addresses = [receiver.address];
  const failed = sender.send({ introduction: wrong, addresses, paths: [path], peer: 'jess' });
  await expect(failed.done).rejects.toMatchObject({ code: 'protocol' });
  receiver.expect(wrong, 'derek');
  receiver.expect(introductionOf(sender), 'derek');
  await sender.send({
    introduction: introductionOf(receiver),
    addresses,
    paths: [path],
    peer: 'jess',
  }).done;
});

test('an endpoint with a private key of its caller has the public key that belongs to it', async () => {
  // A pair of cacophony's published vectors (test/transfer/secure/noise).
  const privateKey = Buffer.from(
    '4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893',
    'hex',
  );
  const { publicKey } = await opened({ privateKey });
  expect(publicKey).toBe('31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62');
  expect((await opened()).publicKey).not.toBe((await opened()).publicKey);
});
