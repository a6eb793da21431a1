import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  CREDIT_POOL_BYTES,
  type CreditAccount,
  CreditLedger,
  FIRST_GRANT_BYTES,
  GRANTS_A_CONSUMED_BYTE,
  MAX_SHARE_BYTES,
  OPENING_CREDIT_BYTES,
} from '../../../../src/transfer/core/connection/credit-ledger.ts';

const POOL_BYTES = 2_000_000;
const TWO_RECORDS_BYTES = 131_072;

interface Holder {
  readonly account: CreditAccount;
  isPromoted: boolean;
}

test('the pool is never exceeded, and every accepted connection can have two records', () => {
  const step = fc.record({
    action: fc.constantFrom('open', 'promote', 'grant', 'release', 'close'),
    pick: fc.nat(),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (list) => {
      const ledger = new CreditLedger(POOL_BYTES);
      const holders: Holder[] = [];
      for (const { action, pick, share } of list) {
        if (action === 'open') {
          const account = ledger.open();
          if (account !== undefined) holders.push({ account, isPromoted: false });
        }
        const holder = holders[pick % Math.max(1, holders.length)];
        if (holder === undefined) continue;
        const { account } = holder;
        if (action === 'promote') holder.isPromoted ||= ledger.promote(account);
        if (action === 'grant') {
          ledger.grant(account, Math.floor(share * ledger.grantableBytes(account)));
        }
        if (action === 'release') ledger.release(account, Math.floor(share * account.grantedBytes));
        if (action === 'close') {
          ledger.close(account);
          holders.splice(holders.indexOf(holder), 1);
        }
        const granted = holders.reduce((sum, one) => sum + one.account.grantedBytes, 0);
        expect(ledger.grantedBytes).toBe(granted);
        expect(granted).toBeLessThanOrEqual(POOL_BYTES);
      }
      // Whoever is accepted can be brought to its minimum, all at once.
      for (const { account, isPromoted } of holders) {
        if (!isPromoted) continue;
        ledger.grant(account, ledger.grantableBytes(account));
        expect(account.grantedBytes).toBeGreaterThanOrEqual(TWO_RECORDS_BYTES);
      }
      for (const { account } of holders) ledger.close(account);
      expect(ledger.grantedBytes).toBe(0);
    }),
  );
});

test('a connection that is not accepted yet is granted 64 KiB and no more', () => {
  const ledger = new CreditLedger(POOL_BYTES);
  const account = ledger.open()!;
  expect(account.grantedBytes).toBe(OPENING_CREDIT_BYTES);
  expect(ledger.grantableBytes(account)).toBe(0);
});

test.each([
  [undefined, MAX_SHARE_BYTES],
  [1_000_000_000, 500_000_000],
])('one connection alone gets 64 MiB, or half of a larger pool: %s', (poolBytes, mostBytes) => {
  const ledger = new CreditLedger(poolBytes);
  const account = ledger.open()!;
  ledger.promote(account);
  while (account.consumedBytes < mostBytes) {
    ledger.grant(account, ledger.grantableBytes(account));
    ledger.release(account, account.grantedBytes);
  }
  ledger.grant(account, ledger.grantableBytes(account));
  expect(account.grantedBytes).toBe(mostBytes);
});

test('a connection is granted 1 MiB at first, and four times what it has consumed later', () => {
  const ledger = new CreditLedger();
  const account = ledger.open()!;
  ledger.promote(account);
  const grant = (): number => {
    ledger.grant(account, ledger.grantableBytes(account));
    return account.grantedBytes;
  };
  expect(grant()).toBe(FIRST_GRANT_BYTES);
  ledger.release(account, FIRST_GRANT_BYTES / GRANTS_A_CONSUMED_BYTE);
  expect(grant()).toBe(FIRST_GRANT_BYTES);
  ledger.release(account, FIRST_GRANT_BYTES / 2);
  expect(grant()).toBe(3 * FIRST_GRANT_BYTES);
});

test('a hundred connections that are accepted before any of them consumes find room in the pool', () => {
  const ledger = new CreditLedger(CREDIT_POOL_BYTES);
  for (let count = 0; count < 100; count++) {
    const account = ledger.open()!;
    expect(ledger.promote(account)).toBe(true);
    ledger.grant(account, ledger.grantableBytes(account));
    expect(account.grantedBytes).toBe(FIRST_GRANT_BYTES);
  }
  expect(ledger.waitingCount).toBe(0);
});

test('an account for which there is no room waits until it is promoted or closed', () => {
  const ledger = new CreditLedger(2 * TWO_RECORDS_BYTES);
  const [first, second] = [ledger.open()!, ledger.open()!];
  ledger.promote(first);
  ledger.grant(first, TWO_RECORDS_BYTES);
  expect(ledger.promote(second)).toBe(false);
  expect(ledger.promote(second)).toBe(false);
  expect(ledger.waitingCount).toBe(1);
  ledger.release(first, first.grantedBytes);
  expect(ledger.promote(second)).toBe(true);
  expect(ledger.waitingCount).toBe(0);
  const third = ledger.open();
  expect(third).toBeUndefined();
  ledger.close(second);
  expect(ledger.waitingCount).toBe(0);
});

test('a pool that is promised away opens no further connection', () => {
  const ledger = new CreditLedger(10 * OPENING_CREDIT_BYTES);
  let count = 0;
  while (ledger.open() !== undefined) count++;
  expect(count).toBe(10);
});

test('there is room later while others hold more than they are owed, and none when they do not', () => {
  const ledger = new CreditLedger(4 * TWO_RECORDS_BYTES);
  const grantAll = (account: CreditAccount): void => {
    while (ledger.grantableBytes(account) > 0) {
      ledger.grant(account, ledger.grantableBytes(account));
    }
  };
  const open = (): CreditAccount => {
    const account = ledger.open()!;
    expect(ledger.promote(account)).toBe(true);
    grantAll(account);
    return account;
  };
  const first = open();
  open();
  const room = (): string => ledger.room;
  while (room() === 'now') open();
  expect(room()).toBe('later');
  ledger.release(first, first.grantedBytes);
  while (room() === 'now') open();
  grantAll(first);
  expect(ledger.accountCount).toBe(4);
  expect(room()).toBe('none');
});
