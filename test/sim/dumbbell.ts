import type { Endpoint, EndpointConfig } from '../../src/transfer/core/index.ts';
import { Bottleneck, type BottleneckOptions } from './bottleneck.ts';
import type { LoopSpec } from './event-loop.ts';
import type { ElementSpec, Link } from './link.ts';
import { Network, type NetworkOptions, type SimNode } from './network.ts';
import { delay } from './wire-elements.ts';
import { type StreamPlan, type StreamRun, Workload } from './workload.ts';

/** Two endpoints whose streams pass the bottleneck. */
export interface CrossingPlan {
  readonly config?: Partial<EndpointConfig>;
  /** One way, either way. */
  readonly delayUs: number;
  /** What the sender's datagrams pass behind the bottleneck, and the receiver's on their way. */
  readonly forward?: readonly ElementSpec[];
  readonly backward?: readonly ElementSpec[];
  readonly senderLoop?: LoopSpec;
  readonly receiverLoop?: LoopSpec;
}

export interface DumbbellOptions extends NetworkOptions {
  readonly bottleneck: BottleneckOptions;
  readonly crossings: readonly CrossingPlan[];
}

/** A pair of endpoints on the two sides of a dumbbell. */
export interface Crossing {
  readonly sender: SimNode<Endpoint>;
  readonly receiver: SimNode<Endpoint>;
  readonly forward: Link;
  readonly backward: Link;
}

/**
 * Pairs of endpoints that know nothing of each other and share one bottleneck:
 *
 * ```
 *   s0 ─┐              ┌─ r0
 *   s1 ─┼─ bottleneck ─┼─ r1
 *   s2 ─┘              └─ r2
 * ```
 */
export class Dumbbell {
  readonly network: Network;
  readonly shared: Bottleneck;
  readonly workload: Workload;
  readonly crossings: readonly Crossing[];

  constructor(options: DumbbellOptions) {
    this.network = new Network(options);
    this.shared = new Bottleneck(options.bottleneck);
    this.workload = new Workload(this.network);
    this.crossings = options.crossings.map((plan, index) => this.#cross(plan, index));
  }

  /** A stream of one pair, from its sender to its receiver. */
  add(index: number, plan: Omit<StreamPlan, 'opener' | 'responder'>): StreamRun {
    const { sender, receiver } = this.crossings[index]!;
    return this.workload.add({ opener: sender, responder: receiver, ...plan });
  }

  /** What the receiver of each pair has read so far, all streams together. */
  get readBytes(): number[] {
    return this.crossings.map(({ receiver }) =>
      this.workload.runs
        .filter(({ plan }) => plan.responder === receiver)
        .reduce((sum, { responder }) => sum + responder.readBytes, 0),
    );
  }

  /** Lets time pass until an instant; of all that was read meanwhile, the part of each pair. */
  sharesUntil(untilUs: number): number[] {
    const before = this.readBytes;
    this.network.runUntil(untilUs);
    const read = this.readBytes.map((bytes, index) => bytes - before[index]!);
    const all = read.reduce((sum, bytes) => sum + bytes, 0);
    return read.map((bytes) => bytes / all);
  }

  #cross(plan: CrossingPlan, index: number): Crossing {
    const { network } = this;
    const { config, delayUs } = plan;
    const sender = network.addEndpoint(`s${index}`, config, plan.senderLoop);
    const receiver = network.addEndpoint(`r${index}`, config, plan.receiverLoop);
    const there = [this.shared.through(), delay(delayUs), ...(plan.forward ?? [])];
    const back = [delay(delayUs), ...(plan.backward ?? [])];
    return {
      sender,
      receiver,
      forward: network.connect(sender, receiver, there),
      backward: network.connect(receiver, sender, back),
    };
  }
}

/** Jain's index of shares: 1 when all are equal, 1/n when one has all. */
export function jainIndex(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share ** 2, 0);
  return sum ** 2 / (shares.length * squares);
}
