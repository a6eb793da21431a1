import { readdirSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/chat/io/clock.ts';
import { startFixture, temporaryFolder } from '../chat/server-fixture.ts';
import { ClientProcess } from './client-process.ts';
import { sha256, sparseFile } from './sample-files.ts';

/** One packet a round trip: slow enough to be broken off in the middle. */
const SLOW = ['--window', '1'];
const LARGE_BYTES = 1_000_000_000;

interface Pair {
  readonly fixture: Awaited<ReturnType<typeof startFixture>>;
  readonly sender: ClientProcess;
  readonly receiver: ClientProcess;
  readonly path: string;
}

/** derek sends a file to jess, and some of it has arrived. */
async function inMidTransfer(sizeBytes: number, ...flags: readonly string[]): Promise<Pair> {
  const fixture = await startFixture({ clock: systemClock });
  const { port } = fixture.server;
  const [receiver, sender] = await Promise.all([
    ClientProcess.enter(port, 'jess'),
    ClientProcess.enter(port, 'derek', { flags: [...SLOW, ...flags] }),
  ]);
  const path = sparseFile(temporaryFolder(), 'film', sizeBytes);
  sender.type(`UPD jess ${path}`);
  await receiver.warned('film from derek: receiving');
  return { fixture, sender, receiver, path };
}

test('a receiver that is killed in mid-transfer: one clear line after --give-up, no final name, and the session goes on', async () => {
  const { sender, receiver } = await inMidTransfer(LARGE_BYTES, '--give-up', '5');
  receiver.child.kill('SIGKILL');
  const line = await sender.see('film could not be delivered to jess');
  expect(line).toBe('film could not be delivered to jess: jess vanished 5.0 s ago.');
  sender.type('MSG still here');
  await sender.see('Message #1 posted');
  expect(sender.out.filter((shown) => shown.includes('film'))).toEqual([line]);
  expect(readdirSync(receiver.inbox).filter((name) => !name.includes('.part'))).toEqual([]);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  'a sender that gets %s in mid-transfer tells both sides why and exits with %d',
  async (signal, code) => {
    const { sender, receiver, fixture } = await inMidTransfer(LARGE_BYTES);
    sender.child.kill(signal);
    expect(await receiver.see('film')).toBe(
      'film from derek was not received: cancelled by the sender.',
    );
    expect(await sender.exit).toBe(code);
    expect(sender.out.at(-1)).toBe('film could not be delivered to jess: cancelled by the sender.');
    expect(fixture.log).toContain('logged out; derek; 127.0.0.1');
    expect(readdirSync(receiver.inbox).filter((name) => !name.includes('.part'))).toEqual([]);
  },
);

test('a receiver that leaves with OUT now tells the sender', async () => {
  const { sender, receiver } = await inMidTransfer(LARGE_BYTES);
  receiver.type('OUT now');
  expect(await receiver.exit).toBe(0);
  expect(receiver.out.slice(-2)).toEqual([
    'film from derek was not received: cancelled by the receiver.',
    'Bye, jess!',
  ]);
  expect(await sender.see('film')).toBe(
    'film could not be delivered to jess: cancelled by the receiver.',
  );
});

test('a server that is gone in mid-transfer: one line, the file still arrives whole, then exit 6', async () => {
  const { sender, receiver, fixture, path } = await inMidTransfer(20_000_000);
  await fixture.server.close();
  await sender.warned('The server is stopping.');
  expect(sender.out.at(-1)).not.toContain('film');
  expect(await Promise.all([sender.exit, receiver.exit])).toEqual([6, 6]);
  expect(sender.out.at(-1)).toMatch(/^film has been delivered to jess \(20\.0 MB in /);
  expect(receiver.out.at(-1)).toMatch(/^Received film from derek \(20\.0 MB, stored as /);
  expect(readdirSync(receiver.inbox)).toEqual(['derek_film']);
  expect(sha256(receiver.received('derek_film'))).toBe(sha256(path));
  expect(statSync(path).size).toBe(20_000_000);
});
