import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TransferList } from '../../src/chat/transfer-list.ts';
import { enterClient } from './client-fixture.ts';
import { FakeTransfer } from './fake-endpoint.ts';
import { startFixture, temporaryFolder } from './server-fixture.ts';

const CODE = 'lusab-babad-gutih-tugad';
const codeOf = (user: string): Promise<string | undefined> =>
  Promise.resolve(user === 'jess' ? CODE : undefined);

function listed(list: TransferList, transfer: FakeTransfer): () => void {
  const { direction, peer, name } = transfer;
  const cancel = (): void => {
    transfer.cancel();
  };
  return list.add({ direction, peer, name, transfer: () => transfer, cancel }).unlist;
}

test('a line says which, whose, how far, how fast, how long, in which state, with which code', async () => {
  const list = new TransferList();
  const movie = new FakeTransfer('send', 7, 'jess', 'movie.mp4');
  movie.progress = {
    transferredBytes: 12_100_000,
    totalBytes: 20_000_000,
    bytesPerSec: 3_950_000,
    stalledMs: 0,
  };
  const unlist = listed(list, movie);
  const evil = new FakeTransfer('receive', 8, 'derek', 'e\u001b[2Jvil');
  evil.state = 'stalled';
  evil.progress = { transferredBytes: 5, totalBytes: 10, bytesPerSec: 0, stalledMs: 7_000 };
  listed(list, evil);
  list.add({
    direction: 'send',
    peer: 'jess',
    name: 'next.txt',
    transfer: () => undefined,
    cancel: () => undefined,
  });
  expect(await list.lines(codeOf)).toEqual([
    `#1, to jess, movie.mp4, 12.1 MB of 20.0 MB, 4.0 MB/s, 2.0 s left, running, check code ${CODE}`,
    '#2, from derek, e\u241b[2Jvil, 5 B of 10 B, 0 B/s, - left, stalled 7s, check code -',
    `#3, to jess, next.txt, -, -, - left, waiting, check code ${CODE}`,
  ]);
  unlist();
  expect(await list.lines(codeOf)).toHaveLength(2);
});

test('a list without a transfer says so, and numbers are not used twice', async () => {
  const list = new TransferList();
  expect(await list.lines(codeOf)).toEqual(['no transfer']);
  listed(list, new FakeTransfer('send', 1, 'jess', 'a'))();
  listed(list, new FakeTransfer('send', 2, 'jess', 'b'));
  expect((await list.lines(codeOf))[0]).toMatch(/^#2, /);
  expect(list.cancel(1)).toBe('There is no transfer #1. XFR lists them.');
  expect(list.cancel(2)).toBe('Transfer #2 is being cancelled.');
});

test('XFR lists what is sent, waits and comes in; CAN ends one of either side', async () => {
  const { server } = await startFixture();
  const jess = await enterClient(server.port, 'jess');
  const derek = await enterClient(server.port, 'derek', { queue: 1 });
  const dir = temporaryFolder();
  for (const name of ['a', 'b', 'c']) writeFileSync(join(dir, name), 'x');
  derek.console.type(`UPD jess ${dir}/a ${dir}/b ${dir}/c`);
  await derek.endpoint().sends(1);
  const incoming = derek.endpoint().receive('jess', 'd', 10);
  derek.console.type('XFR');
  const lines = await derek.console.shown('#4');
  const code = /check code ([a-z-]{23})$/.exec(lines[0]!)![1]!;
  expect(lines).toEqual([
    `#1, to jess, a, 0 B of 0 B, 0 B/s, - left, running, check code ${code}`,
    `#2, to jess, b, -, -, - left, waiting, check code ${code}`,
    `#3, to jess, c, -, -, - left, waiting, check code ${code}`,
    `#4, from jess, d, 0 B of 10 B, 0 B/s, - left, running, check code ${code}`,
  ]);
  await jess.endpoint().expectations(1);
  jess.endpoint().receive('derek', 'a', 10);
  jess.console.type('XFR');
  expect((await jess.console.shown('#1'))[0]).toMatch(new RegExp(`check code ${code}$`));

  derek.console.type('CAN 2', 'CAN #4', 'CAN 9');
  expect(await derek.console.shown('There is no transfer #9')).toEqual([
    'Transfer #2 is being cancelled.',
    'Transfer #4 is being cancelled.',
    'd from jess was not received: cancelled.',
    'There is no transfer #9. XFR lists them.',
  ]);
  expect(incoming.state).toBe('failed');
  derek.console.type('CAN 1');
  expect(await derek.console.shown('b could not')).toEqual([
    'Transfer #1 is being cancelled.',
    'a could not be delivered to jess: cancelled.',
    'b could not be delivered to jess: cancelled.',
  ]);
  const [, third] = await derek.endpoint().sends(2);
  expect(third!.name).toBe('c');
  third!.finish(1, 1);
  await derek.console.shown('c has been delivered');
  derek.console.type('XFR');
  expect(await derek.console.shown('no transfer')).toHaveLength(1);
});
