import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { MAX_OPEN_QUESTIONS, OfferQuestions } from '../../src/chat/offer-questions.ts';
import { TransferList } from '../../src/chat/transfer-list.ts';
import type { Offer } from '../../src/transfer/index.ts';
import { enterClient, type ClientFixture } from './client-fixture.ts';
import { startFixture } from './server-fixture.ts';

const REFUSED = 'refused by the receiver';
const GIVE_UP_MS = 300_000;

let list: TransferList;
let questions: OfferQuestions;
/** What was asked, as a person reads it. */
let asked: string[];

beforeEach(() => {
  list = new TransferList();
  asked = [];
  const onQuestion = (_id: number, _offer: Offer, line: string): void => void asked.push(line);
  questions = new OfferQuestions({ list, giveUpMs: GIVE_UP_MS, onQuestion });
});

function offerOf(changes: Partial<Offer> = {}): Offer {
  const { signal } = new AbortController();
  const film = { from: 'derek', name: 'film', sizeBytes: 20_000_000, kind: 'file' } as const;
  return { ...film, isAlone: true, signal, ...changes };
}

function waiting(): Promise<readonly string[]> {
  return list.lines(() => Promise.resolve(undefined));
}

test('each offer is a question with its sender, name, size and number, and without control characters', () => {
  void questions.ask(offerOf({ name: 'f\u001b[2Jilm' }));
  void questions.ask(offerOf({ from: 'steve', name: 'photos', kind: 'folder' }));
  void questions.ask(offerOf({ sizeBytes: undefined }));
  expect(asked).toEqual([
    'derek wants to send f\u241b[2Jilm (20.0 MB): YES 1 receives it, NO 1 refuses it.',
    'steve wants to send photos (a folder, 20.0 MB): YES 2 receives it, NO 2 refuses it.',
    'derek wants to send film (a stream): YES 3 receives it, NO 3 refuses it.',
  ]);
});

test('several offers are answered one by one, in any order, and no answer is for another one', async () => {
  const [one, two, three] = ['one', 'two', 'three'].map((name) => questions.ask(offerOf({ name })));
  expect(questions.answer(false, undefined)).toEqual([
    '3 offers wait for an answer: NO id, or NO all. XFR lists them.',
  ]);
  expect(questions.answer(true, 2)).toEqual(['two from derek: accepted.']);
  expect(await two).toBeUndefined();
  expect(questions.answer(true, 2)).toEqual(['No offer #2 waits for an answer. XFR lists them.']);
  expect(questions.answer(false, 1)).toEqual(['one from derek: refused.']);
  expect(await one).toBe(REFUSED);
  // Only one is left.
  expect(questions.answer(true, undefined)).toEqual(['three from derek: accepted.']);
  expect(await three).toBeUndefined();
  expect(questions.answer(true, undefined)).toEqual(['No offer waits for an answer.']);
  expect(await waiting()).toEqual(['no transfer']);
});

test('"all" answers what waits, and nothing that comes later', async () => {
  const early = ['one', 'two'].map((name) => questions.ask(offerOf({ name })));
  expect(questions.answer(true, 'all')).toHaveLength(2);
  expect(await Promise.all(early)).toEqual([undefined, undefined]);
  void questions.ask(offerOf({ name: 'late' }));
  expect(await waiting()).toEqual([
    '#3, from derek, late, -, -, - left, waiting for YES or NO, check code -',
  ]);
});

test('CAN refuses an offer that waits', async () => {
  const answer = questions.ask(offerOf());
  expect(list.cancel(1)).toBe('Transfer #1 is being cancelled.');
  expect(await answer).toBe(REFUSED);
});

test('a question that nobody answers refuses after --give-up, not before, and leaves nothing', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const answer = questions.ask(offerOf());
  vi.advanceTimersByTime(GIVE_UP_MS - 1);
  expect(await waiting()).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(await answer).toBe('nobody confirmed it within 5:00 min');
  expect(await waiting()).toEqual(['no transfer']);
  expect(vi.getTimerCount()).toBe(0);
});

test('no more questions are open than the limit, and there is room again after an answer', async () => {
  const open = Array.from({ length: MAX_OPEN_QUESTIONS }, () => questions.ask(offerOf()));
  const tooMany = `${MAX_OPEN_QUESTIONS} offers wait for an answer there already`;
  expect(await questions.ask(offerOf())).toBe(tooMany);
  expect(asked).toHaveLength(MAX_OPEN_QUESTIONS);
  questions.answer(false, 1);
  expect(await open[0]).toBe(REFUSED);
  void questions.ask(offerOf());
  expect(asked).toHaveLength(MAX_OPEN_QUESTIONS + 1);
});

test('a sender that is gone takes its question along', async () => {
  const gone = new AbortController();
  const answer = questions.ask(offerOf({ signal: gone.signal }));
  gone.abort();
  await answer;
  expect(questions.answer(true, undefined)).toEqual(['No offer waits for an answer.']);
  expect(await questions.ask(offerOf({ signal: gone.signal }))).toBe(REFUSED);
  expect(asked).toHaveLength(1);
});

/** What `onOffer` of a client answers. */
function offerTo({ endpoint }: ClientFixture, name: string): Promise<unknown> {
  const { onOffer } = endpoint().options;
  return Promise.resolve(onOffer!({ ...offerOf({ name }), offeredBytes: 20_000_000 }));
}

test('a client that confirms asks, lets in and refuses at its prompt, and refuses all once it logs out', async () => {
  const { server } = await startFixture();
  const jess = await enterClient(server.port, 'jess', { isConfirming: true });
  const [film, other] = [offerTo(jess, 'film'), offerTo(jess, 'other')];
  await jess.console.shown('derek wants to send other');
  jess.console.type('no 2', 'YES');
  expect(await jess.console.shown('film')).toEqual([
    'other from derek: refused.',
    'film from derek: accepted.',
  ]);
  expect(await Promise.all([film, other])).toEqual([
    { storedName: 'derek_film' },
    { refuse: REFUSED },
  ]);
  const last = offerTo(jess, 'last');
  await jess.console.shown('derek wants to send last');
  jess.console.type('OUT');
  expect(await last).toEqual({ refuse: REFUSED });
  expect(await jess.exit).toBe(0);
  expect(await offerTo(jess, 'after')).toEqual({ refuse: REFUSED });
});

test('a client that does not confirm asks nothing', async () => {
  const { server } = await startFixture();
  const jess = await enterClient(server.port, 'jess');
  expect(await offerTo(jess, 'film')).toEqual({ storedName: 'derek_film' });
  jess.console.type('YES');
  expect(await jess.console.shown('offer')).toEqual(['No offer waits for an answer.']);
});
