import { expect, test } from 'vitest';
import { Silent } from './arrivals.ts';
import { MAX_TURNS_AT_ONCE, Network, SimulationError } from './network.ts';
import { Pair } from './pair.ts';
import { buildScenario, drawScenario } from './scenario.ts';
import { delay, lose } from './wire-elements.ts';

test('the same seed gives the same trace to the byte, and another seed another', () => {
  const digestOf = (seed: number) => {
    const pair = buildScenario(drawScenario(seed), true);
    pair.workload.runToEnd();
    return pair.network.trace.digest();
  };
  expect(digestOf(5)).toBe(digestOf(5));
  expect(digestOf(5)).not.toBe(digestOf(6));
});

test('idleness while something is not done is a failure', () => {
  const network = new Network({ seed: 42 });
  network.add('a', new Silent());
  expect(() => {
    network.run(() => false);
  }).toThrow(/idle, and not done \(seed 42/);
});

test('a run that exceeds its virtual time fails with seed and trace', () => {
  const pair = new Pair({
    seed: 9,
    maxVirtualUs: 2_000_000,
    forward: [delay(1), lose(() => true)],
  });
  pair.add({ bytes: 1 });
  expect(() => {
    pair.workload.runToEnd();
  }).toThrow(/too much virtual time \(seed 9.*\n.*a>b OPEN 1200 sent\n.*a>b OPEN 1200 lost/);
});

test('a run that exceeds its events fails', () => {
  const pair = new Pair({ seed: 9, maxEvents: 100, forward: [delay(1)] });
  pair.add({ bytes: 1_000_000 });
  expect(() => {
    pair.workload.runToEnd();
  }).toThrow(/too many events \(seed 9/);
});

test('a node whose timeout stays in the past does not come to rest', () => {
  const network = new Network({ seed: 1, maxEvents: 10 * MAX_TURNS_AT_ONCE });
  const node = network.add('a', new Silent());
  node.transport.nextTimeoutUs = () => 0;
  expect(() => {
    network.runUntil(1);
  }).toThrow(SimulationError);
});

test('time does not go back', () => {
  const network = new Network({ seed: 8 });
  network.runUntil(1000);
  network.heap.push({ atUs: 0, order: 0, fire: () => undefined }, 999);
  expect(() => {
    network.runUntil(2000);
  }).toThrow(/time went back \(seed 8, 1000 us/);
});

test('time is asked for in whole microseconds', () => {
  expect(() => {
    new Network({ seed: 1 }).runUntil(Infinity);
  }).toThrow('whole microseconds');
});

test('a timeout between two microseconds comes with the later one, never early', () => {
  const network = new Network({ seed: 1 });
  const node = network.add('a', new Silent());
  const heardAtUs: number[] = [];
  node.transport.nextTimeoutUs = () => (heardAtUs.length === 0 ? 10.25 : Infinity);
  node.transport.handleTimeout = (nowUs) => {
    heardAtUs.push(nowUs);
  };
  network.runUntil(100);
  expect(heardAtUs).toEqual([11]);
});

test('what a transport throws in its first turn comes with seed and cause', () => {
  const network = new Network({ seed: 31 });
  const thrown = new Error('a broken invariant');
  network.add('a', new Silent()).transport.pollTransmit = () => {
    throw thrown;
  };
  let caught: unknown;
  try {
    network.run(() => false);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(SimulationError);
  expect(caught).toMatchObject({ cause: thrown });
  expect(String(caught)).toContain('a broken invariant (seed 31, 0 us');
});

test('an expectation that fails beside a run comes with its seed and trace', () => {
  const pair = new Pair({ seed: 9, forward: [delay(1)] });
  pair.transfer({ bytes: 1 });
  expect(() => {
    pair.network.traced(() => {
      expect(pair.workload.runs.length).toBe(2);
    });
  }).toThrow(/expected 1 to be 2[^]*\(seed 9, [^]*a>b CLOSE \d+ delivered/);
  expect(pair.network.traced(() => 'as it is')).toBe('as it is');
});

test('a datagram to an address without a link is counted and goes nowhere', () => {
  const network = new Network({ seed: 1 });
  const node = network.add('a', new Silent());
  let left = 1;
  node.transport.pollTransmit = (transmit) => {
    transmit.length = 10;
    transmit.to = { address: 'nobody', port: 1 };
    return left-- > 0;
  };
  network.runUntil(1);
  expect(network.unroutableCount).toBe(1);
});

test('a stream that ends before its last byte is noticed', () => {
  const pair = new Pair({ seed: 1, forward: [delay(1000)] });
  Object.defineProperty(pair.add({ bytes: 10_000 }).opener, 'writeBytes', { value: 9_999 });
  expect(() => {
    pair.workload.runToEnd();
  }).toThrow(/stream 0000000000000001: FIN too early/);
});

test('a stream that lacks its first byte is noticed there', () => {
  const pair = new Pair({ seed: 1, forward: [delay(1000)] });
  pair.add({ bytes: 10_000 }).opener.writtenBytes = 1;
  expect(() => {
    pair.workload.runToEnd();
  }).toThrow(/stream 0000000000000001: byte 0 is wrong/);
});

test('all is over when the last linger is: no memory, connection or datagram is left', () => {
  const pair = new Pair({ seed: 1, forward: [delay(1000)] });
  const run = pair.transfer({ bytes: 300_000, replyBytes: 5 });
  expect(run.opener.readBytes).toBe(5);
  expect(pair.forward.flyingCount + pair.backward.flyingCount).toBe(0);
  expect(pair.a.timeoutUs).toBe(Infinity);
  expect(pair.b.timeoutUs).toBe(Infinity);
});
