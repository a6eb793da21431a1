import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { randomFile, sha256 } from './sample-files.ts';
import { Receiver, send } from './ticket-processes.ts';

const MEASURES = String.raw`\d+(\.\d)? [kMG]?B in \d+\.\d s, \d+(\.\d)? [kMG]?B\/s`;

const SENT_AGAIN =
  /^sent again: \d+\.\d % \(.*\), direct to 127\.0\.0\.1:\d+, round trip \d+\.\d ms$/;

test('a file goes to whoever gave the ticket, under its own name; stdout of both has results only', async () => {
  const receiver = new Receiver(['--once']);
  const ticket = await receiver.ticket();
  expect(ticket).toMatch(/^upd1[\w-]{36,}$/);
  const path = randomFile(temporaryFolder(), 'movie.mp4', 3_000_000);
  const sender = send([path, '--to', ticket]);
  expect(await sender.exit).toBe(0);
  expect(await receiver.exit).toBe(0);
  const stored = join(receiver.dir, 'movie.mp4');
  expect(sha256(stored)).toBe(sha256(path));
  expect(readdirSync(receiver.dir)).toEqual(['movie.mp4']);
  expect(receiver.out).toEqual([ticket, stored]);
  expect(sender.out).toHaveLength(1);
  expect(sender.out[0]).toMatch(
    new RegExp(`^movie\\.mp4 has been delivered to 127\\.0\\.0\\.1:\\d+ \\(${MEASURES}\\)\\.$`),
  );
  // Plain lines: at the start, and 100 % only when verified.
  expect(sender.errors[0]).toMatch(/^movie\.mp4 to 127\.0\.0\.1:\d+: sending$/);
  expect(sender.errors.filter((line) => line.includes('100 %'))).toHaveLength(1);
  expect(sender.errors.some((line) => line.endsWith('100 %, verified'))).toBe(true);
  expect(receiver.errors.at(-3)).toMatch(
    /^Received movie\.mp4 from [0-9a-f]{16} \(3\.0 MB, stored as .*movie\.mp4\)\.$/,
  );
  expect(receiver.errors.at(-2)).toMatch(/^direct from 127\.0\.0\.1:\d+, round trip \d+\.\d ms$/);
  expect(sender.errors.at(-2)).toMatch(SENT_AGAIN);
  expect(sender.errors.at(-1)).toMatch(/^limited by: /);
  expect(receiver.errors.at(-1)).toBe(sender.errors.at(-1));
});

test('a ticket may stand in a file or in the environment, and serves many senders', async () => {
  const receiver = new Receiver();
  const ticket = await receiver.ticket();
  const folder = temporaryFolder();
  const [one, other] = [randomFile(folder, 'one', 1_000), randomFile(folder, 'other', 0)];
  const holder = join(folder, 'ticket');
  writeFileSync(holder, `${ticket}\r\nand what else stood there\n`);
  const senders = [send([one, '--to', `@${holder}`]), send([other], { UPD_TICKET: ticket })];
  expect(await Promise.all(senders.map(({ exit }) => exit))).toEqual([0, 0]);
  await receiver.see('one');
  receiver.child.kill('SIGTERM');
  expect(await receiver.exit).toBe(143);
  expect(readdirSync(receiver.dir).sort()).toEqual(['one', 'other']);
});

test('--quiet leaves the ticket and the results', async () => {
  const receiver = new Receiver(['--once', '--quiet']);
  const ticket = await receiver.ticket();
  const path = randomFile(temporaryFolder(), 'a', 10);
  const sender = send([path, '--to', ticket, '--quiet']);
  expect(await Promise.all([sender.exit, receiver.exit])).toEqual([0, 0]);
  expect(receiver.out).toEqual([ticket, join(receiver.dir, 'a')]);
  expect(sender.out).toHaveLength(1);
  expect([...sender.errors, ...receiver.errors]).toEqual([]);
});

test('a receipt says who, what, how large, how long and what was lost, the same on both sides', async () => {
  const folder = temporaryFolder();
  const [sent, received] = [join(folder, 'sent.json'), join(folder, 'received.json')];
  const receiver = new Receiver(['--once', '--receipt', received]);
  const ticket = await receiver.ticket();
  const path = randomFile(folder, 'a.bin', 200_000);
  const sender = send([path, '--to', ticket, '--receipt', sent, '--no-progress']);
  expect(await Promise.all([sender.exit, receiver.exit])).toEqual([0, 0]);
  const [mine, theirs] = [sent, received].map(
    (file) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>,
  );
  const item = { kind: 'file', name: 'a.bin', sha256: sha256(path) };
  const loss: unknown = expect.objectContaining({ packetsLost: expect.any(Number) as number });
  expect(mine).toMatchObject({ v: 1, direction: 'send', bytes: 200_000, files: 1, loss });
  expect(mine).toMatchObject({ items: [{ ...item, path }] });
  expect(theirs).toMatchObject({ v: 1, direction: 'receive', bytes: 200_000, files: 1 });
  expect(theirs).toMatchObject({ items: [{ ...item, path: join(receiver.dir, 'a.bin') }] });
  expect(theirs!['peer']).toMatch(/^[0-9a-f]{64}$/);
  expect(sender.errors).toEqual([
    expect.stringMatching(SENT_AGAIN),
    expect.stringMatching(/^limited by: /),
  ]);
  expect(mine!['limitedBy']).toEqual(theirs!['limitedBy']);
});

test('a sender is known by the same key in its next run', async () => {
  const receiver = new Receiver(['--json']);
  const event = JSON.parse(await receiver.see('"t":"ticket"')) as { ticket: string };
  const path = randomFile(temporaryFolder(), 'a', 10);
  const stateHome = { XDG_STATE_HOME: temporaryFolder() };
  const peers: unknown[] = [];
  for (let count = 0; count < 2; count++) {
    expect(await send([path, '--to', event.ticket], stateHome).exit).toBe(0);
    const offer = JSON.parse(await receiver.see('"t":"offer"')) as { peer: string };
    peers.push(offer.peer);
  }
  expect(peers[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(peers[1]).toBe(peers[0]);
});
