import { beforeEach, expect, test } from 'vitest';
import {
  COMPARE_AFTER_MS,
  COMPARE_ANSWER_MS,
  OpeningComparer,
  type OwnIntroduction,
} from '../../src/chat/opening-comparer.ts';
import { LinkError } from '../../src/chat/io/server-link.ts';
import { reachLines } from '../../src/reach/reach-finding.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeEndpoint } from './fake-endpoint.ts';

const KEY_ID = '00112233445566aa';
/** What the issue promises of the whole. */
const LEARNS_WITHIN_MS = 10_000;

function introduction(changes: Partial<OwnIntroduction> = {}): OwnIntroduction {
  const addresses = [{ address: '192.0.2.7', port: 6000 }];
  return { to: 'jess', key: { keyId: KEY_ID }, addresses, compares: true, ...changes };
}

let clock: FakeClock;
let endpoint: FakeEndpoint;
let warned: string[];
let asked: unknown[];
/** How the server answers a `compare`. */
let passOn: () => Promise<unknown>;
let comparer: OpeningComparer;

beforeEach(() => {
  clock = new FakeClock();
  endpoint = new FakeEndpoint({});
  [warned, asked] = [[], []];
  passOn = () => Promise.resolve([{ type: 'comparing', body: { request: 1 } }]);
  comparer = new OpeningComparer({
    endpoint,
    link: {
      localAddress: '198.51.100.3',
      request: (frame) => {
        asked.push(frame);
        return passOn() as never;
      },
    },
    tools: {
      clock,
      knock: () => Promise.resolve(undefined),
      ownNetworks: () => ['198.51.100.3/24'],
      platform: 'linux',
    },
    tell: (_, finding) => warned.push(...reachLines(finding)),
  });
});

/** What the endpoint says of the opening. */
function note(sinceMs: number, openCount = 5, scoutCount = 3): void {
  endpoint.notes.set(KEY_ID, { isAnswered: false, sent: { sinceMs, openCount, scoutCount } });
}

/** Lets promises that can go on do so. */
async function settle(): Promise<void> {
  for (let step = 0; step < 30; step++) await Promise.resolve();
}

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await settle();
}

const NOTHING = { openCount: 0, scoutCount: 0, answerCount: 0 };

test('the other side is asked after four seconds without an answer, and what it saw is judged', async () => {
  comparer.watch(introduction());
  await pass(COMPARE_AFTER_MS - 1);
  expect(asked).toEqual([]);
  note(COMPARE_AFTER_MS);
  await pass(1);
  expect(asked).toEqual([
    {
      type: 'compare',
      body: {
        to: 'jess',
        keyId: KEY_ID,
        sent: {
          openCount: 5,
          scoutCount: 3,
          addresses: [{ address: '192.0.2.7', port: 6000 }],
        },
      },
    },
  ]);
  expect(warned).toEqual([]);
  comparer.handleSaw({ keyId: KEY_ID, seen: NOTHING });
  await settle();
  expect(warned[0]).toMatch(/^jess saw none of our 8 datagrams: a firewall there/);
  expect(warned[1]).toContain('sudo ufw allow 6000/udp');
  expect(warned).toHaveLength(2);
});

test('also when the other side says nothing at all, the sender learns it within ten seconds', async () => {
  comparer.watch(introduction());
  note(COMPARE_AFTER_MS);
  await pass(COMPARE_AFTER_MS);
  await pass(COMPARE_ANSWER_MS - 1);
  expect(warned).toEqual([]);
  await pass(1);
  expect(warned[0]).toContain('does not say what arrived there');
  expect(clock.monotonicMs()).toBeLessThan(LEARNS_WITHIN_MS);
});

test('the four seconds count from the first datagram, not from when the source was looked at', async () => {
  comparer.watch(introduction());
  await pass(COMPARE_AFTER_MS); // nothing was sent yet
  note(500);
  await pass(1_000);
  expect(asked).toEqual([]);
  note(COMPARE_AFTER_MS);
  await pass(COMPARE_AFTER_MS - 500);
  expect(asked).toHaveLength(1);
});

