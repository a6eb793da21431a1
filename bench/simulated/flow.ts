import {
  type ControllerName,
  type Endpoint,
  plainIntroduction,
  type TransportConnection,
} from '../../src/transfer/core/index.ts';
import { Bottleneck } from '../../test/sim/bottleneck.ts';
import type { ElementSpec } from '../../test/sim/link.ts';
import { Network, type SimNode } from '../../test/sim/network.ts';
import {
  burstLoss,
  delay,
  jitter,
  loss,
  reorder,
  type BurstLoss,
} from '../../test/sim/wire-elements.ts';

/** A path for bulk flows, and how long they run. */
export interface FlowPath {
  readonly rateMbitPerSec: number;
  readonly rttMs: number;
  /** Drop-tail queue, in bandwidth-delay products. */
  readonly queueBdp: number;
  readonly loss?: number;
  readonly burst?: BurstLoss;
  readonly jitterMs?: number;
  readonly reorder?: number;
  readonly ackLoss?: number;
  readonly seconds: number;
  readonly seed: number;
}

/** One sender on the path. */
export interface FlowSpec {
  readonly controller: ControllerName;
  readonly startSeconds?: number;
}

/** What one flow achieved. */
export interface FlowResult {
  /** Payload read by the receiver, by 100 ms of virtual time. */
  readonly bytesByTick: readonly number[];
  readonly sentBytes: number;
  readonly retransmittedBytes: number;
  readonly spuriouslyLostCount: number;
}

export interface PathResult {
  readonly flows: readonly FlowResult[];
  /** IP bytes that the bottleneck carried, and dropped, beside what the wire lost. */
  readonly forwardBytes: number;
  readonly queueDropCount: number;
  readonly sentCount: number;
  readonly meanQueueMs: number;
}

export const TICK_MS = 100;
const DATAGRAM_BYTES = 1_372;
const IP_UDP_BYTES = 28;
const HEADER_BYTES = 20;
const CHUNK = new Uint8Array(65_536);
/** Payload in an IP packet: what the physical limit allows beside loss. */
export const PAYLOAD_SHARE: number =
  (DATAGRAM_BYTES - HEADER_BYTES) / (DATAGRAM_BYTES + IP_UDP_BYTES);

/** Runs bulk flows over one bottleneck for a time; exact for a seed. */
export function runFlows(path: FlowPath, specs: readonly FlowSpec[]): PathResult {
  const network = new Network({ seed: path.seed, isPoisoned: false });
  const rateBitsPerSec = path.rateMbitPerSec * 1e6;
  const bdpBytes = (rateBitsPerSec / 8) * (path.rttMs / 1e3);
  const queueBytes = Math.max(2 * (DATAGRAM_BYTES + IP_UDP_BYTES), path.queueBdp * bdpBytes);
  const shared = new Bottleneck({ rateBitsPerSec, queueBytes });
  const oneWayUs = (path.rttMs * 1e3) / 2;
  const flows = specs.map((spec, index) => {
    const creditPoolBytes = Math.max(134_217_728, 16 * bdpBytes);
    const config = {
      controller: spec.controller,
      datagramBytes: DATAGRAM_BYTES,
      receiveBufferBytes: 8_388_608,
      creditPoolBytes,
    };
    const sender = network.addEndpoint(`s${index}`, config);
    const receiver = network.addEndpoint(`r${index}`, config);
    const forward = network.connect(sender, receiver, [
      shared.through(),
      ...wire(path),
      delay(Math.floor(oneWayUs)),
    ]);
    network.connect(receiver, sender, [
      ...(path.ackLoss === undefined ? [] : [loss(path.ackLoss)]),
      delay(Math.ceil(oneWayUs)),
    ]);
    return { flow: new Flow(network, sender, receiver, path.seconds, index, spec), forward };
  });
  network.runUntil(path.seconds * 1e6);
  const links = flows.map(({ forward }) => forward);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return {
    flows: flows.map(({ flow, forward }) => flow.result(forward.counters.sentBytes)),
    forwardBytes: sum(links.map(({ counters }) => counters.sentBytes)),
    queueDropCount: sum(links.map(({ counters }) => counters.queueDropCount)),
    sentCount: sum(links.map(({ counters }) => counters.sentCount)),
    meanQueueMs: sum(links.map((link) => link.meanQueueDelayUs)) / links.length / 1e3,
  };
}

function wire(path: FlowPath): ElementSpec[] {
  return [
    ...(path.loss === undefined ? [] : [loss(path.loss)]),
    ...(path.burst === undefined ? [] : [burstLoss(path.burst)]),
    ...(path.jitterMs === undefined ? [] : [jitter(path.jitterMs * 1e3)]),
    ...(path.reorder === undefined ? [] : [reorder(path.reorder, 5_000)]),
  ];
}

/** One bulk stream: writes as long as there is room, reads at once. */
class Flow {
  readonly #bytesByTick: number[];
  #connection: TransportConnection | undefined;

  constructor(
    network: Network,
    sender: SimNode<Endpoint>,
    receiver: SimNode<Endpoint>,
    seconds: number,
    index: number,
    spec: FlowSpec,
  ) {
    this.#bytesByTick = new Array<number>(Math.ceil((seconds * 1e3) / TICK_MS)).fill(0);
    const keyId = index.toString(16).padStart(16, '0');
    const introduction = plainIntroduction(keyId);
    const pump = (connection: TransportConnection): void => {
      // Also the last few bytes: 'writable' follows only a room of 0.
      for (let room = connection.writeRoomBytes; room > 0; room = connection.writeRoomBytes) {
        connection.write(CHUNK.subarray(0, Math.min(room, CHUNK.length)));
      }
    };
    sender.application = (event) => {
      if (event.type !== 'opened' && event.type !== 'writable') return;
      this.#connection = event.connection;
      pump(event.connection);
    };
    receiver.application = (event, nowUs) => {
      if (event.type === 'opened') event.connection.raiseCredit();
      if (event.type !== 'readable') return;
      const bytes = event.connection.readableBytes;
      for (let left = bytes; left > 0;) {
        const part = event.connection.peek().length;
        event.connection.consume(part);
        left -= part;
      }
      const tick = Math.min(this.#bytesByTick.length - 1, Math.floor(nowUs / 1e3 / TICK_MS));
      this.#bytesByTick[tick]! += bytes;
    };
    const startUs = (spec.startSeconds ?? 0) * 1e6;
    network.at(startUs, receiver, (nowUs) => void receiver.transport.expect(introduction, nowUs));
    network.at(startUs, sender, (nowUs) => {
      sender.transport.open(introduction, [receiver.address], nowUs);
    });
  }

  result(sentBytes: number): FlowResult {
    const stats = this.#connection?.stats;
    return {
      bytesByTick: this.#bytesByTick,
      sentBytes,
      retransmittedBytes: stats?.bytesRetransmittedCount ?? 0,
      spuriouslyLostCount: stats?.packetsSpuriouslyLostCount ?? 0,
    };
  }
}
