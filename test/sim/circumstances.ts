import { type ControllerName, controllerNames } from '../../src/transfer/core/index.ts';
import type { LoopSpec } from './event-loop.ts';
import type { Random } from './random.ts';
import type { Steps } from './rate-trace.ts';
import type { Interval } from './wire-elements.ts';

/** What a way back is beside the way there, as factors. */
export interface Asymmetry {
  readonly rate: number;
  readonly delay: number;
  readonly loss: number;
}

/** Another pair of endpoints on the same bottleneck. */
export interface Rival {
  readonly controller: ControllerName;
  readonly bytes: number;
  readonly startAtUs: number;
}

/** Around a random transfer: what its machines, its neighbours and a changing path do. */
export interface Circumstances {
  readonly loops: { readonly a?: LoopSpec; readonly b?: LoopSpec };
  /** Factors of the rate and of the delay from an instant on. */
  readonly rateSteps: Steps;
  readonly delaySteps: Steps;
  readonly isCoDel: boolean;
  readonly back: Asymmetry;
  readonly rival: Rival | undefined;
  /** Of all streams' readers and writers. */
  readonly readPauses: readonly Interval[];
  readonly writePauses: readonly Interval[];
}

const STEADY: Steps = [[0, 1]];

/** Nothing of all that. */
export const plainCircumstances: Circumstances = {
  loops: {},
  rateSteps: STEADY,
  delaySteps: STEADY,
  isCoDel: false,
  back: { rate: 1, delay: 1, loss: 1 },
  rival: undefined,
  readPauses: [],
  writePauses: [],
};

/** Least factor of a rate that is not 0; a standstill lasts a second at most. */
const LEAST_RATE_FACTOR = 0.1;
const STANDSTILL_US = 1_000_000;
/** Changes happen this early, when most transfers still run. */
const CHANGES_UNTIL_US = 3_000_000;

export function drawCircumstances(random: Random, rateBitsPerSec: number): Circumstances {
  return {
    loops: drawLoops(random),
    rateSteps: random.chance(0.2) ? drawRateSteps(random) : STEADY,
    delaySteps: random.chance(0.15) ? drawDelaySteps(random) : STEADY,
    isCoDel: random.chance(0.2),
    back: random.chance(0.3) ? drawAsymmetry(random) : plainCircumstances.back,
    rival: random.chance(0.1) ? drawRival(random, rateBitsPerSec) : undefined,
    readPauses: random.chance(0.1) ? [drawPause(random)] : [],
    writePauses: random.chance(0.1) ? [drawPause(random)] : [],
  };
}

function drawLoops(random: Random): Circumstances['loops'] {
  const a = random.chance(0.25) ? drawLoop(random) : undefined;
  const b = random.chance(0.25) ? drawLoop(random) : undefined;
  return { ...(a && { a }), ...(b && { b }) };
}

function drawLoop(random: Random): LoopSpec {
  const mostUs = random.pick([5_000, 50_000, 500_000]);
  const everyUs = mostUs * random.integer(4, 50);
  return {
    ...(random.chance(0.7) ? { tickUs: [1000, 2000] as const } : {}),
    isWokenByDatagrams: random.chance(0.5),
    ...(random.chance(0.5) ? { stalls: { everyUs, leastUs: 1000, mostUs } } : {}),
    ...(random.chance(0.5) ? { receiveBufferBytes: random.pick([65_536, 212_992]) } : {}),
  };
}

/** Instants that grow, from the second on after 0. */
function drawInstants(random: Random): number[] {
  const instants = Array.from({ length: random.integer(1, 4) }, () =>
    random.integer(1, CHANGES_UNTIL_US),
  );
  return [...new Set(instants)].sort((one, other) => one - other);
}

function drawRateSteps(random: Random): Steps {
  const steps: [number, number][] = [[0, 1]];
  for (const atUs of drawInstants(random)) {
    const factor = random.chance(0.2)
      ? 0
      : LEAST_RATE_FACTOR + (1 - LEAST_RATE_FACTOR) * random.next();
    steps.push([atUs, factor]);
  }
  if (steps.at(-1)![1] === 0) steps.push([steps.at(-1)![0] + STANDSTILL_US, 1]);
  return steps;
}

function drawDelaySteps(random: Random): Steps {
  const instants = drawInstants(random);
  return [[0, 1], ...instants.map((atUs) => [atUs, 10 ** (2 * random.next() - 1)] as const)];
}

function drawAsymmetry(random: Random): Asymmetry {
  return {
    rate: 10 ** -(1.5 * random.next()),
    delay: 10 ** (2 * random.next() - 1),
    loss: random.pick([0, 1, 3]),
  };
}

function drawRival(random: Random, rateBitsPerSec: number): Rival {
  return {
    controller: random.pick(controllerNames),
    bytes: random.integer(1, Math.floor(Math.min(300_000, rateBitsPerSec / 8))),
    startAtUs: random.integer(0, 1_000_000),
  };
}

function drawPause(random: Random): Interval {
  const fromUs = random.integer(0, CHANGES_UNTIL_US);
  return [fromUs, fromUs + random.integer(1, 5_000_000)];
}
