import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMPARE_AFTER_MS } from '../../src/chat/opening-comparer.ts';
import type { ReachTools } from '../../src/chat/reach-tools.ts';
import { type ClientFixture, enterClient } from './client-fixture.ts';
import { FakeClock } from './fake-clock.ts';
import { startFixture, temporaryFolder } from './server-fixture.ts';

const SENT = { openCount: 5, scoutCount: 3 };
const NOTHING = { openCount: 0, scoutCount: 0, answerCount: 0 };

interface Meeting {
  readonly jess: ClientFixture;
  readonly derek: ClientFixture;
  /** derek's. */
  readonly clock: FakeClock;
  readonly file: string;
  /** Ends the probe of a DOC. */
  readonly giveUp: () => void;
}

/** Two clients of one server; jess's engine sees nothing of what derek's sends. */
async function meeting(): Promise<Meeting> {
  const { server } = await startFixture();
  const clock = new FakeClock();
  let giveUp: () => void = () => undefined;
  const isGivenUp = new Promise<void>((resolve) => (giveUp = resolve));
  const reachTools: ReachTools = {
    clock,
    knock: () => Promise.resolve(undefined),
    ownNetworks: () => [],
    platform: 'linux',
    probe: async ({ addresses }) => {
      await isGivenUp;
      return { address: addresses[0]!, outcome: 'silent', sent: SENT };
    },
  };
  const jess = await enterClient(server.port, 'jess', { reachTools });
  const derek = await enterClient(server.port, 'derek', { reachTools });
  const folder = temporaryFolder();
  const file = join(folder, 'plans.pdf');
  writeFileSync(file, 'x');
  return { jess, derek, clock, file, giveUp };
}

/** Until jess's engine expects derek, who has waited long enough. */
async function wait({ jess, derek, clock }: Meeting): Promise<void> {
  const [expected] = await jess.endpoint().expectations(1);
  const { keyId } = expected!.introduction;
  jess.endpoint().notes.set(keyId, { isAnswered: false, seen: NOTHING });
  const sent = { ...SENT, sinceMs: COMPARE_AFTER_MS };
  derek.endpoint().notes.set(keyId, { isAnswered: false, sent });
  clock.advance(COMPARE_AFTER_MS);
}

test('a file that nobody answers is explained to both people, and goes on being tried', async () => {
  const both = await meeting();
  both.derek.console.type(`UPD jess '${both.file}'`);
  const [transfer] = await both.derek.endpoint().sends(1);
  await wait(both);
  await both.derek.console.warned('jess saw none of our 8 datagrams: a firewall there');
  await both.derek.console.warned('→ there: sudo ufw allow 6000/udp');
  await both.jess.console.warned('derek sends to you, and nothing arrives here (8 datagrams');
  expect(transfer!.state).toBe('running');
  transfer!.finish(1, 1);
  await both.derek.console.shown('plans.pdf has been delivered to jess');
});

test('a message that nobody answers is explained to both people', async () => {
  const both = await meeting();
  both.derek.console.type('DM jess hello');
  await both.derek.endpoint().messages(1);
  await wait(both);
  await both.derek.console.warned('jess saw none of our 8 datagrams');
  await both.jess.console.warned('derek sends to you, and nothing arrives here');
});

test('DOC says why nobody answers without sending anything, and the end of input waits for it', async () => {
  const both = await meeting();
  const { jess, derek, giveUp } = both;
  derek.console.type('DOC jess');
  derek.console.end();
  const [expected] = await jess.endpoint().expectations(1);
  jess.endpoint().notes.set(expected!.introduction.keyId, { isAnswered: false, seen: NOTHING });
  giveUp();
  const lines = await derek.console.shown('Bye, derek!');
  expect(lines.some((line) => line.startsWith('jess saw none of our 8 datagrams'))).toBe(true);
  expect(await derek.exit).toBe(0);
  expect(derek.endpoint().sent).toEqual([]);
});
