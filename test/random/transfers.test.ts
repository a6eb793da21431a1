import { describe as group, expect, test } from 'vitest';
import { sealedOptions } from '../scenarios/sealed-pair.ts';
import { Random } from '../sim/random.ts';
import { buildScenario, describe, drawScenario } from '../sim/scenario.ts';
import { isEmpty } from '../sim/workload.ts';

/**
 * Random transfers, each drawn from its seed. `UPDRAFT_SEED=n` replays one of them alone; a seed that
 * failed becomes a test with a name in `test/scenarios`.
 */

const FIRST_SEED = 1;
const SEED_COUNT = 1_000;
const CHUNK_SEEDS = 50;
/** Of all seeds; their handshakes take as long as everything else of ten others. */
const SEALED_PART = 0.2;

/** Runs one and checks what the workload does not: that nothing is left, and no datagram is lost count of. */
function replay(seed: number): void {
  const scenario = drawScenario(seed);
  // A stream of its own, so that a seed's scenario is the same with keys and without.
  const isSealed = new Random(seed).split('keys').chance(SEALED_PART);
  const pair = buildScenario(scenario, false, isSealed ? sealedOptions : {});
  try {
    pair.workload.runToEnd();
  } catch (error) {
    throw new Error(`UPDRAFT_SEED=${seed} ${describe(scenario)}`, { cause: error });
  }
  for (const { plan } of pair.workload.runs) {
    const areEmpty = [plan.opener, plan.responder].map((node) => isEmpty(node));
    expect(areEmpty, `UPDRAFT_SEED=${seed}`).toEqual([true, true]);
    const timeouts = [plan.opener, plan.responder].map(({ transport }) =>
      transport.nextTimeoutUs(),
    );
    expect(timeouts, `UPDRAFT_SEED=${seed}`).toEqual([Infinity, Infinity]);
  }
  for (const { counters, flyingCount } of [pair.forward, pair.backward]) {
    const begun = counters.sentCount + counters.duplicatedCount;
    const ended = counters.deliveredCount + counters.lostCount + counters.queueDropCount;
    expect(ended + flyingCount, `UPDRAFT_SEED=${seed}`).toBe(begun);
  }
  for (const { opener, responder } of pair.workload.runs) {
    expect(opener.readBytes, `UPDRAFT_SEED=${seed}`).toBe(responder.writeBytes);
    expect(responder.readBytes, `UPDRAFT_SEED=${seed}`).toBe(opener.writeBytes);
  }
}

const { UPDRAFT_SEED } = process.env;

if (UPDRAFT_SEED !== undefined) {
  test(`the transfers of seed ${UPDRAFT_SEED} arrive intact and leave nothing behind`, () => {
    replay(Number(UPDRAFT_SEED));
  });
} else {
  group('random transfers arrive intact, end, and leave nothing behind', () => {
    for (let from = FIRST_SEED; from < FIRST_SEED + SEED_COUNT; from += CHUNK_SEEDS) {
      test(`seeds ${from} to ${from + CHUNK_SEEDS - 1}`, () => {
        for (let seed = from; seed < from + CHUNK_SEEDS; seed++) replay(seed);
      });
    }
  });
}
