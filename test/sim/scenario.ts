import {
  type ControllerName,
  controllerNames,
  type EndpointConfig,
} from '../../src/transfer/core/index.ts';
import { Bottleneck } from './bottleneck.ts';
import {
  type Asymmetry,
  type Circumstances,
  drawCircumstances,
  type Rival,
} from './circumstances.ts';
import { CoDel } from './codel.ts';
import type { ElementSpec } from './link.ts';
import { Pair, type PairOptions } from './pair.ts';
import { Random } from './random.ts';
import type { Steps } from './rate-trace.ts';
import {
  blackout,
  burstLoss,
  corrupt,
  delay,
  delaySteps,
  duplicate,
  jitter,
  loss,
  mtu,
  reorder,
} from './wire-elements.ts';

/** Least IP packet that every path carries. */
const LEAST_MTU_BYTES = 1228;
/** A fixed window this small moves a packet or two a round trip: its transfers are kept short. */
const SMALL_WINDOW_PACKETS = 8;
const MAX_STREAM_BYTES = 2_000_000;
/** Writes of a byte or two show their worth in less than a whole stream of them. */
const MAX_WRITES = 20_000;

/** A loss may be this frequent where it is more frequent one way. */
const MOST_LOSS = 0.3;

/** What both directions of a drawn path do. */
interface Weather {
  readonly jitterUs: number;
  readonly loss: number;
  readonly isBursty: boolean;
  readonly reorder: number;
  readonly duplicate: number;
  readonly corrupt: number;
  readonly blackoutFromUs: number;
  readonly blackoutUs: number;
}

/** One random transfer, or a few, over one random path. Everything follows from `seed`. */
export interface Scenario {
  readonly seed: number;
  readonly rateBitsPerSec: number;
  readonly queueBytes: number;
  readonly delayUs: number;
  readonly weather: Weather;
  readonly mtuBytes: number;
  readonly controller: ControllerName;
  readonly windowPackets: number;
  readonly firstPacketNumber: number | undefined;
  readonly creditPoolBytes: number;
  readonly streams: readonly {
    readonly isFromB: boolean;
    readonly bytes: number;
    readonly replyBytes: number;
    readonly readBytesPerSec: number;
    readonly startAtUs: number;
    readonly chunkBytes: number;
  }[];
  readonly circumstances: Circumstances;
}

export function drawScenario(seed: number): Scenario {
  const random = new Random(seed).split('scenario');
  const controller = random.pick(controllerNames);
  const windowPackets = random.pick([1, 2, 3, 4, 8, 16, 32, 64]);
  const isSlow = controller === 'fixed' && windowPackets <= SMALL_WINDOW_PACKETS;
  const rateBitsPerSec = Math.round(10 ** (5.5 + 3.5 * random.next()));
  const delayUs = random.integer(0, random.pick([100, 5_000, 50_000, 300_000]));
  // A few seconds of the link, so that slow links do not run for an hour.
  const mostBytes = Math.min(MAX_STREAM_BYTES / (isSlow ? 10 : 1), rateBitsPerSec);
  const drawBytes = () =>
    random.pick([0, 1, random.integer(2, 5_000), random.integer(5_000, Math.floor(mostBytes))]);
  const connectionCount = random.pick([1, 1, 1, 2, 3, 8]);
  return {
    seed,
    rateBitsPerSec,
    queueBytes: random.integer(3_000, Math.max(10_000, Math.ceil(rateBitsPerSec / 40))),
    delayUs,
    weather: drawWeather(random, delayUs),
    mtuBytes: random.pick([LEAST_MTU_BYTES, LEAST_MTU_BYTES, 1500, 9000, 65_535]),
    controller,
    windowPackets,
    firstPacketNumber: random.chance(0.5) ? 2 ** 32 - random.integer(1, 600) : undefined,
    creditPoolBytes: random.pick([2 ** 20, 2 ** 22, 2 ** 27]),
    streams: Array.from({ length: connectionCount }, () => ({
      isFromB: random.chance(0.3),
      bytes: Math.ceil(drawBytes() / connectionCount),
      replyBytes: random.chance(0.4) ? Math.ceil(drawBytes() / connectionCount) : 0,
      readBytesPerSec: random.chance(0.2) ? 10 ** random.integer(5, 7) : Infinity,
      startAtUs: random.pick([0, random.integer(0, 1_000_000)]),
      chunkBytes: random.pick([1, 1000, 65_536, 65_536]) * random.integer(1, 50),
    })),
    circumstances: drawCircumstances(new Random(seed).split('circumstances'), rateBitsPerSec),
  };
}

function drawWeather(random: Random, delayUs: number): Weather {
  const some = (most: number) => (random.chance(0.4) ? most * random.next() : 0);
  const hasBlackout = random.chance(0.2);
  return {
    jitterUs: random.chance(0.4) ? random.integer(1, Math.max(100, delayUs)) : 0,
    loss: some(0.15),
    isBursty: random.chance(0.2),
    reorder: some(0.1),
    duplicate: some(0.1),
    corrupt: some(0.03),
    blackoutFromUs: hasBlackout ? random.integer(0, 2_000_000) : 0,
    blackoutUs: hasBlackout ? random.integer(1, 4_000_000) : 0,
  };
}

