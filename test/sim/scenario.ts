import {
  type ControllerName,
  controllerNames,
  type EndpointConfig,
} from '../../src/transfer/core/index.ts';
import { bottleneck } from './bottleneck.ts';
import type { ElementSpec } from './link.ts';
import { Pair, type PairOptions } from './pair.ts';
import { Random } from './random.ts';
import {
  blackout,
  burstLoss,
  corrupt,
  delay,
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
  const { weather, streams, ...rest } = scenario;
  return JSON.stringify({ ...rest, ...weather, streams }, (_key, value: unknown) =>
    value === Infinity ? 'Infinity' : value,
  );
}

function elementsOf({ rateBitsPerSec, queueBytes, ...scenario }: Scenario): ElementSpec[] {
  const { delayUs, weather, mtuBytes } = scenario;
  const { blackoutFromUs, blackoutUs } = weather;
  const elements = [bottleneck(rateBitsPerSec, queueBytes), mtu(mtuBytes), delay(delayUs)];
  if (weather.jitterUs > 0) elements.push(jitter(weather.jitterUs));
  if (weather.isBursty)
    elements.push(burstLoss({ p: 0.01, r: 0.3, lossInBad: 0.9, lossInGood: 0 }));
  elements.push(
    loss(weather.loss),
    reorder(weather.reorder, Math.max(1000, delayUs)),
    duplicate(weather.duplicate, 1000),
    corrupt(weather.corrupt),
    blackout([blackoutFromUs, blackoutFromUs + blackoutUs]),
  );
  return elements;
}

/** A pair of endpoints in the scenario's network, with its streams planned; `keys` for sealed ones. */
export function buildScenario(
  scenario: Scenario,
  isHashed = false,
  keys: Pick<PairOptions, 'introduce' | 'config'> = {},
): Pair {
  const { seed, controller, windowPackets, firstPacketNumber, creditPoolBytes } = scenario;
  const config: Partial<EndpointConfig> = {
    controller,
    windowPackets,
    creditPoolBytes,
    datagramBytes: Math.min(scenario.mtuBytes, 9000) - 28,
    ...(firstPacketNumber === undefined ? {} : { firstPacketNumber }),
    ...keys.config,
  };
  const pair = new Pair({ seed, isHashed, ...keys, config, forward: elementsOf(scenario) });
  for (const { isFromB, ...plan } of scenario.streams) {
    const [opener, responder] = isFromB ? [pair.b, pair.a] : [pair.a, pair.b];
    pair.workload.add({ opener, responder, ...plan });
  }
  return pair;
}
