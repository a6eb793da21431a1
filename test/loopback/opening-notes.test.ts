import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  createEndpoint,
  type EndpointOptions,
  type TransferEndpoint,
} from '../../src/transfer/index.ts';

const KEY_ID = '0123456789abcdef';

async function opened(options: EndpointOptions = {}): Promise<TransferEndpoint> {
  // In this thread: starting one of its own takes longer than all the rest.
  const createSocket = (asked: dgram.SocketOptions): dgram.Socket => dgram.createSocket(asked);
  const endpoint = await createEndpoint({ ...options, createSocket });
  onTestFinished(() => endpoint.close());
  return endpoint;
}

function introduction(peer: TransferEndpoint): {
  keyId: string;
  secret: string;
  peerKey: string;
} {
  return { keyId: KEY_ID, secret: '5a'.repeat(32), peerKey: peer.publicKey };
}

test('both sides of an opening note what went and came, and that it was answered', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'updraft-notes-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'hello.txt');
  writeFileSync(path, 'hello');
  const inbox = join(folder);
  let onOffered: () => void = () => undefined;
  const offered = new Promise<void>((resolve) => (onOffered = resolve));
  const receiver = await opened({
    inbox,
    onOffer: ({ signal }) => {
      onOffered();
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          resolve(undefined);
        });
      });
    },
  });
  const sender = await opened();
  expect(await sender.openingNotes(KEY_ID)).toEqual({ isAnswered: false });
  receiver.expect(introduction(sender), 'derek');
  const nothing = { openCount: 0, scoutCount: 0, answerCount: 0 };
  expect(await receiver.openingNotes(KEY_ID)).toEqual({ isAnswered: false, seen: nothing });
  const addresses = [receiver.address];
  sender.send({ introduction: introduction(receiver), addresses, paths: [path], peer: 'jess' });
  await offered;
  expect(await sender.openingNotes(KEY_ID)).toEqual({ isAnswered: true });
  const { seen } = await receiver.openingNotes(KEY_ID);
  expect(seen!.openCount).toBeGreaterThan(0);
  expect(seen!.answerCount).toBeGreaterThan(0);
});

test('an opener that nobody answers notes what it has sent and since when', async () => {
  const silent = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => {
    silent.close();
  });
  await once(silent, 'listening');
  const [sender, peer] = [await opened(), await opened()];
  const message = sender.sendMessage({
    introduction: introduction(peer),
    addresses: [{ address: '127.0.0.1', port: silent.address().port }],
    text: 'hello',
  });
  await once(silent, 'message');
  const { isAnswered, sent } = await sender.openingNotes(KEY_ID);
  expect(isAnswered).toBe(false);
  expect(sent!.openCount).toBeGreaterThan(0);
  expect(sent!.sinceMs).toBeGreaterThan(0);
  message.cancel();
  await expect(message.done).rejects.toMatchObject({ code: 'cancelled' });
  expect(await sender.openingNotes(KEY_ID)).toEqual({ isAnswered: false });
});
