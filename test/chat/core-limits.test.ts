import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AccountDesk } from '../../src/chat/core/account-desk.ts';
import {
  INTRODUCTION_MS,
  IntroductionLedger,
  MAX_COMPARES_PER_INTRODUCTION,
  MAX_INTRODUCTIONS_PER_PAIR,
  MAX_INTRODUCTIONS_PER_RECEIVER,
} from '../../src/chat/core/introduction-ledger.ts';
import {
  LoginGate,
  MAX_ATTEMPT_RECORDS,
  MAX_DELAY_MS,
  MAX_HOMES_PER_USER,
} from '../../src/chat/core/login-gate.ts';
import { pagesOf } from '../../src/chat/core/pages.ts';
import { MAX_FRAME_BYTES } from '../../src/chat/core/protocol.ts';
import {
  MAX_CONNECTIONS,
  MAX_UNNAMED_PER_NETWORK,
  SessionTable,
} from '../../src/chat/core/session-table.ts';
import { TokenBucket } from '../../src/chat/core/token-bucket.ts';
import { encodeFrame } from '../../src/chat/io/frame-decoder.ts';

const user = { user: 'jess', address: 'a', udpPort: 1, since: '' };

test('guessing from many addresses is delayed up to 5 s, never refused, and forgiven in time', () => {
  const gate = new LoginGate(1, 10_000);
  const delays: number[] = [];
  for (let guess = 0; guess < 20; guess += 1) {
    const admission = gate.admit('jess', `10.0.0.${guess}`, guess, 0);
    expect(admission.verdict).toBe('check');
    if (admission.verdict === 'check') delays.push(admission.delayMs);
    gate.conclude('jess', `10.0.0.${guess}`, false, 0);
  }
  expect(delays.slice(0, 10)).toEqual(Array<number>(10).fill(0));
  expect(delays.slice(10, 15)).toEqual([250, 500, 1_000, 2_000, 4_000]);
  expect(delays.slice(15)).toEqual(Array<number>(5).fill(MAX_DELAY_MS));
  expect(gate.admit('jess', 'elsewhere', 99, 70_000)).toEqual({ verdict: 'check', delayMs: 0 });
  expect(gate.admit('derek', 'elsewhere', 99, 0)).toEqual({ verdict: 'check', delayMs: 0 });
});

test('a delay never exceeds 5 s, and a free user and address is always admitted', () => {
  const attempt = fc.record({ address: fc.nat(5), isRight: fc.boolean(), pauseMs: fc.nat(20_000) });
  fc.assert(
    fc.property(fc.array(attempt), fc.integer({ min: 1, max: 5 }), (attempts, allowed) => {
      const gate = new LoginGate(allowed, 10_000);
      const failures = new Map<number, number>();
      const blockedUntilMs = new Map<number, number>();
      let nowMs = 0;
      for (const { address, isRight, pauseMs } of attempts) {
        nowMs += pauseMs;
        const admission = gate.admit('jess', `${address}`, 1, nowMs);
        const isBlocked = nowMs < (blockedUntilMs.get(address) ?? 0);
        expect(admission.verdict).toBe(isBlocked ? 'blocked' : 'check');
        if (admission.verdict !== 'check') continue;
        expect(admission.delayMs).toBeLessThanOrEqual(MAX_DELAY_MS);
        const inRow = isRight ? 0 : (failures.get(address) ?? 0) + 1;
        const answer = gate.conclude('jess', `${address}`, isRight, nowMs);
        expect(answer.isBlocked).toBe(inRow === allowed);
        failures.set(address, inRow === allowed ? 0 : inRow);
        if (inRow === allowed) blockedUntilMs.set(address, nowMs + 10_000);
      }
    }),
  );
});

test('a gate remembers a bounded number of addresses, the latest ones', () => {
  const gate = new LoginGate(1, 10_000);
  for (let index = 0; index <= MAX_ATTEMPT_RECORDS; index += 1) {
    gate.admit('jess', `a${index}`, index, 0);
    gate.conclude('jess', `a${index}`, false, 0);
  }
  expect(gate.recordCount).toBe(MAX_ATTEMPT_RECORDS);
  expect(gate.admit('jess', 'a0', 1, 0).verdict).toBe('check');
  expect(gate.admit('jess', 'a1', 1, 0).verdict).toBe('blocked');
});

