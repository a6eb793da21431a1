import { expect, test } from 'vitest';
import { plainIntroduction } from '../../src/transfer/core/index.ts';
import { Pair } from '../sim/pair.ts';
import { delay, lose } from '../sim/wire-elements.ts';

const PING = 6;
const FIFTEEN_SECONDS_US = 15_000_000;

test('a connection whose opener falls silent after OPEN rests until its introduction expires', () => {
  const pair = new Pair({
    seed: 1,
    forward: [delay(10_000), lose((_datagram, count) => count > 0)],
    backward: [delay(10_000)],
    config: { openTimeoutUs: 5_000_000 },
  });
  const { network, a, b } = pair;
  const introduction = plainIntroduction('0123456789abcdef');
  b.transport.expect(introduction, 0);
  a.transport.open(introduction, [b.address], 0);
  network.runUntil(20_000_000);
  expect(b.transport.halfOpenCount).toBe(1);
  expect(b.timeoutUs).toBe(60_000_000);
  network.runUntil(60_000_000);
  expect(b.transport.connectionCount).toBe(0);
  expect(b.transport.ledger.grantedBytes).toBe(0);
});

test('a connection that begins late sends its first PING 15 s after its beginning', () => {
  const pingsAtUs: number[] = [];
  const watch = lose((datagram, _count, atUs) => {
    if ((datagram[4]! & 0x3f) === PING) pingsAtUs.push(atUs);
    return false;
  });
  const startAtUs = 100_000_000;
  const pair = new Pair({ seed: 1, forward: [delay(10_000)], backward: [watch, delay(10_000)] });
  pair.add({ bytes: 60_000, startAtUs, readBytesPerSec: 2_000 });
  pair.workload.runToEnd();
  expect(pingsAtUs.length).toBeGreaterThan(0);
  expect(pingsAtUs[0]).toBeGreaterThanOrEqual(startAtUs + FIFTEEN_SECONDS_US);
});
