import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { decodeTicket, encodeTicket } from '../../src/transfer/io/ticket/ticket-text.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { changedProgram, impatient } from './changed-program.ts';
import { expectRow, flagsOf, rows, seen } from './failure-table.ts';
import { randomFile, sha256, sparseFile } from './sample-files.ts';
import { Receiver, send } from './ticket-processes.ts';

/** Slow enough to be met in the middle, over in two seconds. */
const SLOW = ['--rate', '2M'];
const SLOW_BYTES = 4_000_000;
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const canMount = isRoot && existsSync('/proc/mounts');
let expectedRows = 0;

afterAll(() => {
  // Where some tests are left out, or only some are asked for, not every row was seen.
  if (canMount && expectedRows === rows.size)
    expect([...seen].sort()).toEqual([...rows.keys()].sort());
});

/** A receiver that tells its exit codes in events. */
async function receiverOf(
  ...parameters: ConstructorParameters<typeof Receiver>
): Promise<{ receiver: Receiver; to: readonly string[] }> {
  const [flags = [], dir, options] = parameters;
  const receiver = new Receiver(['--json', ...flags], dir, options);
  const { ticket } = JSON.parse(await receiver.ticket()) as { ticket: string };
  return { receiver, to: ['--to', ticket] };
}

/** Until some of it has arrived. */
async function midway(receiver: Receiver, name: string): Promise<void> {
  await receiver.see(`"name":"${name}"`);
  await receiver.see('"t":"progress"');
}

function counted(count: number): void {
  expectedRows += count;
}

test('what is no regular file, or has no storable name, is told by both who know of it', async () => {
  counted(5);
  const folder = temporaryFolder();
  const { receiver, to } = await receiverOf();
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  const server = createServer().listen(join(folder, 'socket'));
  await new Promise((listening) => server.once('listening', listening));
  for (const [situation, path] of [
    ['no such source', join(folder, 'nothing')],
    ['source is a FIFO', join(folder, 'fifo')],
    ['source is a device', '/dev/zero'],
    ['source is a socket', join(folder, 'socket')],
  ] as const) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    await expectRow(situation, {
      name,
      path,
      receiver,
      sender: send([path, ...to, ...flagsOf(situation)]),
    });
  }
  server.close();
  const bad = randomFile(folder, 'two\nlines', 10);
  const shownName = 'two\u240alines';
  const sender = send([bad, ...to, '--json']);
  await sender.exit;
  const story = { name: 'two', shownName, path: bad, receiver, sender };
  await expectRow('name that no disk should hold', story);
});

test('a source that changes midway is noticed, and one that only loses its name is delivered', async () => {
  counted(4);
  const folder = temporaryFolder();
  const { receiver, to } = await receiverOf();
  const changes: [string, string, (path: string) => void][] = [
    [
      'source is truncated midway',
      'cut',
      (path) => {
        truncateSync(path, 1_000);
      },
    ],
    [
      'source grows midway',
      'grown',
      (path) => {
        appendFileSync(path, 'more');
      },
    ],
    [
      'source is replaced midway',
      'replaced',
      (path) => {
        renameSync(randomFile(folder, 'other', 100), path);
      },
    ],
    [
      'source is deleted midway',
      'deleted',
      (path) => {
        unlinkSync(path);
      },
    ],
  ];
  for (const [situation, name, change] of changes) {
    const path = randomFile(folder, name, SLOW_BYTES);
    const hash = sha256(path);
    const sender = send([path, ...to, ...SLOW, ...flagsOf(situation)]);
    await midway(receiver, name);
    change(path);
    await expectRow(situation, { name, path, receiver, sender });
    if (rows.get(situation)!.inbox === 'file') expect(sha256(join(receiver.dir, name))).toBe(hash);
  }
});

test.each([
  ['name exists', [], 'old'],
  ['name exists and `--skip`', ['--skip'], 'old'],
  ['name exists and `--overwrite`', ['--overwrite'], 'new'],
  ['offer over `--max-size`', ['--max-size', '2'], undefined],
] as const)('%s: what the receiver said is done and told', async (situation, flags, text) => {
  counted(1);
  const { receiver, to } = await receiverOf(flags);
  const stored = join(receiver.dir, 'a');
  if (text !== undefined) writeFileSync(stored, 'old');
  const path = join(temporaryFolder(), 'a');
  writeFileSync(path, 'new');
  const sender = send([path, ...to, ...flagsOf(situation)]);
  await expectRow(situation, { name: 'a', path, receiver, sender });
  if (text !== undefined) expect(readFileSync(stored, 'utf8')).toBe(text);
});