test('whoever logs in is not slowed at that network any more, by guesses from anywhere', () => {
  const gate = new LoginGate(5, 10_000);
  const guess = (count: number): void => {
    for (let index = 0; index < count; index += 1) {
      gate.admit('jess', `10.0.${count}.${index}`, index, 0);
      gate.conclude('jess', `10.0.${count}.${index}`, false, 0);
    }
  };
  const delayAt = (address: string): number => {
    const admission = gate.admit('jess', address, 1, 0);
    if (admission.verdict !== 'check') throw new Error(admission.verdict);
    gate.conclude('jess', address, undefined, 0); // nobody looked at the password
    return admission.delayMs;
  };
  guess(100);
  expect(delayAt('192.0.2.1')).toBe(MAX_DELAY_MS);
  gate.conclude('jess', '192.0.2.1', true, 0);
  // Nor does the right password set the guessers free.
  expect(delayAt('10.1.0.0')).toBe(MAX_DELAY_MS);
  expect(delayAt('192.0.2.1')).toBe(0);
  gate.conclude('jess', '2001:db8::1', true, 0);
  expect(delayAt('2001:db8::ffff')).toBe(0);
  for (let index = 0; index < MAX_HOMES_PER_USER - 1; index += 1) {
    gate.conclude('jess', `198.51.100.${index}`, true, 0);
  }
  expect(delayAt('192.0.2.1')).toBe(MAX_DELAY_MS); // used longest ago
  expect(delayAt('2001:db8::2')).toBe(0);
});

test('attempts that wait for another are named in order, without those that left', () => {
  const gate = new LoginGate(3, 10_000);
  expect(gate.admit('jess', 'a', 1, 0).verdict).toBe('check');
  for (const ticket of [2, 3, 4]) expect(gate.admit('jess', 'a', ticket, 0).verdict).toBe('wait');
  gate.withdraw('jess', 'a', 3);
  expect(gate.conclude('jess', 'a', undefined, 0)).toEqual({ isBlocked: false, retry: [2, 4] });
  expect(gate.recordCount).toBe(0);
});

test('64 live introductions a pair and 256 a receiver, until they expire', () => {
  let drawn = 0;
  const ledger = new IntroductionLedger(() => String(++drawn));
  for (let sender = 0; sender < 4; sender += 1) {
    for (let count = 0; count < MAX_INTRODUCTIONS_PER_PAIR; count += 1) {
      expect(ledger.enter(`s${sender}`, 'jess', 0)).toMatchObject({ keyId: String(drawn - 1) });
    }
    expect(ledger.enter(`s${sender}`, 'jess', 0)).toBe('too-fast');
  }
  expect(4 * MAX_INTRODUCTIONS_PER_PAIR).toBe(MAX_INTRODUCTIONS_PER_RECEIVER);
  expect(ledger.enter('another', 'jess', INTRODUCTION_MS - 1)).toBe('busy');
  expect(ledger.enter('another', 'derek', 0)).toHaveProperty('secret');
  // One that was declined leaves its place, once.
  expect(ledger.decline('1', 'jess', 1)).toBe('s0');
  expect(ledger.decline('1', 'jess', 1)).toBe(undefined);
  expect(ledger.decline('3', 'derek', 1)).toBe(undefined);
  expect(ledger.enter('another', 'jess', 1)).toHaveProperty('keyId');
  expect(ledger.enter('another', 'jess', 1)).toBe('busy');
  expect(ledger.decline('3', 'jess', INTRODUCTION_MS)).toBe(undefined);
  expect(ledger.enter('another', 'jess', INTRODUCTION_MS)).toHaveProperty('keyId');
});

test('one introduction is asked about three times, by its sender alone, and each is answered once', () => {
  const ledger = new IntroductionLedger(() => 'id');
  ledger.enter('derek', 'jess', 0);
  expect(ledger.saw('id', 'jess', 1)).toBe(undefined); // nobody has asked
  expect(ledger.compare('id', 'steve', 'jess', 1)).toBe(false);
  expect(ledger.compare('id', 'derek', 'steve', 1)).toBe(false);
  expect(ledger.compare('other', 'derek', 'jess', 1)).toBe(false);
  for (let count = 0; count < MAX_COMPARES_PER_INTRODUCTION; count++) {
    expect(ledger.compare('id', 'derek', 'jess', 1)).toBe(true);
    expect(ledger.saw('id', 'steve', 1)).toBe(undefined);
    expect(ledger.saw('id', 'jess', 1)).toBe('derek');
    expect(ledger.saw('id', 'jess', 1)).toBe(undefined);
  }
  expect(ledger.compare('id', 'derek', 'jess', 1)).toBe(false);
  ledger.enter('derek', 'jim', 0);
  expect(ledger.compare('id', 'derek', 'jim', INTRODUCTION_MS)).toBe(false);
});

