import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createEndpoint } from '../../src/transfer/index.ts';
import { formatState, parseState } from '../../src/transfer/io/disk/disk-state.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { changedProgram } from './changed-program.ts';
import { randomFile, sha256 } from './sample-files.ts';
import { Receiver, send } from './ticket-processes.ts';
import { UPD } from './upd-process.ts';

const FILE_BYTES = 6_000_000;
/** All four take eight seconds: a slow machine meets them in the middle, too. */
const RATE_BYTES_PER_SEC = 3_000_000;

/** One bit near its beginning, and the times that it had. */
function flip(path: string): void {
  const { atime, mtime } = statSync(path);
  const bytes = readFileSync(path);
  bytes[FILE_BYTES / 50]! ^= 1;
  writeFileSync(path, bytes);
  utimesSync(path, atime, mtime);
}

/** What may happen between two tries: to the source of a file, to its partial, to the state of that. */
const damages: Record<string, (source: string, partial: string, state: string) => void> = {
  changed: flip,
  edited: (_source, partial) => {
    flip(partial);
  },
  forged: (_source, partial, state) => {
    const found = parseState(readFileSync(state, 'utf8'))!;
    truncateSync(partial, FILE_BYTES);
    writeFileSync(state, formatState({ ...found, durableBytes: FILE_BYTES }));
  },
  cut: (_source, _partial, state) => {
    truncateSync(state, 100);
  },
};

test('whatever was changed between two tries, what arrives is what the sender has', async () => {
  const [folder, stateHome] = [temporaryFolder(), temporaryFolder()];
  const privateKey = new Uint8Array(32).fill(7);
  mkdirSync(join(stateHome, 'updraft'));
  const identity = Buffer.from(privateKey).toString('hex');
  writeFileSync(join(stateHome, 'updraft/identity'), identity, { mode: 0o600 });
  const names = Object.keys(damages);
  const paths = names.map((name) => randomFile(folder, name, FILE_BYTES));
  const receiver = new Receiver();
  const ticket = await receiver.ticket();

  // The first tries of all of them, at once, as the same sender.
  const first = await createEndpoint({ privateKey, maxBytesPerSec: RATE_BYTES_PER_SEC });
  const transfers = paths.map((path) => first.send({ ticket, paths: [path] }));
  for (const transfer of transfers) {
    for await (const { transferredBytes } of transfer) {
      if (transferredBytes > FILE_BYTES / 10) break;
    }
  }
  await first.close();
  // In any order.
  for (let count = 0; count < names.length; count++) await receiver.warned('was not received');

  for (const [name, damage] of Object.entries(damages)) {
    const partial = join(receiver.dir, `${name}.part`);
    expect(statSync(partial).size).toBeGreaterThan(FILE_BYTES / 20);
    damage(join(folder, name), partial, `${partial}.state`);
  }
  const sender = send([...paths, '--to', ticket], { XDG_STATE_HOME: stateHome });
  expect(await sender.exit).toBe(0);
  for (const name of names) {
    expect(sha256(join(receiver.dir, name)), name).toBe(sha256(join(folder, name)));
  }
  await expect.poll(() => readdirSync(receiver.dir).sort()).toEqual([...names].sort());
});

test('a pipe gets what came of a stream that was damaged, and exit code 8 says that it was', async () => {
  const program = changedProgram([
    'transfer/files/sending/sending-file.ts',
    'return this.#hash.digest;',
    'return this.#hash.digest.map((byte) => byte ^ 1);',
  ]);
  const receiver = spawn(process.execPath, [...UPD, 'receive', '--host', '127.0.0.1', '--stdout']);
  onTestFinished(() => {
    receiver.kill('SIGKILL');
  });
  let told = '';
  receiver.stderr.on('data', (chunk) => (told += String(chunk)));
  while (!told.includes('\n')) await once(receiver.stderr, 'data');
  let takenBytes = 0;
  receiver.stdout.on('data', (chunk: Buffer) => (takenBytes += chunk.length));
  const closed = once(receiver, 'close');
  const sender = send(['-', '--to', told.split('\n')[0]!], {}, { program });
  sender.child.stdin!.end(Buffer.alloc(100_000, 1));
  expect(await sender.exit).toBe(8);
  expect(await closed).toEqual([8, null]);
  expect(takenBytes).toBe(100_000);
  expect(told).toContain('was not received: what arrived is not what was sent.');
});
