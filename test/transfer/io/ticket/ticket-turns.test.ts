import { expect, test } from 'vitest';
import { MAX_INCOMING_PER_ORIGIN } from '../../../../src/transfer/io/incoming-guard.ts';
import {
  MAX_RUNNING_PER_TICKET,
  TicketTurns,
} from '../../../../src/transfer/io/ticket/ticket-turns.ts';

/** A transfer that is over when it is told so. */
class Fake {
  isStarted = false;
  readonly #over: Promise<void>;
  end: () => void = () => undefined;

  constructor() {
    this.#over = new Promise((resolve) => (this.end = resolve));
  }

  readonly run = (): Promise<void> => {
    this.isStarted = true;
    return this.#over;
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('as many transfers as one ticket allows run at once, the others when one is over, in order', async () => {
  const turns = new TicketTurns();
  const fakes = Array.from({ length: MAX_RUNNING_PER_TICKET + 3 }, () => new Fake());
  for (const { run } of fakes) turns.run('a', run);
  await settle();
  const started = (): number => fakes.filter(({ isStarted }) => isStarted).length;
  expect(started()).toBe(MAX_RUNNING_PER_TICKET);
  expect(MAX_RUNNING_PER_TICKET).toBeLessThan(MAX_INCOMING_PER_ORIGIN);
  const other = new Fake();
  turns.run('b', other.run);
  await settle();
  expect(other.isStarted).toBe(true);
  fakes[7]!.end();
  await settle();
  expect(started()).toBe(MAX_RUNNING_PER_TICKET + 1);
  expect(fakes[MAX_RUNNING_PER_TICKET]!.isStarted).toBe(true);
  expect(turns.ticketCount).toBe(2);
  for (const { end } of [...fakes, other]) end();
  await settle();
  expect(started()).toBe(fakes.length);
  expect(turns.ticketCount).toBe(0);
});
