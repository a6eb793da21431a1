import {
  type ChildProcessWithoutNullStreams,
  execFile,
  execFileSync,
  spawn,
} from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { MAX_SHARE_BYTES } from '../../src/transfer/core/connection/credit-ledger.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { changedProgram, impatient } from './changed-program.ts';
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
  expect(await sender.exit, sender.errors.join('\n')).toBe(0);
  expect(sender.out[0]).toMatch(/^dir\.tar has been delivered to /);
  await closed;
  expect([receiver.exitCode, untar.exitCode]).toEqual([0, 0]);
  expect(sha256(join(target, 'dir/deep/a.bin'))).toBe(sha256(path));
  expect(readFileSync(join(target, 'dir/empty'))).toHaveLength(0);
  // Nothing passes through a file on the way.
  expect(readdirSync(spools)).toEqual([]);
});

/** `upd receive --stdout` on loopback, whose stdout the test reads or does not. */
async function stdoutReceiver(
  flags: readonly string[] = [],
): Promise<{ child: ChildProcessWithoutNullStreams; ticket: string; told: () => string }> {
  const args = [...UPD, 'receive', '--host', '127.0.0.1', '--stdout', ...flags];
  const child = spawn(process.execPath, args);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let told = '';
  child.stderr.on('data', (chunk) => (told += String(chunk)));
  while (!told.includes('\n')) await once(child.stderr, 'data');
  return { child, ticket: told.split('\n')[0]!, told: () => told };
}

test('a slow reader holds the whole pipe back: the credit of 64 MiB and a few buffers lie between', async () => {
  const { child: receiver, ticket } = await stdoutReceiver();
  const sender = send(['-', '--to', ticket]);
  const PIECE = 1_048_576;
  const content = randomBytes(PIECE);
  let writtenBytes = 0;
  let readBytes = 0;
  let mostAhead = 0;
  let isWritable = true;
  const fill = (): void => {
    while (isWritable && writtenBytes < 160 * PIECE) {
      writtenBytes += PIECE;
      isWritable = sender.child.stdin!.write(content, () => {
        mostAhead = Math.max(mostAhead, writtenBytes - readBytes);
      });
    }
    if (writtenBytes === 160 * PIECE) sender.child.stdin!.end();
  };
  sender.child.stdin!.on('drain', () => {
    isWritable = true;
    fill();
  });
  fill();
  let isSame = true;
  for await (const chunk of receiver.stdout as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length;) {
      const from = (readBytes + at) % PIECE;
      const part = Math.min(chunk.length - at, PIECE - from);
      isSame &&= chunk.subarray(at, at + part).equals(content.subarray(from, from + part));
      at += part;
    }
    readBytes += chunk.length;
    // A reader that takes its time.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect([isSame, readBytes]).toEqual([true, 160 * PIECE]);
  expect(mostAhead).toBeLessThan(MAX_SHARE_BYTES + 12 * PIECE);
  expect(await sender.exit).toBe(0);
});

test('a reader that goes away ends both sides, and the sender hears why', async () => {
  const { child: receiver, ticket, told } = await stdoutReceiver();
  const sender = send(['-', '--to', ticket]);
  sender.child.stdin!.write(randomBytes(1_000_000));
  await once(receiver.stdout, 'data');
  receiver.stdout.destroy();
  const more = setInterval(() => sender.child.stdin!.write(randomBytes(100_000)), 20);
  const [code] = (await once(receiver, 'close')) as [number];
  clearInterval(more);
  expect(code).toBe(3);
  expect(told()).toMatch(/was not received: the stream takes no more: .*EPIPE/);
  expect(await sender.exit).toBe(4);
  expect(sender.errors.join('\n')).toMatch(/could not be delivered to .*EPIPE/);
});

test('a receiver whose reader is stuck still leaves at a signal', async () => {
  const { child: receiver, ticket } = await stdoutReceiver();
  const sender = send(['-', '--to', ticket], {}, { program: changedProgram(...impatient) });
  // More than both sides and the pipes hold.
  sender.child.stdin!.write(Buffer.alloc(100_000_000));
  await sender.warned('stalled');
  receiver.kill('SIGTERM');
  const [code] = (await once(receiver, 'exit')) as [number];
  expect(code).toBe(143);
  expect(await sender.exit).toBe(4);
});

test('of a producer that dies all that it wrote arrives: the end of a pipe is an end', async () => {
  const receiver = new Receiver(['--once']);
  const ticket = await receiver.ticket();
  const upd = [process.execPath, ...UPD, 'send', '-', '--name', 'log', '--to', ticket];
  const script = '(head -c 300000 /dev/zero; kill -9 $BASHPID) | "$@"; echo "${PIPESTATUS[*]}"';
  const { stdout } = await promisify(execFile)('bash', ['-c', script, 'bash', ...upd]);
  expect(stdout.trim().split('\n').at(-1)).toBe('137 0');
  expect(await receiver.exit).toBe(0);
  expect(readFileSync(join(receiver.dir, 'log')).equals(Buffer.alloc(300_000))).toBe(true);
});

test('an empty stdin is an empty file, on the disk and on stdout', async () => {
  const receiver = new Receiver(['--once']);
  const sender = send(['-', '--name', 'nothing', '--to', await receiver.ticket()]);
  sender.end();
  expect(await Promise.all([sender.exit, receiver.exit])).toEqual([0, 0]);
  expect(readFileSync(join(receiver.dir, 'nothing'))).toHaveLength(0);
  const { child, ticket } = await stdoutReceiver();
  const again = send(['-', '--to', ticket]);
  again.end();
  const output = await buffer(child.stdout);
  expect([output.length, await again.exit]).toEqual([0, 0]);
});

test('several files, and a folder, are refused where stdout takes one', async () => {
  const { child: receiver, ticket } = await stdoutReceiver();
  const folder = temporaryFolder();
  const paths = ['a', 'b'].map((name) => randomFile(folder, name, 10));
  for (const sent of [paths, [folder]]) {
    const sender = send([...sent, '--to', ticket]);
    expect(await sender.exit).toBe(4);
    expect(sender.errors.join('\n')).toContain('send a tar');
  }
  // One that is refused takes nothing: the next one is let in.
  const sender = send([paths[0]!, '--to', ticket]);
  const output = await buffer(receiver.stdout);
  expect(output.equals(readFileSync(paths[0]!))).toBe(true);
  expect(await sender.exit).toBe(0);
});

test('what comes from stdin without a name is called stdin', async () => {
  const receiver = new Receiver(['--once']);
  const sender = send(['-', '--to', await receiver.ticket()]);
  const content = randomBytes(1_000);
  sender.child.stdin!.end(content);
  expect(await Promise.all([sender.exit, receiver.exit])).toEqual([0, 0]);
  expect(readFileSync(join(receiver.dir, 'stdin')).equals(content)).toBe(true);
});

test('a sender that is interrupted while stdin waits says so to the receiver, which keeps what came', async () => {
  const receiver = new Receiver();
  const sender = send(['-', '--to', await receiver.ticket()]);
  await new Promise((resolve) => sender.child.stdin!.write(randomBytes(1_000_000), resolve));
  await receiver.warned('receiving a stream');
  sender.child.kill('SIGTERM');
  expect(await sender.exit).toBe(143);
  expect(sender.errors.join('\n')).not.toContain('The same command goes on');
  await receiver.warned('stdin from');
  receiver.child.kill('SIGTERM');
  expect(await receiver.exit).toBe(143);
  expect(readdirSync(receiver.dir).sort()).toEqual(['stdin.part', 'stdin.part.state']);
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