test('an inbox that is removed midway is named on both sides', async () => {
  counted(1);
  const dir = join(temporaryFolder(), 'inbox');
  mkdirSync(dir);
  const { receiver, to } = await receiverOf([], dir);
  const path = randomFile(temporaryFolder(), 'film', SLOW_BYTES);
  const sender = send([path, ...to, ...SLOW, '--json']);
  await midway(receiver, 'film');
  rmSync(dir, { recursive: true });
  await expectRow('inbox is removed midway', { name: 'film', path, receiver, sender });
});

test.runIf(isRoot)('what may not be read or written is named (left out unless root)', async () => {
  counted(3);
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  const path = randomFile(folder, 'secret', 10);
  chmodSync(path, 0o600);
  const closed = join(folder, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  const state = join(folder, 'state');
  mkdirSync(state);
  chownSync(state, NOBODY, NOBODY);
  const { receiver, to } = await receiverOf();
  const locked = send([path, ...to], { XDG_STATE_HOME: closed }, { uid: NOBODY });
  expect(await locked.exit).toBe(3);
  expect(locked.errors.join()).toContain('the identity key cannot be read');
  for (const [situation, source, name] of [
    ['source may not be read', path, 'secret'],
    ['source folder may not be listed', closed, 'closed'],
  ] as const) {
    const sender = send([source, ...to, '--json'], { XDG_STATE_HOME: state }, { uid: NOBODY });
    await expectRow(situation, { name, path: source, receiver, sender });
  }
  const inbox = join(folder, 'inbox');
  mkdirSync(inbox, { mode: 0o755 });
  const nobody = await receiverOf([], inbox, { uid: NOBODY });
  await expectRow('inbox may not be written', {
    ...{ name: 'secret', path, receiver: nobody.receiver },
    sender: send([path, ...nobody.to, '--json']),
  });
});

/** A disk of its own of this size, gone after the test. */
function smallDisk(sizeBytes: number): string {
  const dir = join(temporaryFolder(), 'disk');
  mkdirSync(dir);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'updraft-test', dir]);
  onTestFinished(() => {
    execFileSync('umount', ['-l', dir]);
  });
  return dir;
}

/** Takes all room but some; gives it back when called. */
function fill(disk: string, leftBytes: number): () => void {
  const filler = join(disk, 'filler');
  try {
    writeFileSync(filler, Buffer.alloc(DISK_BYTES));
  } catch {
    // Full.
  }
  truncateSync(filler, Math.max(0, DISK_BYTES - leftBytes));
  return () => {
    unlinkSync(filler);
  };
}

const DISK_BYTES = 8_388_608;
const PAUSED = "paused: the receiver's disk is full";

test.runIf(canMount)(
  'a disk that is full, too small or read-only is told on both sides (left out where nothing can be mounted)',
  async () => {
    counted(5);
    const disk = smallDisk(DISK_BYTES);
    const { receiver, to } = await receiverOf(['--give-up', '2'], disk);
    const folder = temporaryFolder();
    const known = { XDG_STATE_HOME: temporaryFolder() };
    const sizeOf: Record<string, number> = { huge: 3 * DISK_BYTES };
    const happen = (situation: string, name: string) => {
      const path = sparseFile(folder, name, sizeOf[name] ?? SLOW_BYTES);
      if (name !== 'huge') writeFileSync(path, Buffer.alloc(SLOW_BYTES, 1));
      const sender = send([path, ...to, ...SLOW, '--json'], known);
      return { sender, check: () => expectRow(situation, { name, path, receiver, sender }) };
    };

    await happen('offer larger than the whole disk', 'huge').check();

    const full = happen('disk full midway, and given up', 'given-up');
    await midway(receiver, 'given-up');
    const free = fill(disk, 0);
    await full.sender.see('"reason":"no-space"');
    await receiver.see('"reason":"no-space"');
    await full.check();
    free();

    // What was kept goes on.
    const again = send([join(folder, 'given-up'), ...to], known);
    expect(await again.exit).toBe(0);
    await receiver.warned('Received given-up');
    expect(readdirSync(disk)).toContain('given-up');

    const dir = smallDisk(DISK_BYTES);
    execFileSync('mount', ['-o', 'remount,ro', dir]);
    const readOnly = await receiverOf([], dir);
    const path = randomFile(folder, 'a', 10);
    await expectRow('inbox is on a read-only file system', {
      ...{ name: 'a', path, receiver: readOnly.receiver },
      sender: send([path, ...readOnly.to, '--json']),
    });
  },
);

