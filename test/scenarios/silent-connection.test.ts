import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { plainCircumstances } from '../sim/circumstances.ts';
import { Pair } from '../sim/pair.ts';
import { buildScenario, drawScenario } from '../sim/scenario.ts';
import { delay, lose } from '../sim/wire-elements.ts';

const OPEN = 1;

/** Loses all that goes to the connection that spoke first, from an instant on. */
function loseFirstConnection(fromUs: number): ReturnType<typeof lose> {
  let first: string | undefined;
  return lose((datagram, _count, atUs) => {
    if ((datagram[4]! & 0x3f) === OPEN) return false;
    const id = String(datagram.slice(6, 10));
    first ??= id;
    return id === first && atUs >= fromUs;
  });
}

test.each(['cubic', 'fixed'] as const)(
  'with %s a connection that hears nothing leaves the window to the others of its path',
  (controller) => {
    const pair = new Pair({
      seed: 1,
      forward: [bottleneck(10e6, 50_000), delay(20_000), loseFirstConnection(1_000_000)],
      backward: [delay(20_000)],
      config: { controller, windowPackets: 16 },
    });
    const { network } = pair;
    pair.add({ bytes: 10_000_000 });
    const other = pair.add({ bytes: 1_000_000, startAtUs: 1_500_000 });
    network.run(() => other.responder.isReadFinished);
    // 0.84 s at the rate of the link.
    expect(other.responder.readFinishedAtUs).toBeLessThan(6_000_000);
  },
);

test('a connection whose peer is gone does not take the probes of the others (seed 5485)', () => {
  const pair = buildScenario({ ...drawScenario(5485), circumstances: plainCircumstances });
  pair.workload.runToEnd();
  const lastReadAtUs = Math.max(...pair.workload.runs.map((run) => run.responder.readFinishedAtUs));
  // Bad luck takes it to 50 s in 150 draws of the weather; the idle timeout is 300 s.
  expect(lastReadAtUs).toBeLessThan(100_000_000);
});
