import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Measure } from '../../bench/peers/measure.ts';
import type { Peer } from '../../bench/peers/peer.ts';
import { loopback, type Place } from '../../bench/peers/place.ts';
import type { Stage } from '../../bench/peers/stage.ts';

const SIZE_BYTES = 3_000_000;
let folder = '';
let measure: Measure;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'updraft-measure-'));
  measure = new Measure(folder);
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A program of this process, which takes half a second by its own clock. */
function peer(run: (stage: Stage) => void | Promise<void>): Peer {
  return {
    ...{ name: 'it', description: '', isEncrypted: false, target: 'replaced' },
    prepare: () => undefined,
    run: async (stage) => {
      await run(stage);
      return { startNs: 1e9, endNs: 1.5e9 };
    },
  };
}

const copy = peer(({ source, target }) => {
  copyFileSync(source, target);
});

function transfer(program: Peer, place: Place = loopback(1)): ReturnType<Measure['transfer']> {
  return measure.transfer(program, place, 0, SIZE_BYTES);
}

test('a transfer of the whole file has the speed of its own times', async () => {
  expect(await transfer(copy)).toMatchObject({ mbPerSec: 6, sizeBytes: SIZE_BYTES });
});

test('a program that leaves the file of the one before it where it is has sent nothing', async () => {
  await transfer(copy);
  const idle = await transfer(peer(() => undefined));
  expect(idle).toMatchObject({ mbPerSec: null, failure: 'another file has come' });
});

test.each<[string, (content: Buffer) => Buffer]>([
  ['too many', (content) => Buffer.concat([content, Buffer.alloc(1)])],
  ['too few', (content) => content.subarray(0, -1)],
  ['changed', (content) => (content.writeUInt8(content.at(-1)! ^ 1, SIZE_BYTES - 1), content)],
])('one byte %s is another file', async (_what, change) => {
  const wrong = peer(({ source, target }) => {
    writeFileSync(target, change(readFileSync(source)));
  });
  expect((await transfer(wrong)).failure).toBe('another file has come');
});

test('what one transfer leaves beside the file is gone before the next one', async () => {
  await transfer(
    peer(({ target }) => {
      writeFileSync(`${target}.part`, 'half');
    }),
  );
  let names: string[] = [];
  await transfer(peer(({ target }) => void (names = readdirSync(dirname(target)))));
  expect(names).toEqual([`file-${SIZE_BYTES}`]);
});

test('a program that does not end has failed after the time of its place, and the place is closed', async () => {
  const calls: string[] = [];
  const place: Place = {
    ...loopback(1),
    limitSec: 0.01,
    open: (seed) => Promise.resolve(void calls.push(`open ${seed}`)),
    close: () => Promise.resolve(void calls.push('close')),
  };
  const run = await transfer(
    peer(() => new Promise(() => undefined)),
    place,
  );
  expect(run.failure).toBe('not done after 0.01 s');
  expect(calls).toEqual(['open 1', 'close']);
});

test('after an interruption no transfer begins, and no file is left', async () => {
  await transfer(copy);
  await measure.interrupt();
  let hasBegun = false;
  void transfer(peer(() => void (hasBegun = true)));
  await new Promise((resolve) => setImmediate(resolve));
  expect(hasBegun).toBe(false);
  expect(existsSync(folder)).toBe(false);
});
