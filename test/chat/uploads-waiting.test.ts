import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Refusal, refusals } from '../../src/chat/core/protocol.ts';
import { Introducer } from '../../src/chat/introducer.ts';
import { TransferList } from '../../src/chat/transfer-list.ts';
import { Uploads } from '../../src/chat/uploads.ts';
import { FakeEndpoint } from './fake-endpoint.ts';
import { enterClient } from './client-fixture.ts';
import { noComparer } from './no-comparer.ts';
import { lineReporter } from './line-reporter.ts';
import { startFixture, temporaryFolder } from './server-fixture.ts';

const KEY = { keyId: '00'.repeat(8), secret: '00'.repeat(32), peerKey: '00'.repeat(32) };
const FULL = 'Much is on its way to derek: the rest waits for the server.';

interface Setup {
  readonly uploads: Uploads;
  readonly introducer: Introducer;
  readonly endpoint: FakeEndpoint;
  readonly printed: string[];
  readonly warned: string[];
  readonly asked: () => number;
  readonly path: string;
}

/** Uploads to a server that refuses for these reasons, one after the other, and then introduces. */
function uploadsTo(reasons: Iterator<Refusal>): Setup {
  const endpoint = new FakeEndpoint({});
  const [printed, warned]: string[][] = [[], []];
  let asked = 0;
  const request = (): Promise<never> => {
    asked++;
    const next = reasons.next();
    const answer =
      next.done === true
        ? { type: 'introduced', body: { request: 1, to: 'derek', key: KEY, addresses: [] } }
        : { type: 'refused', body: { request: 1, reason: next.value } };
    return Promise.resolve([answer] as never);
  };
  const warn = (line: string): void => void warned!.push(line);
  const trust = { judge: () => Promise.resolve({ isTrusted: true } as const) };
  const introducer = new Introducer({ link: { request }, trust, warn });
  const path = join(temporaryFolder(), 'a');
  writeFileSync(path, 'x');
  const uploads = new Uploads({
    self: 'jess',
    introducer,
    comparer: noComparer,
    list: new TransferList(),
    endpoint,
    concurrency: 2,
    giveUpMs: 5_000,
    reporter: lineReporter((line) => printed!.push(line), warn),
  });
  return {
    uploads,
    introducer,
    endpoint,
    printed: printed!,
    warned: warned!,
    asked: () => asked,
    path,
  };
}

function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
}

function* forever(reason: Refusal): Generator<Refusal> {
  for (;;) yield reason;
}

test('files beyond what the server introduces at once wait and are sent, and one line says so', async () => {
  fakeTimers();
  const reasons: readonly Refusal[] = ['too-fast', 'too-fast', 'busy'];
  const { uploads, endpoint, printed, warned, path } = uploadsTo(reasons.values());
  await uploads.add('derek', path);
  await uploads.add('derek', path);
  const sends = endpoint.sends(2);
  await vi.advanceTimersByTimeAsync(10_000);
  for (const transfer of await sends) transfer.finish(1, 1);
  await uploads.idle();
  expect(printed).toHaveLength(2);
  for (const line of printed) expect(line).toContain('a has been delivered to derek');
  expect(warned.filter((line) => line === FULL)).toHaveLength(1);
});

test('a server that stays full is asked for two minutes, then the file fails with one line', async () => {
  fakeTimers();
  const { uploads, printed, asked, path } = uploadsTo(forever('too-fast'));
  await uploads.add('derek', path);
  await vi.advanceTimersByTimeAsync(117_999);
  expect(printed).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  await uploads.idle();
  expect(asked()).toBe(60);
  expect(printed).toEqual([
    'a could not be delivered to derek: too fast: wait a moment and try again.',
  ]);
});

test.each([
  ['/', '/'],
  ['.', basename(process.cwd())],
])('%s is called %s when its sending fails', async (path, name) => {
  const { uploads, printed } = uploadsTo(['unknown-user'].values() as Iterator<Refusal>);
  await uploads.add('derek', path);
  await uploads.idle();
  expect(printed).toEqual([
    expect.stringMatching(new RegExp(`^${name} could not be delivered to derek: [a-z].*`)),
  ]);
});

test('what waits for the server is cancelled at once when all is aborted', async () => {
  fakeTimers();
  const { uploads, introducer, printed, warned, asked, path } = uploadsTo(forever('busy'));
  await uploads.add('derek', path);
  await vi.waitUntil(() => warned.length === 1, { timeout: 40_000 });
  introducer.abort();
  uploads.abort();
  await uploads.idle();
  expect(asked()).toBe(1);
  expect(printed).toEqual(['a could not be delivered to derek: cancelled.']);
});

test('every other refusal is final', async () => {
  for (const reason of refusals) {
    if (reason === 'too-fast' || reason === 'busy') continue;
    const { uploads, asked, printed, path } = uploadsTo(forever(reason));
    await uploads.add('derek', path);
    await uploads.idle();
    expect(asked(), reason).toBe(1);
    expect(printed[0]).toMatch(/^a could not be delivered to derek: [a-z].*\.$/);
  }
});

test('a hundred small files in one UPD are more than a real server introduces in a minute, and none fails', async () => {
  const { server, clock } = await startFixture();
  const derek = await enterClient(server.port, 'derek');
  const { console, endpoint, exit } = await enterClient(server.port, 'jess');
  fakeTimers();
  const dir = temporaryFolder();
  const paths = Array.from({ length: 100 }, (_, index) => join(dir, `${index}`));
  for (const path of paths) writeFileSync(path, 'x');
  console.type(`UPD derek ${paths.join(' ')}`);
  const finishTo = async (count: number): Promise<void> => {
    for (let sent = 1; sent <= count; sent++) {
      const transfer = (await endpoint().sends(sent))[sent - 1]!;
      if (transfer.state === 'running') transfer.finish(1, 1);
    }
  };
  await finishTo(64);
  await console.warned(FULL);
  for (let seconds = 0; seconds < 60; seconds += 5) {
    clock.advance(5_000);
    // Their pongs came before this, so nobody falls silent.
    for (const client of [console, derek.console]) {
      client.type('ATU');
      await client.shown('active since');
    }
  }
  vi.advanceTimersByTime(2_000);
  await finishTo(100);
  console.type('OUT');
  expect(await exit).toBe(0);
  expect(console.rest().filter((line) => line.includes('could not'))).toEqual([]);
  expect(
    endpoint()
      .sent.map(({ request }) => basename(request.paths[0]!))
      .sort(),
  ).toEqual(paths.map((path) => basename(path)).sort());
});
