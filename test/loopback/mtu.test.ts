import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { sideScript } from '../program/bench.ts';
import type { MtuOutcome } from './mtu-peer.ts';
import { makeRoutedLink, type RoutedLink, type RoutedMtus } from './routed-link.ts';

const children: ChildProcess[] = [];
const links: RoutedLink[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const link of links.splice(0)) link.remove();
});

/** Whether links can be made here. */
const probe = makeRoutedLink({ nearBytes: 1500, farBytes: 1500 });
probe?.remove();
const needs = '(needs root and ip)';

function run(namespace: string | undefined, ...args: (string | number)[]): ChildProcess {
  const node = [process.execPath, sideScript('loopback/mtu-peer'), ...args.map(String)];
  const all = namespace === undefined ? node : ['ip', 'netns', 'exec', namespace, ...node];
  const child = spawn(all[0]!, all.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return line;
}

/** Sends `bytes` over such a link. */
async function sendOver(mtus: RoutedMtus, bytes: number): Promise<MtuOutcome> {
  const link = makeRoutedLink(mtus)!;
  links.push(link);
  const port = await firstLine(run(link.receiving, 'receive', link.receivingHost));
  const { sending, sendingHost, receivingHost } = link;
  const sender = run(sending, 'send', sendingHost, bytes, receivingHost, port);
  return JSON.parse(await firstLine(sender)) as MtuOutcome;
}

test.skipIf(probe === undefined).each([
  [1400, 1372],
  [1500, 1472],
  [9000, 8972],
])(
  `behind an interface of MTU %i datagrams grow to %i, none in fragments ${needs}`,
  async (mtu, largest) => {
    const bytes = 100_000_000;
    const outcome = await sendOver({ nearBytes: mtu, farBytes: mtu }, bytes);
    expect(outcome.acknowledgedBytes).toBe(bytes);
    expect(outcome.datagramBytes).toBe(largest);
    expect(outcome.fragmentCount).toBe(0);
  },
);

test.skipIf(probe === undefined)(
  `behind a router with a smaller link datagrams stay below it, and none is in fragments ${needs}`,
  async () => {
    // Enough for a second probe: from the first on, the kernel would fragment it.
    const bytes = 400_000_000;
    const outcome = await sendOver({ nearBytes: 1500, farBytes: 1420 }, bytes);
    expect(outcome.acknowledgedBytes).toBe(bytes);
    expect(outcome.datagramBytes).toBeLessThanOrEqual(1420 - 28);
    expect(outcome.fragmentCount).toBe(0);
  },
);

test('over loopback datagrams grow to what 32,000 bytes hold', async () => {
  const port = await firstLine(run(undefined, 'receive', '127.0.0.1'));
  const sender = run(undefined, 'send', '127.0.0.1', 100_000_000, '127.0.0.1', port);
  const outcome = JSON.parse(await firstLine(sender)) as MtuOutcome;
  expect(outcome.acknowledgedBytes).toBe(100_000_000);
  // A stock kernel's receive buffer allows less.
  expect([31_972, 13_312]).toContain(outcome.datagramBytes);
});
