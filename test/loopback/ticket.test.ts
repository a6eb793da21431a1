import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createEndpoint,
  type EndpointOptions,
  type Transfer,
  type TransferEndpoint,
} from '../../src/transfer/index.ts';

let folder: string;
let inbox: string;
const endpoints: TransferEndpoint[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'updraft-'));
  inbox = join(folder, 'inbox');
  mkdirSync(inbox);
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

test('two senders with one ticket send files at once: all arrive, and each is known by its key', async () => {
  const receiver = await opened({ inbox });
  const received: Transfer[] = [];
  receiver.on('transfer', (transfer) => received.push(transfer));
  const ticket = receiver.ticket();
  const senders = [await opened(), await opened()];
  const contents = new Map<string, Buffer>();
  const transfers = senders.flatMap((sender, nth) =>
    ['a', 'b', 'c'].map((letter) => {
      const name = `${letter}${nth}`;
      contents.set(name, randomBytes(200_000));
      writeFileSync(join(folder, name), contents.get(name)!);
      return sender.send({ ticket, paths: [join(folder, name)] });
    }),
  );
  await Promise.all(transfers.map(({ done }) => done));
  // Until its sender has heard, a file that was delivered has its record beside it.
  await receiver.close();
  expect(readdirSync(inbox).sort()).toEqual([...contents.keys()].sort());
  for (const [name, content] of contents) {
    expect(content.equals(readFileSync(join(inbox, name)))).toBe(true);
  }
  for (const { name, peer } of received) expect(peer).toBe(senders[Number(name[1])]!.publicKey);
  expect(received).toHaveLength(6);
});

test('a ticket with another secret meets silence', async () => {
  const receiver = await opened({ inbox });
  receiver.ticket();
  const { port } = receiver.address;
  const other = await opened({ privateKey: randomBytes(32), host: '127.0.0.2', port });
  const ticket = other.ticket({ addresses: ['127.0.0.1'] });
  writeFileSync(join(folder, 'a'), 'a');
  const sender = await opened({ openTimeoutMs: 1_000 });
  const { done } = sender.send({ ticket, paths: [join(folder, 'a')] });
  await expect(done).rejects.toMatchObject({ code: 'unanswered' });
  expect(readdirSync(inbox)).toEqual([]);
});
