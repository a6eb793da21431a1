import { expect, test } from 'vitest';
import {
  ComparisonAnswers,
  MAX_COMPARISONS,
  MAX_TOLD_USERS,
  NOTICE_INTERVAL_MS,
} from '../../src/chat/comparison-answers.ts';
import { reachLines } from '../../src/reach/reach-finding.ts';
import type { OpeningNotes } from '../../src/transfer/index.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeEndpoint } from './fake-endpoint.ts';

const KEY_ID = '00112233445566aa';
const NOTHING = { openCount: 0, scoutCount: 0, answerCount: 0 };

function setup(openingNotes?: () => Promise<OpeningNotes>) {
  const endpoint = new FakeEndpoint({});
  endpoint.notes.set(KEY_ID, { isAnswered: false, seen: NOTHING });
  if (openingNotes) endpoint.openingNotes = openingNotes;
  const clock = new FakeClock();
  const [said, warned]: [unknown[], string[]] = [[], []];
  const answers = new ComparisonAnswers({
    endpoint,
    link: {
      request: (frame) => {
        said.push(frame);
        return Promise.reject(new Error('the server has gone'));
      },
    },
    tools: { clock, ownNetworks: () => ['192.0.2.7/24'], platform: 'linux' },
    tell: (_, finding) => warned.push(...reachLines(finding)),
  });
  return { endpoint, clock, said, warned, answers };
}

type Compare = Parameters<ComparisonAnswers['handle']>[0];

function compareFrom(from: string, keyId: string = KEY_ID): Compare {
  const addresses = [{ address: '192.0.2.7', port: 6000 }];
  return { from, keyId, sent: { openCount: 5, scoutCount: 3, addresses } };
}

async function settle(): Promise<void> {
  for (let step = 0; step < 20; step++) await Promise.resolve();
}

test('the sender is told what arrived, and this side’s person what is in the way', async () => {
  const { answers, said, warned } = setup();
  answers.handle(compareFrom('derek'));
  await settle();
  expect(said).toEqual([{ type: 'saw', body: { keyId: KEY_ID, seen: NOTHING } }]);
  expect(warned[0]).toContain('derek sends to you, and nothing arrives here (8 datagrams to 192');
  expect(warned[1]).toContain('→ sudo ufw allow 6000/udp');
});

test('an introduction that is not expected here gets no word', async () => {
  const { answers, said, warned } = setup();
  answers.handle(compareFrom('derek', 'ffffffffffffffff'));
  await settle();
  expect([said, warned]).toEqual([[], []]);
});

test('whoever asks again and again is told each time, and this side’s person once a minute', async () => {
  const { answers, said, warned, clock } = setup();
  const ask = async (): Promise<void> => {
    answers.handle(compareFrom('derek'));
    await settle();
  };
  await ask();
  clock.advance(NOTICE_INTERVAL_MS - 1);
  await ask();
  expect(said).toHaveLength(2);
  expect(warned).toHaveLength(2);
  clock.advance(1);
  await ask();
  expect(warned).toHaveLength(4);
});

test('of so many users it is remembered that they were told of, and of no more', async () => {
  const { answers, warned } = setup();
  for (let index = 0; index <= MAX_TOLD_USERS; index++) {
    answers.handle(compareFrom(`user${index}`));
    await settle();
  }
  const count = warned.length;
  answers.handle(compareFrom(`user${MAX_TOLD_USERS}`));
  await settle();
  expect(warned).toHaveLength(count);
  answers.handle(compareFrom('user0'));
  await settle();
  expect(warned).toHaveLength(count + 2);
});

test('questions that come faster than the engine answers are bounded', async () => {
  let isAsked = 0;
  let answer: (notes: OpeningNotes) => void = () => undefined;
  const slow = new Promise<OpeningNotes>((resolve) => (answer = resolve));
  const { answers, said } = setup(() => {
    isAsked += 1;
    return slow;
  });
  for (let index = 0; index <= MAX_COMPARISONS; index++) answers.handle(compareFrom('derek'));
  expect(isAsked).toBe(MAX_COMPARISONS);
  answer({ isAnswered: false, seen: NOTHING });
  await settle();
  expect(said).toHaveLength(MAX_COMPARISONS);
  answers.handle(compareFrom('derek'));
  await settle();
  expect(said).toHaveLength(MAX_COMPARISONS + 1);
});
