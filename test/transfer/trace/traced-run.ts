import type { ElementSpec, Link } from '../../sim/link.ts';
import { Network } from '../../sim/network.ts';
import { Workload } from '../../sim/workload.ts';
import { bottleneck } from '../../sim/bottleneck.ts';
import { blackout, delay, loss } from '../../sim/wire-elements.ts';
import { MemoryTrace } from './trace-text.ts';

export const TRACED_BYTES = 3_000_000;
export const TRACED_DELAY_US = 20_000;
const RATE_BITS_PER_SEC = 20e6;
/** When the path carries nothing, if it is to. */
export const BLACKOUT_FROM_US = 500_000;

export interface TracedRun {
  readonly forward: Link;
  readonly backward: Link;
  /** The whole traces of both sides. */
  readonly a: string;
  readonly b: string;
}

/** A stream from a to b, each with a trace of its own; 3 % of the datagrams are lost each way. */
export function tracedRun(
  seed: number,
  blackoutUs = 0,
  weather: readonly ElementSpec[] = [],
): TracedRun {
  const [traceA, traceB] = [new MemoryTrace(), new MemoryTrace()];
  const network = new Network({ seed });
  const a = network.addEndpoint('a', { controller: 'bbr', trace: traceA.recorder });
  const b = network.addEndpoint('b', { controller: 'bbr', trace: traceB.recorder });
  const way = [
    bottleneck(RATE_BITS_PER_SEC, 100_000),
    delay(TRACED_DELAY_US),
    loss(0.03),
    blackout([BLACKOUT_FROM_US, BLACKOUT_FROM_US + blackoutUs]),
    ...weather,
  ];
  const [forward, backward] = [network.connect(a, b, way), network.connect(b, a, way)];
  const workload = new Workload(network);
  workload.add({ opener: a, responder: b, bytes: TRACED_BYTES });
  workload.runToEnd();
  return { forward, backward, a: traceA.end(), b: traceB.end() };
}
