import { expect, test } from 'vitest';
import type { EndpointConfig } from '../../src/transfer/core/index.ts';
import { Bottleneck } from '../sim/bottleneck.ts';
import type { ElementSpec } from '../sim/link.ts';
import { Network } from '../sim/network.ts';
import {
  blackout,
  burstLoss,
  corrupt,
  delay,
  duplicate,
  loss,
  reorder,
} from '../sim/wire-elements.ts';
import { isEmpty, Workload } from '../sim/workload.ts';

const BLACKOUT_FROM_US = 2_000_000;

/** 10 % loss, bursts, 5 % reordering, 5 % duplication, 2 % corruption and three seconds of nothing. */
const badWeather: readonly ElementSpec[] = [
  delay(10_000),
  loss(0.1),
  burstLoss({ p: 0.002, r: 0.2, lossInBad: 1, lossInGood: 0 }),
  reorder(0.05, 5_000),
  duplicate(0.05, 1_000),
  corrupt(0.02),
  blackout([BLACKOUT_FROM_US, BLACKOUT_FROM_US + 3_000_000]),
];

/** Two senders to one receiver over one link of 100 Mbit/s; each sends these sizes at once. */
function sendBoth(
  config: Partial<EndpointConfig>,
  sizes: readonly (readonly number[])[],
): Workload {
  const network = new Network({ seed: 7 });
  const shared = new Bottleneck({ rateBitsPerSec: 100e6, queueBytes: 500_000 });
  const receiver = network.addEndpoint('receiver', config);
  const workload = new Workload(network);
  for (const [index, bytesOfOne] of sizes.entries()) {
    const sender = network.addEndpoint(`sender${index}`, config);
    network.connect(sender, receiver, [shared.through(), ...badWeather]);
    network.connect(receiver, sender, badWeather);
    for (const bytes of bytesOfOne) workload.add({ opener: sender, responder: receiver, bytes });
  }
  workload.runToEnd();
  for (const { plan } of workload.runs) {
    expect([isEmpty(plan.opener), isEmpty(plan.responder)]).toEqual([true, true]);
  }
  return workload;
}

const readBytes = (workload: Workload): number[] =>
  workload.runs.map(({ responder }) => responder.readBytes);

test('20 MB and 20,000,001 bytes from two senders at once, an empty and a one-byte stream arrive intact', () => {
  const workload = sendBoth({ controller: 'fixed', windowPackets: 64 }, [
    [20_000_000, 0],
    [20_000_001, 1],
  ]);
  expect(readBytes(workload)).toEqual([20_000_000, 0, 20_000_001, 1]);
  const doneAtUs = Math.max(...workload.runs.map(({ responder }) => responder.readFinishedAtUs));
  expect(doneAtUs).toBeGreaterThan(BLACKOUT_FROM_US);
  // Measured: 10.8 s, of which the link needs 3.3 for the bytes alone and the blackout takes 3.
  expect(doneAtUs).toBeLessThan(15_000_000);
});

test('CUBIC brings 1 MB from each of two senders through the same, slowly', () => {
  const workload = sendBoth({ controller: 'cubic' }, [
    [1_000_000, 0],
    [1_000_001, 1],
  ]);
  expect(readBytes(workload)).toEqual([1_000_000, 0, 1_000_001, 1]);
});

test('stop-and-wait brings 200,000 bytes from each of two senders through the same', () => {
  const workload = sendBoth({ controller: 'fixed', windowPackets: 1 }, [
    [200_000, 0],
    [200_001, 1],
  ]);
  expect(readBytes(workload)).toEqual([200_000, 0, 200_001, 1]);
});
