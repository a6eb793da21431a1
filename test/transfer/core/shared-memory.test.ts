import { expect, test } from 'vitest';
import { CloseCode, CreditLedger } from '../../../src/transfer/core/index.ts';
import { Exchange, SECOND_US } from './exchange.ts';

const MIB = 2 ** 20;

/** What the opener of a connection may write at once, when the other side grants all that it has. */
function writeRoom(ledger: CreditLedger): number {
  const exchange = Exchange.opened({ ledger }, {});
  expect(exchange.b.connection.raiseCredit()).toBe(true);
  exchange.run(SECOND_US / 2);
  // What was consumed lets the other side grant more than at first.
  exchange.a.connection.write(new Uint8Array(MIB / 2));
  exchange.run(SECOND_US / 2);
  exchange.b.connection.consume(MIB / 2);
  exchange.run(SECOND_US / 2);
  return exchange.a.connection.writeRoomBytes;
}

test('what waits to be sent is bounded over all sockets that share a ledger, not for each', () => {
  expect(writeRoom(new CreditLedger())).toBe(2 * MIB);
  const ledger = new CreditLedger();
  for (let others = 0; others < 63; others++) ledger.open();
  expect(writeRoom(ledger)).toBe(MIB / 2);
});

test('sockets that share a ledger grant no more than its pool, and give back what they were lent', () => {
  const ledger = new CreditLedger(4 * MIB);
  const exchanges = [1, 2, 3].map(() => Exchange.opened({}, { ledger }));
  expect(ledger.accountCount).toBe(3);
  for (const exchange of exchanges) {
    exchange.b.connection.raiseCredit();
    exchange.run(SECOND_US / 2);
  }
  expect(ledger.grantedBytes).toBeGreaterThan(MIB);
  expect(ledger.grantedBytes).toBeLessThanOrEqual(4 * MIB);
  for (const exchange of exchanges) {
    exchange.a.connection.close(CloseCode.ok, '');
    exchange.run(60 * SECOND_US);
  }
  expect([ledger.accountCount, ledger.grantedBytes]).toEqual([0, 0]);
});
