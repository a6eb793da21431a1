import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  MAX_BOARD_CHARACTERS,
  MAX_MESSAGES,
  MessageBoard,
} from '../../src/chat/core/message-board.ts';
import type { MessageView } from '../../src/chat/core/protocol.ts';

function stamp(atSecond: number): { atSecond: number; text: string } {
  return { atSecond, text: `t${atSecond}` };
}

const action = fc.oneof(
  fc.record({ do: fc.constant('post' as const), user: fc.constantFrom('a', 'b') }),
  fc.record({
    do: fc.constantFrom('edit' as const, 'delete' as const),
    user: fc.constantFrom('a', 'b'),
    number: fc.integer({ min: -1, max: 6 }),
    hasRightTime: fc.boolean(),
  }),
);

test('the board agrees with a plain list under any order of posts, edits and deletions', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const board = new MessageBoard();
      const model: Omit<MessageView, 'number'>[] = [];
      for (const [second, step] of actions.entries()) {
        const now = stamp(second);
        if (step.do === 'post') {
          board.post(step.user, `x${second}`, now);
          model.push({ user: step.user, text: `x${second}`, time: now.text, edited: false });
          continue;
        }
        const target = model[step.number - 1];
        const time = step.hasRightTime ? (target?.time ?? 'none') : 'wrong';
        const refusal = !target
          ? 'no-such-message'
          : !step.hasRightTime
            ? 'wrong-time'
            : target.user !== step.user
              ? 'not-the-author'
              : undefined;
        const answer =
          step.do === 'edit'
            ? board.edit(step.number, time, step.user, 'new', now)
            : board.delete(step.number, time, step.user);
        expect('refusal' in answer ? answer.refusal : undefined).toBe(refusal);
        if (refusal) continue;
        if (step.do === 'delete') model.splice(step.number - 1, 1);
        else model[step.number - 1] = { ...target!, text: 'new', time: now.text, edited: true };
      }
      const numbered = model.map((message, index) => ({ number: index + 1, ...message }));
      expect([...board.laterThan(-1)]).toEqual(numbered);
      const middle = Math.floor(actions.length / 2);
      expect([...board.laterThan(middle)]).toEqual(
        numbered.filter(({ time }) => Number(time.slice(1)) > middle),
      );
      expect([...board.logLines()]).toHaveLength(model.length);
    }),
  );
});

test('a reader misses nothing and sees nothing twice while earlier messages are deleted', () => {
  const board = new MessageBoard();
  for (let second = 0; second < 10; second += 1) board.post('a', `x${second}`, stamp(second));
  const reader = board.laterThan(-1);
  const seen = [reader.next().value, reader.next().value, reader.next().value];
  board.delete(2, 't1', 'a');
  board.delete(3, 't3', 'a'); // the next one
  seen.push(...reader);
  expect(seen.map((view) => view?.text)).toEqual('x0 x1 x2 x4 x5 x6 x7 x8 x9'.split(' '));
});

test('a full board forgets its oldest tenth and takes the new message', () => {
  const board = new MessageBoard();
  for (let count = 0; count < MAX_MESSAGES; count += 1) {
    board.post('a', `x${count}`, stamp(count));
  }
  expect(board.size).toBe(MAX_MESSAGES);
  expect(board.post('a', 'last', stamp(1))).toMatchObject({
    hasForgotten: true,
    view: { number: 90_001, text: 'last' },
  });
  expect(board.laterThan(-1).next().value).toMatchObject({ number: 1, text: 'x10000' });
});

test('a board that is full of long texts forgets as well, and deletions give their room back', () => {
  const board = new MessageBoard();
  const text = 'x'.repeat(4_096);
  const capacity = MAX_BOARD_CHARACTERS / text.length;
  for (let count = 0; count < capacity; count += 1) board.post('a', text, stamp(0));
  expect(board.size).toBe(capacity);
  board.delete(1, 't0', 'a');
  expect(board.post('a', text, stamp(0))).toMatchObject({ hasForgotten: false });
  expect(board.post('a', 'x', stamp(0))).toMatchObject({ hasForgotten: true });
  expect(board.size).toBeLessThan(capacity);
});