test('an opening that was answered, or ended, is asked about no more', async () => {
  comparer.watch(introduction());
  endpoint.notes.set(KEY_ID, { isAnswered: true });
  await pass(COMPARE_AFTER_MS);
  note(COMPARE_AFTER_MS);
  comparer.watch(introduction()).end();
  await pass(10 * COMPARE_AFTER_MS);
  expect(asked).toEqual([]);
  expect(warned).toEqual([]);
});

test('what is answered while the other side is asked needs no line', async () => {
  comparer.watch(introduction());
  note(COMPARE_AFTER_MS);
  await pass(COMPARE_AFTER_MS);
  endpoint.notes.set(KEY_ID, { isAnswered: true });
  comparer.handleSaw({ keyId: KEY_ID, seen: NOTHING });
  await settle();
  expect(warned).toEqual([]);
});

test.each<[string, Partial<OwnIntroduction>, (() => Promise<unknown>) | undefined]>([
  ['an older client is not asked', { compares: false }, undefined],
  ['one of an older server is not asked', { compares: undefined as never }, undefined],
])('%s, and the cause is told at once', async (_, changes, pass_) => {
  passOn = pass_ ?? passOn;
  comparer.watch(introduction(changes));
  note(COMPARE_AFTER_MS);
  await pass(COMPARE_AFTER_MS);
  expect(asked).toEqual([]);
  expect(warned[0]).toContain('jess does not answer (8 datagrams to 192.0.2.7:6000)');
});

test.each<[string, () => Promise<unknown>]>([
  ['refuses', () => Promise.resolve([{ type: 'refused', body: { request: 1, reason: 'busy' } }])],
  ['is gone', () => Promise.reject(new LinkError('the server closed the connection'))],
])('a server that %s does not keep the sender waiting', async (_, answer) => {
  passOn = answer;
  comparer.watch(introduction());
  note(COMPARE_AFTER_MS);
  await pass(COMPARE_AFTER_MS);
  expect(warned[0]).toContain('does not say what arrived there');
});

test('many files for one user are one question’s lines, and later ones are told again', async () => {
  const ends = [1, 2, 3].map((index) => {
    const keyId = KEY_ID.slice(0, -1) + String(index);
    endpoint.notes.set(keyId, {
      isAnswered: false,
      sent: { sinceMs: COMPARE_AFTER_MS, openCount: 5, scoutCount: 3 },
    });
    return comparer.watch(introduction({ key: { keyId }, compares: false }));
  });
  await pass(COMPARE_AFTER_MS);
  expect(warned).toHaveLength(2);
  for (const { end } of ends) end();
  comparer.watch(introduction({ compares: false }));
  note(COMPARE_AFTER_MS);
  await pass(COMPARE_AFTER_MS);
  expect(warned).toHaveLength(4);
});

test('what was found out of a user is known of each opening to them, also when it has ended', async () => {
  const [first, second] = [1, 2].map((index) => {
    const keyId = KEY_ID.slice(0, -1) + String(index);
    const sent = { sinceMs: COMPARE_AFTER_MS, openCount: 5, scoutCount: 3 };
    endpoint.notes.set(keyId, { isAnswered: false, sent });
    return comparer.watch(introduction({ key: { keyId }, compares: false }));
  });
  expect(first!.findings()).toEqual([]);
  await pass(COMPARE_AFTER_MS);
  first!.end();
  second!.end();
  for (const { findings } of [first!, second!]) {
    expect(findings()).toMatchObject([
      { cause: 'silent', steps: [expect.stringContaining('6000')] },
    ]);
  }
  expect(comparer.watch(introduction()).findings()).toEqual([]);
});

test('an answer that nobody asked for means nothing', async () => {
  comparer.handleSaw({ keyId: KEY_ID, seen: NOTHING });
  await settle();
  expect(warned).toEqual([]);
});
