import type { Endpoint, EndpointConfig } from '../../src/transfer/core/index.ts';
import type { LoopSpec } from './event-loop.ts';
import type { ElementSpec, Link } from './link.ts';
import { Network, type NetworkOptions, type SimNode } from './network.ts';
import { type SidesIntroduced, type StreamPlan, type StreamRun, Workload } from './workload.ts';

export interface PairOptions extends NetworkOptions {
  /** What a's datagrams pass on their way to b. */
  readonly forward: readonly ElementSpec[];
  /** Default: the same as forward. */
  readonly backward?: readonly ElementSpec[];
  /** Of both; default CUBIC. */
  readonly config?: Partial<EndpointConfig>;
  /** When they may act; default at once. */
  readonly loops?: { readonly a?: LoopSpec; readonly b?: LoopSpec };
  /** How each connection’s sides are introduced; default without keys. */
  readonly introduce?: (keyId: string) => SidesIntroduced;
}

/** The common case: two endpoints, `a` and `b`, and streams between them. */
export class Pair {
  readonly network: Network;
  readonly a: SimNode<Endpoint>;
  readonly b: SimNode<Endpoint>;
  readonly forward: Link;
  readonly backward: Link;
  readonly workload: Workload;

  constructor(options: PairOptions) {
    this.network = new Network(options);
    this.a = this.network.addEndpoint('a', options.config, options.loops?.a);
    this.b = this.network.addEndpoint('b', options.config, options.loops?.b);
    this.forward = this.network.connect(this.a, this.b, options.forward);
    this.backward = this.network.connect(this.b, this.a, options.backward ?? options.forward);
    this.workload = new Workload(this.network, options.introduce);
  }

  /** A stream from a to b. */
  add(plan: Omit<StreamPlan, 'opener' | 'responder'>): StreamRun {
    return this.workload.add({ opener: this.a, responder: this.b, ...plan });
  }

  /** One stream from a to b, run to its end and to the end of all lingers. */
  transfer(plan: Omit<StreamPlan, 'opener' | 'responder'>): StreamRun {
    const run = this.add(plan);
    this.workload.runToEnd();
    return run;
  }
}
