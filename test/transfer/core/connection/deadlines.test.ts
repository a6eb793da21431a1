import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  Deadline,
  Deadlines,
  type Timed,
} from '../../../../src/transfer/core/connection/deadlines.ts';

class Clocked implements Timed {
  readonly deadline = new Deadline();
  readonly handle: number;
  atUs: number;
  lookCount = 0;

  constructor(handle: number, atUs: number) {
    this.handle = handle;
    this.atUs = atUs;
  }

  get nextTimeoutUs(): number {
    this.lookCount++;
    return this.atUs;
  }
}

const timeUs = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant(Infinity));
const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), atUs: timeUs }),
  fc.record({ do: fc.constant('change' as const), which: fc.nat(), atUs: timeUs }),
  fc.record({ do: fc.constant('remove' as const), which: fc.nat() }),
  fc.record({ do: fc.constant('due' as const), nowUs: fc.integer({ min: 0, max: 50 }) }),
);

test('the next deadline and who is due are those of a search through all', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const deadlines = new Deadlines<Clocked>();
      const members: Clocked[] = [];
      let handle = 0;
      for (const action of steps) {
        if (action.do === 'add') {
          const member = new Clocked(handle++, action.atUs);
          members.push(member);
          deadlines.add(member);
        } else if (action.do === 'due') {
          const { nowUs } = action;
          const due = members.filter(({ atUs }) => atUs <= nowUs);
          expect(deadlines.due(nowUs)).toEqual(due);
          // As their timeouts are handled they have later ones.
          for (const member of due) member.atUs = nowUs + 1 + (member.handle % 7);
        } else if (members.length > 0) {
          const index = action.which % members.length;
          const member = members[index]!;
          if (action.do === 'change') {
            member.atUs = action.atUs;
            deadlines.touch(member);
          } else {
            members.splice(index, 1);
            deadlines.remove(member);
            // What was kept of it outside may still say something.
            deadlines.touch(member);
            deadlines.remove(member);
          }
        }
        expect(deadlines.nextUs).toBe(Math.min(Infinity, ...members.map(({ atUs }) => atUs)));
        expect(deadlines.count).toBe(members.length);
        deadlines.audit(() => true);
      }
    }),
  );
});

test('whoever does nothing is not looked at, however many there are', () => {
  const deadlines = new Deadlines<Clocked>();
  const members = Array.from({ length: 1_000 }, (_, handle) => new Clocked(handle, handle));
  for (const member of members) deadlines.add(member);
  for (const member of members) member.lookCount = 0;
  const [first, second] = members;
  first!.atUs = 2_000;
  deadlines.touch(first!);
  deadlines.touch(first!);
  expect([deadlines.nextUs, deadlines.nextUs]).toEqual([1, 1]);
  expect(deadlines.due(1)).toEqual([second]);
  expect(members.filter(({ lookCount }) => lookCount > 0)).toEqual([first, second]);
});

test('a deadline that has moved on unasked is no timeout, and is the later one from then on', () => {
  const deadlines = new Deadlines<Clocked>();
  const member = new Clocked(1, 10);
  deadlines.add(member);
  member.atUs = 20;
  expect([deadlines.nextUs, deadlines.due(10), deadlines.nextUs]).toEqual([10, [], 20]);
});