/** The whole scenario in one line. */
export function describe(scenario: Scenario): string {
  const { weather, streams, circumstances, ...rest } = scenario;
  return JSON.stringify(
    { ...rest, ...weather, ...circumstances, streams },
    (_key, value: unknown) => (value === Infinity ? 'Infinity' : value),
  );
}

const WAY_THERE: Asymmetry = { rate: 1, delay: 1, loss: 1 };

function bottleneckOf(
  { rateBitsPerSec, queueBytes, circumstances }: Scenario,
  way: Asymmetry,
): Bottleneck {
  const rate = scaled(circumstances.rateSteps, rateBitsPerSec * way.rate);
  return circumstances.isCoDel
    ? new Bottleneck({ rateBitsPerSec: rate, discipline: new CoDel(queueBytes) })
    : new Bottleneck({ rateBitsPerSec: rate, queueBytes });
}

/** The bottleneck, then what the wire does behind it. */
function elementsOf(scenario: Scenario, shared: Bottleneck, way: Asymmetry): ElementSpec[] {
  const { weather, mtuBytes, circumstances } = scenario;
  const { blackoutFromUs, blackoutUs } = weather;
  const delayUs = Math.floor(scenario.delayUs * way.delay);
  const elements = [
    shared.through(),
    mtu(mtuBytes),
    delaySteps(scaled(circumstances.delaySteps, delayUs)),
  ];
  if (weather.jitterUs > 0) elements.push(jitter(weather.jitterUs));
  if (weather.isBursty)
    elements.push(burstLoss({ p: 0.01, r: 0.3, lossInBad: 0.9, lossInGood: 0 }));
  elements.push(
    loss(Math.min(MOST_LOSS, weather.loss * way.loss)),
    reorder(weather.reorder, Math.max(1000, delayUs)),
    duplicate(weather.duplicate, 1000),
    corrupt(weather.corrupt),
    blackout([blackoutFromUs, blackoutFromUs + blackoutUs]),
  );
  return elements;
}

function scaled(steps: Steps, factor: number): Steps {
  return steps.map(([atUs, value]) => [atUs, Math.floor(value * factor)]);
}

/** How long its paths carry nothing, all in all. */
function standstillUs({ weather, circumstances }: Scenario): number {
  let sumUs = weather.blackoutUs;
  for (const [index, [atUs, factor]] of circumstances.rateSteps.entries()) {
    if (factor === 0) sumUs += circumstances.rateSteps[index + 1]![0] - atUs;
  }
  return sumUs;
}

/**
 * A pair of endpoints in the scenario's network, with its streams planned, and its rival's; `keys` for
 * sealed ones.
 */
export function buildScenario(
  scenario: Scenario,
  isHashed = false,
  keys: Pick<PairOptions, 'introduce' | 'config'> = {},
): Pair {
  const { seed, controller, windowPackets, firstPacketNumber, creditPoolBytes } = scenario;
  const { loops, back, readPauses, writePauses, rival } = scenario.circumstances;
  const config: Partial<EndpointConfig> = {
    controller,
    windowPackets,
    creditPoolBytes,
    datagramBytes: Math.min(scenario.mtuBytes, 9000) - 28,
    ...(firstPacketNumber === undefined ? {} : { firstPacketNumber }),
    ...keys.config,
  };
  const shared = bottleneckOf(scenario, WAY_THERE);
  const forward = elementsOf(scenario, shared, WAY_THERE);
  const backward = elementsOf(scenario, bottleneckOf(scenario, back), back);
  const pair = new Pair({
    ...{ seed, isHashed, ...keys, config, loops },
    ...{ forward, backward, watch: { standstillUs: standstillUs(scenario) } },
  });
  for (const { isFromB, ...plan } of scenario.streams) {
    const [opener, responder] = isFromB ? [pair.b, pair.a] : [pair.a, pair.b];
    const mostBytes = Math.max(plan.bytes, plan.replyBytes);
    const chunkBytes = Math.max(plan.chunkBytes, Math.ceil(mostBytes / MAX_WRITES));
    pair.workload.add({ opener, responder, ...plan, chunkBytes, readPauses, writePauses });
  }
  if (rival !== undefined) {
    addRival(pair, { ...rival, config: { ...keys.config, controller: rival.controller } }, [
      shared.through(),
      delay(scenario.delayUs),
    ]);
  }
  return pair;
}

/** Two more endpoints, whose way there goes through the same bottleneck. */
function addRival(
  { network, workload }: Pair,
  { config, bytes, startAtUs }: Rival & { readonly config: Partial<EndpointConfig> },
  [shared, way]: readonly [ElementSpec, ElementSpec],
): void {
  const c = network.addEndpoint('c', config);
  const d = network.addEndpoint('d', config);
  network.connect(c, d, [shared, way]);
  network.connect(d, c, [way]);
  workload.add({ opener: c, responder: d, bytes, startAtUs });
}
