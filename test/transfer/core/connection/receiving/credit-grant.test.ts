import { expect, test } from 'vitest';
import { CreditGrant } from '../../../../../src/transfer/core/connection/receiving/credit-grant.ts';
import { CreditLedger } from '../../../../../src/transfer/core/connection/credit-ledger.ts';
import { ReceiveStream } from '../../../../../src/transfer/core/connection/receiving/receive-stream.ts';
import { SegmentPool } from '../../../../../src/transfer/core/connection/receiving/segment-pool.ts';

const OPENING_BYTES = 65_536;

function setUp(poolBytes: number): {
  ledger: CreditLedger;
  stream: ReceiveStream;
  grant: CreditGrant;
  fill: (byteCount: number) => void;
} {
  const ledger = new CreditLedger(poolBytes);
  const account = ledger.open()!;
  const stream = new ReceiveStream(new SegmentPool(), account.grantedBytes);
  const fill = (byteCount: number): void => {
    stream.onData(stream.contiguousEnd, new Uint8Array(byteCount), 0, false);
  };
  return { ledger, stream, grant: new CreditGrant(ledger, account, stream), fill };
}

test('before the transfer is accepted credit follows what is consumed, 64 KiB ahead', () => {
  const { stream, grant, fill } = setUp(1_000_000);
  fill(40_000);
  grant.raise(0);
  expect(stream.creditOffset).toBe(OPENING_BYTES);
  stream.consume(40_000);
  grant.onConsumed(40_000);
  grant.raise(0);
  expect(stream.creditOffset).toBe(OPENING_BYTES + 40_000);
});

test('the peer hears at once when a quarter of the share is free, or when it is stopped', () => {
  const { stream, grant, fill } = setUp(4_000_000);
  expect(grant.promote()).toBe(true);
  grant.raise(0);
  const share = stream.creditOffset;
  fill(share - 1);
  stream.consume(share / 4);
  expect(grant.onConsumed(share / 4 - 1)).toBe(false);
  expect(grant.onConsumed(700_000)).toBe(true);

  const stopped = setUp(1_000_000);
  stopped.fill(OPENING_BYTES);
  stopped.stream.consume(1);
  expect(stopped.grant.onConsumed(1)).toBe(true);
});

test('credit opened again is repeated after 250 ms, doubling, 5 times, then no more', () => {
  const { stream, grant, fill } = setUp(1_000_000);
  fill(OPENING_BYTES);
  stream.consume(OPENING_BYTES);
  grant.onConsumed(OPENING_BYTES);
  grant.raise(1_000_000);
  const repeatsAtUs: number[] = [];
  while (grant.repeatAtUs < Infinity) {
    repeatsAtUs.push(grant.repeatAtUs);
    expect(grant.takeRepeat(grant.repeatAtUs)).toBe(true);
  }
  expect(repeatsAtUs).toEqual([1_250_000, 1_750_000, 2_750_000, 4_750_000, 8_750_000]);
  expect(grant.takeRepeat(9e9)).toBe(false);
});

test('credit that was heard is not repeated, nor credit that stopped nobody', () => {
  const { stream, grant, fill } = setUp(1_000_000);
  fill(OPENING_BYTES);
  stream.consume(OPENING_BYTES);
  grant.onConsumed(OPENING_BYTES);
  grant.raise(0);
  grant.onHeard();
  expect(grant.repeatAtUs).toBe(Infinity);
  fill(10);
  stream.consume(10);
  grant.onConsumed(10);
  grant.raise(0);
  expect(grant.repeatAtUs).toBe(Infinity);
});

test('a grant that was closed gives all of it back to the pool', () => {
  const { ledger, stream, grant, fill } = setUp(1_000_000);
  grant.promote();
  grant.raise(0);
  fill(50_000);
  stream.consume(20_000);
  grant.onConsumed(20_000);
  grant.close();
  grant.close();
  expect(ledger.grantedBytes).toBe(0);
  expect(ledger.accountCount).toBe(0);
});
