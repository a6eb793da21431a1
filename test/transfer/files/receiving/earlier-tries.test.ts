import { expect, test } from 'vitest';
import {
  ANSWER_WAIT_MS,
  EarlierTries,
  type Try,
} from '../../../../src/transfer/files/receiving/earlier-tries.ts';
import type { OfferedEntry } from '../../../../src/transfer/files/records/offer.ts';
import { offeredFile } from '../memory-disk.ts';

/** A clock that a wait moves on at once. */
let nowUs = 1_000_000;

/** A receive whose sender may be there: then it answers each ping a millisecond later. */
class FakeTry implements Try {
  readonly peer: string;
  readonly topEntries: readonly OfferedEntry[];
  isOver = false;
  hasGivenWay = false;
  pingCount = 0;
  end: () => void = () => undefined;
  readonly done: Promise<void> = new Promise((resolve) => (this.end = resolve));
  readonly connection: Try['connection'];

  constructor(options: { peer?: string; name?: string; isThere?: boolean; isTalking?: boolean }) {
    this.peer = options.peer ?? 'derek';
    this.topEntries = [offeredFile({ name: options.name ?? 'movie.mp4' })];
    let heardAtUs = nowUs;
    this.connection = {
      isClosed: false,
      get silentSinceUs() {
        return options.isTalking === true ? nowUs : heardAtUs;
      },
      ping: () => {
        this.pingCount++;
        if (options.isThere === true) heardAtUs = nowUs + 1_000;
      },
    };
  }

  giveWay(): void {
    this.hasGivenWay = true;
    this.isOver = true;
    this.end();
  }
}

function triesOf(...running: readonly FakeTry[]): EarlierTries {
  const tries = new EarlierTries({
    nowUs: () => nowUs,
    after: (delayMs, action) => {
      nowUs += delayMs * 1_000;
      setImmediate(action);
    },
    wake: () => undefined,
  });
  for (const one of running) tries.add(one);
  return tries;
}

test('a receive whose sender does not answer gives way to the next try, within two seconds', async () => {
  const [earlier, next] = [new FakeTry({}), new FakeTry({})];
  const startUs = nowUs;
  await triesOf(earlier, next).endBefore(next);
  expect([earlier.hasGivenWay, next.hasGivenWay]).toEqual([true, false]);
  expect(nowUs - startUs).toBe(ANSWER_WAIT_MS * 1_000);
});

test.each([
  ['answers', { isThere: true }],
  ['sends all the time', { isTalking: true }],
])('a receive whose sender %s goes on beside the new one', async (_what, options) => {
  const [earlier, next] = [new FakeTry(options), new FakeTry({})];
  await triesOf(earlier, next).endBefore(next);
  expect(earlier.hasGivenWay).toBe(false);
});

test.each([
  ['another sender', { peer: 'jess' }],
  ['another file', { name: 'other.mp4' }],
])('the receive of %s is not asked', async (_what, options) => {
  const [earlier, next] = [new FakeTry(options), new FakeTry({})];
  await triesOf(earlier, next).endBefore(next);
  expect([earlier.hasGivenWay, earlier.pingCount]).toEqual([false, 0]);
});

test('one that is ending is waited for', async () => {
  const [earlier, next] = [new FakeTry({}), new FakeTry({})];
  earlier.isOver = true;
  let isFree = false;
  const free = triesOf(earlier, next)
    .endBefore(next)
    .then(() => (isFree = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isFree).toBe(false);
  earlier.end();
  await free;
  expect(earlier.hasGivenWay).toBe(false);
});
