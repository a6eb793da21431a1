import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodeOfError } from '../../src/report/exit-codes.ts';
import { transferErrorCodes } from '../../src/transfer/index.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { changedProgram, lingering, type ProgramChange } from './changed-program.ts';
import { randomFile, sha256, sparseFile } from './sample-files.ts';
import { Receiver, send } from './ticket-processes.ts';
import { UpdProcess } from './upd-process.ts';

/** One packet a round trip: slow enough to be broken off in the middle. */
const SLOW = ['--window', '1'];
const LARGE_BYTES = 1_000_000_000;
/** A ticket that nobody has given out. */
const STRANGE =
  'upd1AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQECAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAhdwBH8AAAEu-Bpt';

test('every failure has the exit code of the table, and none of them is 0', () => {
  const codes = Object.fromEntries(
    transferErrorCodes.map((code) => [code, exitCodeOfError(code)] as const),
  );
  expect(codes).toEqual({
    'local-file': 3,
    refused: 4,
    unanswered: 6,
    lost: 7,
    stalled: 7,
    cancelled: 4,
    'source-changed': 3,
    integrity: 8,
    'no-space': 9,
    version: 10,
    exists: 11,
    protocol: 8,
    internal: 1,
  });
});

describe('usage is exit code 2 and one line that names the way out', () => {
  test.each([
    ['no ticket', ['send', 'x'], '--to TICKET'],
    ['no ticket but another word', ['send', 'x', '--to', 'upd1abc'], 'no ticket'],
    ['a ticket with a typo', ['send', 'x', '--to', STRANGE.replace('AQEB', 'AQEC')], 'no ticket'],
    ['a window and BBR', ['receive', '--window', '3', '--congestion', 'bbr'], '--congestion fixed'],
    ['fixed without a window', ['receive', '--congestion', 'fixed'], '--window N'],
    ['overwrite and skip', ['receive', '--overwrite', '--skip'], 'contradict'],
    ['a rate of nothing', ['send', 'x', '--rate', '0'], 'A rate is bytes per second'],
    ['a rate in words', ['send', 'x', '--rate', 'fast'], 'A rate is bytes per second'],
    ['an MTU below the base', ['send', 'x', '--mtu', '1227'], 'from 1228 to 65535'],
    ['an MTU beyond IP', ['receive', '--mtu', '65536'], 'from 1228 to 65535'],
    ['a ticket of a bench', ['send', 'x', '--to', `bench-${STRANGE}`], 'run upd receive there'],
    ['no path', ['send', '--to', STRANGE], 'missing required argument'],
    ['an argument too many', ['receive', 'here'], 'too many arguments'],
  ])('%s', async (_what, args, reason) => {
    const upd = new UpdProcess(args, { UPD_TICKET: '' });
    expect(await upd.exit).toBe(2);
    expect(upd.errors.filter((line) => line.includes(reason))).toHaveLength(1);
    expect(upd.out).toEqual([]);
  });
});

test.each([
  ['a source that is not there', ['send', '/no/such/file', '--to', STRANGE], '/no/such/file'],
  ['a ticket file that is not there', ['send', 'x', '--to', '@/no/t'], 'in /no/t cannot be read'],
  ['a folder that is not there', ['receive', '--dir', '/no/dir'], '/no/dir is not a folder'],
  [
    'a receipt that cannot be',
    ['receive', '--receipt', '/no/dir/r'],
    '/no/dir/r cannot be written',
  ],
])('%s is exit code 3', async (_what, args, reason) => {
  const upd = new UpdProcess([...args, '--json'], { XDG_STATE_HOME: temporaryFolder() });
  expect(await upd.exit).toBe(3);
  expect(upd.errors.join('\n')).toContain(reason);
  const event = JSON.parse(upd.out.at(-1)!) as object;
  expect(event).toMatchObject({ t: 'error', code: 'local-file', exit: 3 });
});

test('a port that another program has is exit code 1 and named', async () => {
  const receiver = new Receiver(['--json']);
  const { port } = JSON.parse(await receiver.see('ticket')) as { port: number };
  const second = new Receiver(['--port', String(port)]);
  expect(await second.exit).toBe(1);
  expect(second.errors.join('\n')).toMatch(
    new RegExp(`cannot use UDP port ${port} .*; choose another with --port, 0 takes a free one$`),
  );
});