test.runIf(canMount)(
  'a transfer that waits for room goes on by itself (left out where nothing can be mounted)',
  async () => {
    const disk = smallDisk(DISK_BYTES);
    const { receiver, to } = await receiverOf([], disk);
    const path = randomFile(temporaryFolder(), 'film', SLOW_BYTES);

    const before = fill(disk, 1_000_000);
    const waiting = send([path, ...to]);
    await waiting.warned(PAUSED);
    await receiver.see('"reason":"no-space"');
    before();
    await expectRow('room for the offer is missing, and is made', {
      ...{ name: 'film', path, receiver, sender: waiting },
    });
    rmSync(join(disk, 'film'));

    const sender = send([path, ...to, ...SLOW]);
    await midway(receiver, 'film');
    const free = fill(disk, 0);
    await sender.warned(PAUSED);
    await receiver.see('"reason":"no-space"');
    free();
    await sender.warned('goes on');
    await expectRow('disk full midway, and room is made', { name: 'film', path, receiver, sender });
    expect(sha256(join(disk, 'film'))).toBe(sha256(path));
  },
);

test('a disk that hangs is given up by both sides, and sending again goes on', async () => {
  counted(1);
  const program = changedProgram(...impatient, [
    'transfer/io/disk/disk-content.ts',
    'const { bytesWritten } =',
    'if (this.#writtenBytes > 1_000_000) await new Promise(() => undefined); const { bytesWritten } =',
  ]);
  const { receiver, to } = await receiverOf(['--give-up', '1'], undefined, { program });
  const path = randomFile(temporaryFolder(), 'film', SLOW_BYTES);
  const known = { XDG_STATE_HOME: temporaryFolder() };
  const sender = send([path, ...to, '--give-up', '1', '--json'], known, { program });
  await expectRow('disk hangs midway', { name: 'film', path, receiver, sender });
  receiver.child.kill('SIGKILL');
  await receiver.exit;
  const healthy = await receiverOf(['--once'], receiver.dir);
  expect(await send([path, ...healthy.to], known).exit).toBe(0);
  expect(await healthy.receiver.exit).toBe(0);
  expect(readdirSync(receiver.dir)).toEqual(['film']);
  expect(sha256(join(receiver.dir, 'film'))).toBe(sha256(path));
});

test('a sender that lies or is of another version is found out, and both say so', async () => {
  counted(2);
  const { receiver, to } = await receiverOf();
  const path = randomFile(temporaryFolder(), 'a', 100_000);
  for (const [situation, file, was, is] of [
    [
      'content that is not what was announced',
      'transfer/files/sending/sending-file.ts',
      'return this.#hash.digest;',
      'return this.#hash.digest.map((byte) => byte ^ 1);',
    ],
    [
      'sender of another version of offers',
      'transfer/files/records/message.ts',
      'FILES_VERSION = 2;',
      'FILES_VERSION = 3;',
    ],
  ] as const) {
    const program = changedProgram([file, was, is]);
    const sender = send([path, ...to, '--json'], {}, { program });
    await expectRow(situation, { name: 'a', path, receiver, sender });
  }
});

test('a wrong secret meets silence on both sides, and the sender is told what that may mean', async () => {
  counted(1);
  const { receiver, to } = await receiverOf();
  const path = randomFile(temporaryFolder(), 'film', 10);
  const strange = encodeTicket({ ...decodeTicket(to[1]!)!, secret: new Uint8Array(32) });
  const sender = send([path, '--to', strange, '--give-up', '1', '--json']);
  await expectRow('nobody answers', { name: 'film', path, receiver, sender });
  expect(JSON.parse(sender.out.at(-1)!)).toMatchObject({ likely: [{ cause: 'loopback-address' }] });
});

test.each([
  ['sender is interrupted midway (SIGINT)', 'sender', 'SIGINT'],
  ['sender is terminated midway (SIGTERM)', 'sender', 'SIGTERM'],
  ['sender is killed midway', 'sender', 'SIGKILL'],
  ['receiver is interrupted midway', 'receiver', 'SIGINT'],
  ['receiver is killed midway', 'receiver', 'SIGKILL'],
] as const)(
  '%s: the other side is told, and what has arrived is kept',
  async (situation, whose, signal) => {
    counted(1);
    const { receiver, to } = await receiverOf(['--give-up', '1']);
    const path = sparseFile(temporaryFolder(), 'film', 1_000_000_000);
    // One packet a round trip: slow enough to be broken off in the middle.
    const sender = send([path, ...to, '--window', '1', '--give-up', '1', ...flagsOf(situation)]);
    await midway(receiver, 'film');
    ({ sender, receiver })[whose].child.kill(signal);
    await expectRow(situation, { name: 'film', path, receiver, sender });
    if (whose === 'receiver' && signal === 'SIGINT') expect(await receiver.exit).toBe(130);
    const goesOn = 'The same command goes on from what has arrived there.';
    if (signal !== 'SIGKILL' || whose === 'receiver') expect(sender.errors.at(-1)).toBe(goesOn);
  },
);
