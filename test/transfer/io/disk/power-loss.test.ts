import { expect, test } from 'vitest';
import { DiskInbox } from '../../../../src/transfer/io/disk/disk-inbox.ts';
import { parseState } from '../../../../src/transfer/io/disk/disk-state.ts';
import { Random } from '../../../sim/random.ts';
import { contentOf, MemorySource } from '../../files/memory-disk.ts';
import { TransferRun } from '../../files/transfer-run.ts';
import { testPowerCuts } from './power-cuts.ts';
import { PowerDisk } from './power-disk.ts';

/** Three pieces of a disk's write. */
const CONTENT = contentOf(700_000, 1);
/** Another one of the same size, times and place: nothing but its content tells. */
const OTHER = contentOf(700_000, 2);
const INBOX = '/';

/** A start of the receiving machine, and a transfer to it until it is over or the power is gone. */
async function transfer(disk: PowerDisk, content: Uint8Array): Promise<boolean> {
  let nowMs = 0;
  const inbox = new DiskInbox({
    ...{ folder: INBOX, platform: 'posix', umask: 0, files: disk, owned: new Set() },
    // A checkpoint is due after each piece.
    nowMs: () => (nowMs += 2_000),
  });
  const source = new MemorySource({ content });
  const run = new TransferRun({ source, path: '/home/movie.mp4', inbox, isOnDisk: true });
  await run.start();
  let isSettled = false;
  run.receiver.done.then(
    () => (isSettled = true),
    () => (isSettled = true),
  );
  await run.runUntil(() => disk.isDead || (isSettled && run.sender.isOver));
  // What was said before the power went arrives.
  for (let step = 0; step < 5; step++) await run.step();
  run.sender.done.catch(() => undefined);
  await Promise.race([inbox.settled(), disk.dead]);
  return run.sender.state === 'done';
}

/** Names of files that are not in transfer. */
function finalNames(disk: PowerDisk): string[] {
  return [...disk.files().keys()].filter((name) => !/\.part(\.state~?)?$/.test(name));
}

function expectWhole(disk: PowerDisk, contents: readonly Uint8Array[]): void {
  for (const name of finalNames(disk)) {
    const found = disk.files().get(name)!;
    const isWhole = contents.some((content) => Buffer.compare(found, content) === 0);
    expect(isWhole, `${name} is whole`).toBe(true);
  }
}

/** What a state says to be durable is there. */
function expectDurable(disk: PowerDisk, contents: readonly Uint8Array[]): void {
  const files = disk.files();
  const part = files.get('/movie.mp4.part');
  const state = parseState(Buffer.from(files.get('/movie.mp4.part.state') ?? '').toString());
  if (part === undefined || state === undefined) return;
  const { durableBytes } = state;
  const isThere = contents.some(
    (content) =>
      Buffer.compare(part.subarray(0, durableBytes), content.subarray(0, durableBytes)) === 0,
  );
  expect(isThere, `${durableBytes} bytes are durable`).toBe(true);
}

/** A cut, a start, another try and another start: what the promise says of each. */
async function cutAndResend(cutAts: readonly number[], seed: number, luck: number): Promise<void> {
  const random = new Random(seed);
  let disk = new PowerDisk(cutAts[0]);
  let mayHave: readonly Uint8Array[] = [CONTENT];
  let wasDelivered = await transfer(disk, CONTENT);
  for (const cutAt of [...cutAts.slice(1), Infinity]) {
    disk = disk.restarted(random, luck, cutAt);
    expectWhole(disk, mayHave);
    if (mayHave.length === 1) expectDurable(disk, mayHave);
    // Delivered is said of what survives.
    if (wasDelivered) expect(finalNames(disk)).not.toEqual([]);
    const content = random.chance(0.3) ? OTHER : CONTENT;
    mayHave = [...mayHave, content];
    wasDelivered = (await transfer(disk, content)) || wasDelivered;
    expectWhole(disk, mayHave);
    if (disk.isDead) continue;
    // Also of what the power is lost right after.
    const found = [...disk.restarted(random, 0).files().values()];
    expect(found.some((bytes) => Buffer.compare(bytes, content) === 0)).toBe(true);
  }
  // What is left of the first try belongs to nobody: a later start removes it.
  disk = disk.restarted(random, 1);
  await new DiskInbox({ folder: INBOX, platform: 'posix', umask: 0, files: disk }).tidy();
  const finals = finalNames(disk);
  expect([...disk.files().keys()].sort()).toEqual(finals.sort());
  expect(finals.length).toBeLessThanOrEqual(cutAts.length + 1);
}

async function callCount(): Promise<number> {
  const disk = new PowerDisk();
  expect(await transfer(disk, CONTENT)).toBe(true);
  expect([...disk.files().keys()]).toEqual(['/movie.mp4']);
  return disk.callCount;
}

testPowerCuts({ what: 'a file comes', callCount, cutAndResend, latestCut: 40 });

test('killed at each change of the disk and sent again, what was delivered survives a loss of power', async () => {
  const count = await callCount();
  for (let cutAt = 1; cutAt <= count; cutAt++) {
    const killed = new PowerDisk(cutAt);
    await transfer(killed, CONTENT);
    const disk = killed.continued();
    expect(await transfer(disk, CONTENT), `killed at ${cutAt}`).toBe(true);
    const survived = disk.restarted(new Random(cutAt), 0);
    expect(finalNames(survived), `killed at ${cutAt}`).toEqual(['/movie.mp4']);
    expectWhole(survived, [CONTENT]);
  }
});
