import { Silent } from '../../test/sim/arrivals.ts';
import { Bottleneck } from '../../test/sim/bottleneck.ts';
import type { ElementSpec, Link } from '../../test/sim/link.ts';
import { Network } from '../../test/sim/network.ts';
import {
  burstLoss,
  type BurstLoss,
  delay,
  jitter,
  loss,
  reorder,
} from '../../test/sim/wire-elements.ts';
import { Flow, type FlowResult, type FlowSpec } from './flow.ts';
import { bdpBytes } from './limit.ts';
import { DATAGRAM_BYTES, PACKET_BYTES } from './packet-size.ts';
import { TICK_US, tickOf, type Ticks } from './ticks.ts';
import { TAG_BYTES } from './unchecked-introduction.ts';

/** Room in a receiver's kernel buffer: never what limits a run here. */
const RECEIVE_BUFFER_BYTES = 64 * 2 ** 20;
/** A connection gets half of the pool while it is alone: 8 bandwidth-delay products of credit. */
const CREDIT_POOL_BDP = 16;
/** The product's memory for received bytes: 64 MiB of credit for one connection. */
const PRODUCT_POOL_BYTES = 128 * 2 ** 20;
/** How late the datagrams are that others overtake. */
const REORDER_US = 5_000;
/** Datagrams that the queue holds at least, or nothing could be sent back to back. */
const MIN_QUEUE_PACKETS = 2;

/** A path for bulk flows, and how long they run. */
export interface PathSpec {
  readonly rateMbitPerSec: number;
  readonly rttMs: number;
  /** Drop-tail queue, in bandwidth-delay products. */
  readonly queueBdp: number;
  readonly loss?: number;
  readonly burst?: BurstLoss;
  readonly jitterMs?: number;
  readonly reorder?: number;
  readonly ackLoss?: number;
  /** Credit as the product has it, also where a long fast path would need more. Default false. */
  readonly hasProductCredit?: boolean;
  /** Datagrams begin at 1200 bytes and MTU discovery finds the rest, as in the product. Default false. */
  readonly isMtuDiscovered?: boolean;
  readonly seconds: number;
  readonly seed: number;
}

export interface PathResult {
  readonly flows: readonly FlowResult[];
  /** Bytes that wait before the bottleneck, at a random moment of each tick. */
  readonly queueByTick: Ticks;
  /** All datagrams towards receivers, and those that the bottleneck dropped, since the start. */
  readonly sentCountByTick: Ticks;
  readonly queueDropCountByTick: Ticks;
}

/** Runs bulk flows over one bottleneck for a time; exact for a seed. */
export function runFlows(path: PathSpec, specs: readonly FlowSpec[]): PathResult {
  const network = new Network({ seed: path.seed, isPoisoned: false, maxEvents: Infinity });
  const pathBytes = bdpBytes(path);
  const shared = new Bottleneck({
    rateBitsPerSec: path.rateMbitPerSec * 1e6,
    queueBytes: Math.max(MIN_QUEUE_PACKETS * PACKET_BYTES, path.queueBdp * pathBytes),
  });
  const oneWayUs = (path.rttMs * 1e3) / 2;
  const tickCount = tickOf(path.seconds * 1e6);
  const links: Link[] = [];
  const flows = specs.map((spec, index) => {
    const config = {
      controller: spec.controller,
      ...(path.isMtuDiscovered === true
        ? { maxDatagramBytes: DATAGRAM_BYTES }
        : { datagramBytes: DATAGRAM_BYTES }),
      tagBytes: TAG_BYTES,
      receiveBufferBytes: RECEIVE_BUFFER_BYTES,
      creditPoolBytes:
        path.hasProductCredit === true
          ? PRODUCT_POOL_BYTES
          : Math.max(PRODUCT_POOL_BYTES, CREDIT_POOL_BDP * pathBytes),
    };
    const sender = network.addEndpoint(`s${index}`, config);
    const receiver = network.addEndpoint(`r${index}`, config);
    const flow = new Flow({ network, sender, receiver }, spec, tickCount);
    links.push(flow.connect([shared.through(), ...wire(path), delay(Math.floor(oneWayUs))]));
    network.connect(receiver, sender, [
      ...(path.ackLoss === undefined ? [] : [loss(path.ackLoss)]),
      delay(Math.ceil(oneWayUs)),
    ]);
    flow.start();
    return flow;
  });
  const samples = sampleEachTick(network, tickCount, flows, links, shared);
  network.runUntil(path.seconds * 1e6);
  return {
    flows: flows.map((flow, nth) => flow.result(links[nth]!.counters.sentBytes)),
    ...samples,
  };
}

function wire(path: PathSpec): ElementSpec[] {
  return [
    ...(path.loss === undefined ? [] : [loss(path.loss)]),
    ...(path.burst === undefined ? [] : [burstLoss(path.burst)]),
    ...(path.jitterMs === undefined ? [] : [jitter(path.jitterMs * 1e3)]),
    ...(path.reorder === undefined ? [] : [reorder(path.reorder, REORDER_US)]),
  ];
}

type Samples = Omit<PathResult, 'flows'>;

/** An observer that wakes none of the endpoints. */
function sampleEachTick(
  network: Network,
  tickCount: number,
  flows: readonly Flow[],
  links: readonly Link[],
  shared: Bottleneck,
): Samples {
  const observer = network.add('observer', new Silent());
  const random = network.random.split('observer');
  const samples: Samples = {
    queueByTick: new Float64Array(tickCount),
    sentCountByTick: new Float64Array(tickCount),
    queueDropCountByTick: new Float64Array(tickCount),
  };
  const plan = (tick: number): void => {
    if (tick === tickCount) return;
    network.at(tick * TICK_US + random.integer(0, TICK_US - 1), observer, () => {
      samples.queueByTick[tick] = shared.queuedBytes;
      for (const { counters } of links) {
        samples.sentCountByTick[tick]! += counters.sentCount;
        samples.queueDropCountByTick[tick]! += counters.queueDropCount;
      }
      for (const flow of flows) flow.sample();
      plan(tick + 1);
    });
  };
  plan(0);
  return samples;
}