test('a full table makes room from those that never logged in, else it is full', () => {
  const table = new SessionTable();
  for (let id = 0; id < MAX_CONNECTIONS; id += 1) {
    const address = `a${id % 100}`;
    expect(table.makeRoom(address)).toEqual({ isFull: false });
    const session = table.add(id, address, 0);
    if (id !== 1_000) table.name(session, user);
  }
  const { evicted } = table.makeRoom('new');
  expect(evicted?.id).toBe(1_000);
  table.remove(evicted!);
  table.name(table.add(MAX_CONNECTIONS, 'new', 0), user);
  expect(table.makeRoom('new')).toEqual({ isFull: true });
});

test('an address with too many unnamed connections loses its oldest idle one', () => {
  const table = new SessionTable();
  for (let id = 0; id < MAX_UNNAMED_PER_NETWORK; id += 1) table.add(id, 'a', 0);
  table.get(0)!.isLoggingIn = true;
  expect(table.makeRoom('b')).toEqual({ isFull: false });
  expect(table.makeRoom('a').evicted?.id).toBe(1);
});

test('a bucket lets no more through in any time than its burst and its rate', () => {
  const step = fc.record({ pauseMs: fc.nat(500), cost: fc.integer({ min: 1, max: 65 }) });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const bucket = new TokenBucket(200, 50, 0);
      let nowMs = 0;
      let passed = 0;
      for (const { pauseMs, cost } of steps) {
        nowMs += pauseMs;
        nowMs += bucket.takeMs(cost, nowMs);
        passed += cost;
        expect(passed).toBeLessThanOrEqual(200 + (nowMs / 1_000) * 50 + 1e-6);
      }
    }),
  );
});

test('no page exceeds a frame, whatever the texts, and together they hold everything', () => {
  const item = fc.record({ text: fc.string({ unit: 'binary', maxLength: 4_096, size: 'max' }) });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 30 }), (items) => {
      const pages = [
        ...pagesOf(items, (page, more) => ({
          type: 'messages',
          body: { request: 1, messages: page as never, more },
        })),
      ];
      for (const page of pages) {
        expect(Buffer.byteLength(encodeFrame(page))).toBeLessThanOrEqual(MAX_FRAME_BYTES);
      }
      const bodies = pages.map(
        ({ body }) => body as unknown as { messages: unknown[]; more: boolean },
      );
      expect(bodies.flatMap(({ messages }) => messages)).toEqual(items);
      expect(bodies.map(({ more }) => more)).toEqual(pages.map((_, i) => i < pages.length - 1));
    }),
    { numRuns: 30 },
  );
});

/** A desk with one user. */
function deskOf(allowedFailures: number): AccountDesk {
  const users = new Map([['jess', { kind: 'plain', password: 'x' } as const]]);
  return new AccountDesk({ users, allowedFailures, blockMs: 10_000, takesNewUsers: true });
}

test('an attempt that waits leaves with its connection, one that is checked counts all the same', () => {
  const desk = deskOf(2);
  const begin = (connection: number): string | undefined => {
    const origin = { connection, request: 1, user: 'jess', address: 'a' };
    return desk.logIn(origin, 'y', 1, 0)?.do;
  };
  expect(begin(1)).toBe('check-password');
  for (const connection of [2, 3]) expect(begin(connection)).toBe(undefined);
  desk.withdraw(1);
  desk.withdraw(2);
  const steps = desk.handleChecked(1, { verdict: 'wrong' }, 0);
  expect(steps).toMatchObject([
    { do: 'refuse', origin: { connection: 1 } },
    { do: 'check-password', attempt: { connection: 3 } },
  ]);
  expect(desk.handleChecked(3, { verdict: 'wrong' }, 0)).toMatchObject([{ reason: 'blocked' }]);
  expect(desk.handleChecked(3, { verdict: 'right' }, 0)).toEqual([]);
});
