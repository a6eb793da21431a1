import { expect, test } from 'vitest';
import { AckLoss } from '../../../../../src/transfer/core/connection/sending/ack-loss.ts';

test('without gaps nothing is lost', () => {
  const acks = new AckLoss();
  for (let count = 0; count < 100; count++) acks.onNewest(0);
  expect(acks.rate).toBe(0);
});

test.each([1, 2])('with %i missing for each that comes, that part is lost', (missingCount) => {
  const acks = new AckLoss();
  for (let count = 0; count < 200; count++) acks.onNewest(missingCount);
  const part = missingCount / (missingCount + 1);
  expect(acks.rate).toBeGreaterThan(part - 0.02);
  expect(acks.rate).toBeLessThan(part + 0.02);
});

test('after a thousand lost ones the rate is 0.75, and a hundred that come bring it near 0 again', () => {
  const acks = new AckLoss();
  acks.onNewest(1_000);
  expect(acks.rate).toBe(0.75);
  for (let count = 0; count < 100; count++) acks.onNewest(0);
  expect(acks.rate).toBeLessThan(0.05);
});

test('ACKs that come in pairs, each pair reversed, are not lost', () => {
  const acks = new AckLoss();
  for (let count = 0; count < 100; count++) {
    acks.onNewest(1);
    acks.onLate();
  }
  expect(acks.rate).toBeLessThan(0.01);
});