// TEST-NET-1 (RFC 5737): no machine has an address of it.
test.each([
  ['receive', 'receive'],
  ['bench', 'bench', '--listen'],
])(
  'an address that upd %s cannot listen on is named once, with those it can',
  async (_what, ...args) => {
    const upd = new UpdProcess([...args, '--host', '192.0.2.1']);
    expect(await upd.exit).toBe(1);
    expect(upd.errors.length).toBe(1);
    expect(upd.errors[0]!.match(/cannot use UDP port/g)).toEqual(['cannot use UDP port']);
    expect(upd.errors[0]).toMatch(
      /: this machine does not have that address; --host takes one of .*127\.0\.0\.1, 0\.0\.0\.0 \(all\)$/,
    );
  },
);

test('where nobody listens the last lines say why, and the last event too', async () => {
  const path = randomFile(temporaryFolder(), 'a', 10);
  const sender = send([path, '--to', STRANGE, '--give-up', '1']);
  const scripted = send([path, '--to', STRANGE, '--give-up', '1', '--json', '--quiet']);
  expect(await sender.exit).toBe(6);
  const last = sender.errors.slice(-3);
  expect(last[0]).toMatch(/^a could not be delivered to .*: no answer for 1\.0 s; /);
  expect(last[1]).toMatch(/^127\.0\.0\.1:6000 is (refused|silent).*\.$/);
  expect(last[2]).toMatch(/^ {2}→ .*: upd receive/);
  expect(sender.out).toEqual([]);
  expect(await scripted.exit).toBe(6);
  const likely = [{ message: last[1], next: [last[2]!.slice('  → '.length)] }];
  const event = JSON.parse(scripted.out.at(-1)!) as object;
  expect(event).toMatchObject({ t: 'error', code: 'unanswered', exit: 6, likely });
});

/** A transfer of which some has arrived. */
async function inMidTransfer(changes: readonly ProgramChange[] = []) {
  const receiver = new Receiver(['--json']);
  const { ticket } = JSON.parse(await receiver.ticket()) as { ticket: string };
  const path = sparseFile(temporaryFolder(), 'film', LARGE_BYTES);
  const options = changes.length === 0 ? {} : { program: changedProgram(...changes) };
  const sender = send([path, '--to', ticket, ...SLOW], {}, options);
  await receiver.see('"t":"progress"');
  return { receiver, sender };
}

test('a second SIGINT lets a sender leave at once, though its receiver answers nothing', async () => {
  const { sender, receiver } = await inMidTransfer(lingering);
  receiver.child.kill('SIGSTOP');
  sender.child.kill('SIGINT');
  await sender.warned('cancelled by the sender');
  sender.child.kill('SIGINT');
  expect(await sender.exit).toBe(130);
  receiver.child.kill('SIGKILL');
});

test('a second SIGINT lets a receiver leave at once, and the next one goes on from what it has', async () => {
  const dir = temporaryFolder();
  const path = randomFile(temporaryFolder(), 'film', 20_000_000);
  const receiver = new Receiver([], dir, { program: changedProgram(...lingering) });
  // By its key the receiver knows that it is the same sender.
  const self = { XDG_STATE_HOME: temporaryFolder() };
  const sender = send([path, '--to', await receiver.ticket(), '--rate', '4M'], self);
  await receiver.warned(' % (');
  sender.child.kill('SIGSTOP');
  receiver.child.kill('SIGINT');
  await receiver.warned('What has arrived of film is kept (upd partials)');
  receiver.child.kill('SIGINT');
  expect(await receiver.exit).toBe(130);
  sender.child.kill('SIGKILL');
  expect(readdirSync(dir).sort()).toEqual(['film.part', 'film.part.state']);
  const next = new Receiver(['--once'], dir);
  expect(await send([path, '--to', await next.ticket()], self).exit).toBe(0);
  expect(await next.exit).toBe(0);
  expect([readdirSync(dir), sha256(join(dir, 'film'))]).toEqual([['film'], sha256(path)]);
});

test('--once waits on after a transfer that failed', async () => {
  const receiver = new Receiver(['--once']);
  const ticket = await receiver.ticket();
  const folder = temporaryFolder();
  const sender = send([sparseFile(folder, 'film', LARGE_BYTES), '--to', ticket, ...SLOW]);
  await receiver.warned('receiving');
  sender.child.kill('SIGINT');
  await receiver.warned('was not received');
  expect(await send([randomFile(folder, 'a', 10), '--to', ticket]).exit).toBe(0);
  expect(await receiver.exit).toBe(0);
  expect(receiver.out.at(-1)).toBe(join(receiver.dir, 'a'));
});
