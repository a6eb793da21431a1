import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { sideScript } from '../program/bench.ts';
import { makeSlowLink, type SlowLink } from './slow-link.ts';

const COUNT = 6_000;
const link = makeSlowLink();

const children: ChildProcess[] = [];

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  link?.remove();
});

interface Outcome {
  /** Times that libuv was seen to hold a pointer. */
  readonly heldCount: number;
  readonly receivedCount: number;
  readonly alteredCount: number;
  readonly distinctCount: number;
}

/** Sends `COUNT` datagrams, each with a content of its own, over the slow link. */
async function blast(over: SlowLink, port: number, rule: 'heed' | 'ignore'): Promise<Outcome> {
  const run = (namespace: string, ...args: (string | number)[]): ChildProcess => {
    const node = [process.execPath, sideScript('loopback/slow-interface-peer')];
    const all = ['netns', 'exec', namespace, ...node, ...args.map(String)];
    const child = spawn('ip', all, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  };
  const receiving = run(over.receiving, 'receive', over.receivingHost, port, COUNT);
  const lines = createInterface({ input: receiving.stdout! })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('ready');
  const args = ['send', over.sendingHost, port, COUNT, over.receivingHost, rule];
  const sending = run(over.sending, ...args);
  const [told] = (await once(createInterface({ input: sending.stdout! }), 'line')) as [string];
  const { value: heard } = (await lines.next()) as { value: string };
  return { ...JSON.parse(told), ...JSON.parse(heard) } as Outcome;
}

test.skipIf(link === undefined)(
  'no datagram is altered on an interface so slow that libuv queues (needs root, ip, tc, tbf)',
  async () => {
    const outcome = await blast(link!, 4_001, 'heed');
    expect(outcome.heldCount).toBeGreaterThan(0);
    expect(outcome.alteredCount).toBe(0);
    expect(outcome.distinctCount).toBe(COUNT);
  },
);

test.skipIf(link === undefined)(
  'a driver that does not see the queue alters datagrams there (needs root, ip, tc, tbf)',
  async () => {
    const outcome = await blast(link!, 4_002, 'ignore');
    expect(outcome.heldCount).toBeGreaterThan(0);
    // Overwritten: the content, or the number with it, so that one comes twice and one never.
    expect(outcome.distinctCount).toBeLessThan(COUNT);
  },
);
