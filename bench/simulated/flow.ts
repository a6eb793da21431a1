import {
  type ControllerName,
  type Endpoint,
  type TransportConnection,
} from '../../src/transfer/core/index.ts';
import type { ElementSpec, Link } from '../../test/sim/link.ts';
import type { Network, SimNode } from '../../test/sim/network.ts';
import { DataTaps } from './data-taps.ts';
import { tickOf, type Ticks } from './ticks.ts';
import { uncheckedIntroduction } from './unchecked-introduction.ts';

const CHUNK = new Uint8Array(65_536);

/** One sender on the path. */
export interface FlowSpec {
  readonly controller: ControllerName;
  readonly startSeconds?: number;
  /** Streams of this pair, at once; default 1. */
  readonly streamCount?: number;
  /** Of each stream; default as much as there is time for. */
  readonly bytes?: number;
}

/** What one flow achieved: all streams of one pair of endpoints. */
export interface FlowResult {
  readonly controller: ControllerName;
  /** Payload that arrived for the first time, by tick: what the link has carried for the user. */
  readonly arrivedByTick: Ticks;
  /** Payload read in order by the receiver, by tick. */
  readonly readByTick: Ticks;
  /** What the controller of the first stream did, by tick; undefined before it was open. */
  readonly stateByTick: readonly (string | undefined)[];
  /** UDP payload of all that was sent towards the receiver. */
  readonly sentBytes: number;
  /** Of the streams, sent at least once. */
  readonly firstSentBytes: number;
  readonly spuriouslyLostCount: number;
  readonly packetsSentCount: number;
  /** From the first OPEN on; Infinity when it did not come. */
  readonly firstByteUs: number;
  /** From the first OPEN on, last of all streams; Infinity where they have no end or did not reach it. */
  readonly lastByteUs: number;
}

/** What a flow runs between. */
export interface FlowEnds {
  readonly network: Network;
  readonly sender: SimNode<Endpoint>;
  readonly receiver: SimNode<Endpoint>;
}

/** Bulk streams from one endpoint to another: written as long as there is room, read at once. */
export class Flow {
  readonly spec: FlowSpec;
  readonly #ends: FlowEnds;
  readonly #taps: DataTaps;
  readonly #arrived: Ticks;
  readonly #read: Ticks;
  readonly #states: (string | undefined)[] = [];
  readonly #connections: TransportConnection[] = [];
  readonly #writtenBytes: Map<TransportConnection, number> = new Map();
  readonly #startUs: number;
  #unfinishedCount: number;
  #firstByteUs: number = Infinity;
  #lastByteUs: number = Infinity;

  constructor(ends: FlowEnds, spec: FlowSpec, tickCount: number) {
    this.spec = spec;
    this.#ends = ends;
    this.#arrived = new Float64Array(tickCount);
    this.#read = new Float64Array(tickCount);
    this.#startUs = (spec.startSeconds ?? 0) * 1e6;
    this.#unfinishedCount = spec.streamCount ?? 1;
    this.#taps = new DataTaps((newBytes, atUs) => {
      const tick = tickOf(atUs);
      // What is still on its way at the end has not arrived.
      if (tick < tickCount) this.#arrived[tick]! += newBytes;
    });
    ends.sender.application = (event) => {
      if (event.type !== 'opened' && event.type !== 'writable') return;
      if (event.type === 'opened') this.#connections.push(event.connection);
      this.#pump(event.connection);
    };
    ends.receiver.application = (event, nowUs) => {
      if (event.type === 'opened') event.connection.raiseCredit();
      if (event.type === 'readable') this.#consume(event.connection, nowUs);
    };
  }

  /** `elements` between what listens at both ends. */
  connect(elements: readonly ElementSpec[]): Link {
    const { network, sender, receiver } = this.#ends;
    return network.connect(sender, receiver, [this.#taps.first, ...elements, this.#taps.last]);
  }

  /** Plans the openings. */
  start(): void {
    const { network, sender, receiver } = this.#ends;
    for (let nth = 0; nth < this.#unfinishedCount; nth++) {
      const introduction = uncheckedIntroduction(nth.toString(16).padStart(16, '0'));
      network.at(this.#startUs, receiver, (nowUs) => {
        receiver.transport.expect(introduction, nowUs);
      });
      network.at(this.#startUs, sender, (nowUs) => {
        sender.transport.open(introduction, [receiver.address], nowUs);
      });
    }
  }

  /** To be called once a tick. */
  sample(): void {
    this.#states.push(this.#connections[0]?.stats.controllerState);
  }

  result(sentBytes: number): FlowResult {
    const stats = this.#connections.map((connection) => connection.stats);
    return {
      controller: this.spec.controller,
      arrivedByTick: this.#arrived,
      readByTick: this.#read,
      stateByTick: this.#states,
      sentBytes,
      firstSentBytes: this.#taps.firstSentBytes,
      spuriouslyLostCount: stats.reduce((sum, each) => sum + each.packetsSpuriouslyLostCount, 0),
      packetsSentCount: stats.reduce((sum, each) => sum + each.packetsSentCount, 0),
      firstByteUs: this.#firstByteUs,
      lastByteUs: this.#lastByteUs,
    };
  }

  #pump(connection: TransportConnection): void {
    const limitBytes = this.spec.bytes ?? Infinity;
    let written = this.#writtenBytes.get(connection) ?? 0;
    // Also the last few bytes of room: 'writable' follows only a room of 0.
    for (;;) {
      const length = Math.min(connection.writeRoomBytes, CHUNK.length, limitBytes - written);
      if (length <= 0) break;
      connection.write(CHUNK.subarray(0, length));
      written += length;
    }
    if (written === limitBytes && this.#writtenBytes.get(connection) !== written) {
      connection.finish();
    }
    this.#writtenBytes.set(connection, written);
  }

  #consume(connection: TransportConnection, nowUs: number): void {
    const bytes = connection.readableBytes;
    for (let left = bytes; left > 0;) {
      const part = connection.peek().length;
      connection.consume(part);
      left -= part;
    }
    if (bytes > 0) this.#firstByteUs = Math.min(this.#firstByteUs, nowUs - this.#startUs);
    if (connection.isReadFinished && --this.#unfinishedCount === 0) {
      this.#lastByteUs = nowUs - this.#startUs;
    }
    const tick = tickOf(nowUs);
    if (tick < this.#read.length) this.#read[tick]! += bytes;
  }
}
