import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { randomFile, sha256 } from './sample-files.ts';
import { Receiver, send } from './ticket-processes.ts';
import { UPD, UpdProcess } from './upd-process.ts';

test('a folder goes through tar, send, receive and tar', async () => {
  const [source, target, spools] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
  const path = randomFile(source, 'dir/deep/a.bin', 300_000);
  randomFile(source, 'dir/empty', 0);
  const environment = { ...process.env, TMPDIR: spools };
  const flags = ['receive', '--host', '127.0.0.1', '--stdout'];
  const receiver = spawn(process.execPath, [...UPD, ...flags], { env: environment });
  const untar = spawn('tar', ['x', '-C', target]);
  const closed = Promise.all([once(receiver, 'close'), once(untar, 'close')]);
  receiver.stdout.pipe(untar.stdin);
  let told = '';
  while (!told.includes('\n')) told += String((await once(receiver.stderr, 'data'))[0]);
  receiver.stderr.resume();
  const [ticket] = told.split('\n') as [string];
  expect(ticket).toMatch(/^upd1[\w-]{36,}$/);

  const sender = send(['-', '--name', 'dir.tar', '--to', ticket], { TMPDIR: spools });
  sender.child.stdin!.end(execFileSync('tar', ['c', '-C', source, 'dir']));
  expect(await sender.exit).toBe(0);
  expect(sender.out[0]).toMatch(/^dir\.tar has been delivered to /);
  await closed;
  expect([receiver.exitCode, untar.exitCode]).toEqual([0, 0]);
  expect(sha256(join(target, 'dir/deep/a.bin'))).toBe(sha256(path));
  expect(readFileSync(join(target, 'dir/empty'))).toHaveLength(0);
  // tsx keeps a folder of its own there.
  expect(readdirSync(spools).filter((name) => name.startsWith('updraft-'))).toEqual([]);
});

test('what comes from stdin without a name is called stdin', async () => {
  const receiver = new Receiver(['--once']);
  const sender = send(['-', '--to', await receiver.ticket()]);
  const content = randomBytes(1_000);
  sender.child.stdin!.end(content);
  expect(await Promise.all([sender.exit, receiver.exit])).toEqual([0, 0]);
  expect(readFileSync(join(receiver.dir, 'stdin')).equals(content)).toBe(true);
});

test('a sender that is interrupted while stdin goes on leaves nothing behind', async () => {
  const spools = temporaryFolder();
  const receiver = new Receiver();
  const ticket = await receiver.ticket();
  const sender = send(['-', '--to', ticket], { TMPDIR: spools });
  // More than a pipe holds: once it has gone, it is being read.
  await new Promise((resolve) => sender.child.stdin!.write(randomBytes(1_000_000), resolve));
  sender.child.kill('SIGTERM');
  expect(await sender.exit).toBe(143);
  expect(readdirSync(spools).filter((name) => name.startsWith('updraft-'))).toEqual([]);
});

test.each([
  ['--stdout and --json', ['receive', '--stdout', '--json']],
  ['--stdout and --dir', ['receive', '--stdout', '--dir', '.']],
  ['--stdout and --overwrite', ['receive', '--stdout', '--overwrite']],
  ['stdin and a file', ['send', '-', 'file']],
  ['--name without stdin', ['send', 'file', '--name', 'other']],
  ['--name with a folder', ['send', '-', '--name', '../other']],
])('%s is exit code 2', async (_what, args) => {
  const upd = new UpdProcess(args, { UPD_TICKET: '' });
  expect(await upd.exit).toBe(2);
  expect(upd.errors[0]).toMatch(/stdout|stdin|--name/);
});
