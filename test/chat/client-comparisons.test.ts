import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMPARE_AFTER_MS } from '../../src/chat/opening-comparer.ts';
import type { ChatClientOptions } from '../../src/chat/client.ts';
import type { ReachTools } from '../../src/chat/reach-tools.ts';
import type { UpdEvent } from '../../src/report/events.ts';
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
async function meeting(
  ofJess: Partial<ChatClientOptions> = {},
  ofDerek: Partial<ChatClientOptions> = {},
): Promise<Meeting> {
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
  const jess = await enterClient(server.port, 'jess', { reachTools, ...ofJess });
  const derek = await enterClient(server.port, 'derek', { reachTools, ...ofDerek });
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

test('a file that nobody answers is explained to both people and to a script of the other side, and goes on being tried', async () => {
  const events: UpdEvent[] = [];
  const both = await meeting({ onEvent: (event) => events.push(event) });
  both.derek.console.type(`UPD jess '${both.file}'`);
  const [transfer] = await both.derek.endpoint().sends(1);
  await wait(both);
  await both.derek.console.warned('jess saw none of our 8 datagrams: a firewall there');
  await both.derek.console.warned('→ there: sudo ufw allow 6000/udp');
  await both.jess.console.warned('derek sends to you, and nothing arrives here (8 datagrams');
  expect(transfer!.state).toBe('running');
  transfer!.finish(1, 1);
  await both.derek.console.shown('plans.pdf has been delivered to jess');
  expect(events).toMatchObject([
    {
      ...{ t: 'unreached', direction: 'receive', peer: 'derek' },
      likely: [{ cause: 'loopback-address', next: [expect.stringContaining('log in with the')] }],
    },
  ]);
});

test('a file that is given up says why once more, in its last lines and in its last event', async () => {
  const events: UpdEvent[] = [];
  for (const options of [{}, { onEvent: (event: UpdEvent) => events.push(event) }]) {
    const both = await meeting({}, options);
    const { console, endpoint } = both.derek;
    console.type(`UPD jess '${both.file}'`);
    const [transfer] = await endpoint().sends(1);
    await wait(both);
    await console.warned('→ there: sudo ufw allow 6000/udp');
    const toldCount = console.errors.length;
    transfer!.fail('unanswered', 'no answer');
    const line = 'plans.pdf could not be delivered to jess: no answer.';
    if ('onEvent' in options) await console.warned(line);
    else expect(await console.shown('could not')).toEqual([line]);
    const told = console.errors.slice(toldCount);
    expect(told.filter((text) => text !== line && !text.endsWith(': ended'))).toEqual([
      expect.stringMatching(/^jess saw none of our 8 datagrams: a firewall there/),
      expect.stringMatching(/^ {2}→ there: sudo ufw allow 6000\/udp/),
    ]);
  }
  const likely = [
    {
      cause: 'nothing-arrives',
      message: expect.stringMatching(/^jess saw none of our 8 datagrams/) as string,
      next: [expect.stringMatching(/^there: sudo ufw allow 6000\/udp/) as string],
    },
  ];
  expect(events).toMatchObject([
    { t: 'offer' },
    { t: 'unreached', direction: 'send', peer: 'jess', likely },
    { t: 'error', code: 'unanswered', exit: 6, message: 'no answer', likely },
  ]);
});

test('a failure of another kind has no cause of silence, though one was told', async () => {
  const events: UpdEvent[] = [];
  const both = await meeting({}, { onEvent: (event) => events.push(event) });
  both.derek.console.type(`UPD jess '${both.file}'`);
  const [transfer] = await both.derek.endpoint().sends(1);
  await wait(both);
  await both.derek.console.warned('→ there: sudo ufw allow 6000/udp');
  transfer!.fail('refused', 'refused by the receiver');
  await both.derek.console.warned('could not be delivered');
  expect(events.at(-1)).toMatchObject({ t: 'error', code: 'refused' });
  expect(events.at(-1)).not.toHaveProperty('likely');
});

test('a message that nobody answers is explained to both people, and once more when it is given up', async () => {
  const both = await meeting();
  both.derek.console.type('DM jess hello');
  const [message] = await both.derek.endpoint().messages(1);
  await wait(both);
  await both.derek.console.warned('jess saw none of our 8 datagrams');
  await both.jess.console.warned('derek sends to you, and nothing arrives here');
  const toldCount = both.derek.console.errors.length;
  message!.fail('unanswered', 'no answer');
  await both.derek.console.shown('Message to jess could not be delivered: no answer.');
  expect(both.derek.console.errors.slice(toldCount)[0]).toContain('jess saw none of our 8');
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
