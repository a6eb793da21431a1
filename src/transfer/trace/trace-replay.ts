import { AssertionError } from 'node:assert/strict';
import {
  DecodedAck,
  MAX_ACK_RANGES,
  type Path,
  PathTable,
  ReplayedConnection,
  type ReplayedPacket,
} from '../core/index.ts';

/** One event of a trace, as it was read; nothing of it is believed. */
export interface RecordedEvent {
  /** Milliseconds since the trace's start. */
  readonly timeMs: number;
  /** As docs/trace.md has it: `transport:packet_sent`. */
  readonly name: string;
  /** Which connection it belongs to. */
  readonly group: string;
  /** What it says, as JSON. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Something that this program would do otherwise than the one that was traced. */
export interface ReplayDifference {
  /** Milliseconds since the trace's start. */
  readonly timeMs: number;
  /** `lost`: it would declare this packet lost then; `kept`: it was, and would not be; `rtt`: the smoothed RTT. */
  readonly what: 'lost' | 'kept' | 'rtt';
  /** The packet's number; of `rtt` milliseconds, as recorded. */
  readonly recorded: number;
  /** The same number; of `rtt` milliseconds, as it would be. */
  readonly replayed: number;
}

/** What came of one connection that was replayed. */
export interface ReplayedGroup {
  /** As the trace calls it. */
  readonly group: string;
  /** Numbered packets that it sent. */
  readonly packetCount: number;
  /** ACKs that it received. */
  readonly ackCount: number;
  /** Packets that it declared lost, as recorded. */
  readonly lostCount: number;
  /** The first `MAX_DIFFERENCES`; one leads to others. */
  readonly differences: readonly ReplayDifference[];
  /** Of all differences, kept or not. */
  readonly differenceCount: number;
  /** Why it was replayed no further than `untilMs`: a clause for people. Undefined at its end. */
  readonly stopped?: string;
  /** Milliseconds since the trace's start. */
  readonly untilMs: number;
}

/** Differences of a connection that are kept. */
export const MAX_DIFFERENCES = 20;
/** Connections that are replayed. */
export const MAX_REPLAYED = 256;
/** So late a busy program may find that a loss timer has gone off. */
const LATE_US = 250_000;

/**
 * Gives what a trace has recorded, packets that left and ACKs that came, to the loss recovery of this
 * program, and compares: which packets are declared lost, and what the round trip is taken for.
 *
 * Window and pacing are not compared: they depend on when there was something to send, which a trace
 * does not hold to the microsecond.
 */
export class TraceReplay {
  readonly #paths = new PathTable({
    ...{ controller: 'fixed', windowPackets: 1, random: () => 0.5 },
    ...{ datagramBytes: 1_200, maxDatagramBytes: 1_200 },
  });
  readonly #groups: Map<string, GroupReplay> = new Map();
  #lastUs = 0;

  /** The next event of the trace. */
  take({ timeMs, name, group, data }: RecordedEvent): void {
    const nowUs = Math.round(timeMs * 1_000);
    if (nowUs < this.#lastUs) this.#stopAll('its times go back', nowUs);
    this.#lastUs = nowUs;
    if (name === 'connectivity:connection_started') {
      const { dst_ip: address, dst_port: port } = data;
      if (typeof address !== 'string' || typeof port !== 'number') return;
      if (this.#groups.has(group) || this.#groups.size === MAX_REPLAYED) return;
      this.#groups.set(group, new GroupReplay(group, this.#paths.to({ address, port }, nowUs)));
      return;
    }
    // Whatever is missing would be taken for lost.
    if (name === 'updraft:events_missing') {
      this.#stopAll('events are missing', nowUs);
    }
    try {
      this.#groups.get(group)?.take(name, data, nowUs);
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error;
      this.#stopAll(`it breaks a rule (${error.message})`, nowUs);
    }
  }

  #stopAll(reason: string, nowUs: number): void {
    for (const replay of this.#groups.values()) replay.stop(reason, nowUs);
  }

  /** Of each connection that sent anything. */
  results(): ReplayedGroup[] {
    const replays = [...this.#groups.values()];
    return replays.map((replay) => replay.result()).filter(({ packetCount }) => packetCount > 0);
  }
}

/** One connection. */
class GroupReplay {
  readonly #group: string;
  readonly #path: Path;
  readonly #ack: DecodedAck = new DecodedAck();
  readonly #differences: ReplayDifference[] = [];
  #connection: ReplayedConnection | undefined;
  /** Declared lost here, and not told by the trace yet. */
  #declared: Set<number> = new Set();
  #declaredAtUs = 0;
  #differenceCount = 0;
  #packetCount = 0;
  #ackCount = 0;
  #lostCount = 0;
  #stopped: string | undefined;
  #untilUs = 0;

  constructor(group: string, path: Path) {
    this.#group = group;
    this.#path = path;
  }

  take(name: string, data: RecordedEvent['data'], nowUs: number): void {
    if (this.#stopped !== undefined) return;
    this.#untilUs = nowUs;
    if (nowUs > this.#declaredAtUs || name === 'transport:packet_received') this.#settle();
    this.#runLateTimer(nowUs);
    switch (name) {
      case 'transport:packet_sent':
        this.#sent(data, nowUs);
        break;
      case 'transport:packet_received':
        this.#received(data, nowUs);
        break;
      case 'recovery:packet_lost':
        this.#lost(numberIn(objectIn(data['header'])?.['packet_number']), nowUs);
        break;
      case 'recovery:metrics_updated':
        this.#metrics(data, nowUs);
        break;
      case 'updraft:path_changed':
        this.stop('it went on by another path', nowUs);
        break;
      case 'connectivity:connection_closed':
        this.stop('', nowUs);
    }
  }

  stop(reason: string, nowUs: number): void {
    if (this.#stopped !== undefined) return;
    this.#settle();
    this.#untilUs = nowUs;
    this.#stopped = reason;
  }

  result(): ReplayedGroup {
    this.#settle();
    const stopped = this.#stopped ?? '';
    return {
      group: this.#group,
      packetCount: this.#packetCount,
      ackCount: this.#ackCount,
      lostCount: this.#lostCount,
      differences: this.#differences,
      differenceCount: this.#differenceCount,
      ...(stopped === '' ? {} : { stopped }),
      untilMs: this.#untilUs / 1_000,
    };
  }

  #sent(data: RecordedEvent['data'], nowUs: number): void {
    const packet = packetIn(data);
    if (packet === undefined) {
      const delayMs = numberIn(frameIn(data, 'updraft_mark')?.['max_ack_delay']);
      if (delayMs !== undefined) this.#startAt(undefined);
      if (delayMs !== undefined && this.#connection !== undefined) {
        this.#connection.maxAckDelayUs = Math.round(delayMs * 1_000);
      }
      return;
    }
    this.#startAt(packet.number);
    if (this.#connection!.send(packet, nowUs)) this.#packetCount++;
    else this.stop('its packet numbers do not follow one another', nowUs);
  }

  /** The first numbered packet begins it. */
  #startAt(firstNumber: number | undefined): void {
    if (firstNumber === undefined) return;
    this.#connection ??= new ReplayedConnection(this.#path, firstNumber);
  }

  #received(data: RecordedEvent['data'], nowUs: number): void {
    const frame = frameIn(data, 'ack');
    if (frame === undefined || this.#connection === undefined) return;
    if (!readAck(frame, this.#ack)) {
      this.stop('an ACK cannot be read', nowUs);
      return;
    }
    const declared = this.#connection.acknowledge(this.#ack, nowUs);
    this.#ackCount++;
    if (declared === undefined) this.stop('an ACK names what was never sent', nowUs);
    else this.#declare(declared, nowUs);
  }

  #lost(number: number | undefined, nowUs: number): void {
    if (number === undefined || this.#connection === undefined) return;
    this.#lostCount++;
    if (!this.#declared.has(number) && this.#connection.lossTimeUs <= nowUs) {
      this.#declare(this.#connection.handleLossTimeout(nowUs), nowUs);
    }
    if (this.#declared.delete(number)) return;
    this.#differ({ timeMs: nowUs / 1_000, what: 'kept', recorded: number, replayed: number });
  }

  #metrics(data: RecordedEvent['data'], nowUs: number): void {
    const smoothedMs = numberIn(data['smoothed_rtt']);
    if (this.#connection === undefined) {
      // At its start: what the opening has taught.
      const minMs = numberIn(data['min_rtt']);
      if (minMs !== undefined) this.#path.learnRoundTrip(Math.round(minMs * 1_000), nowUs);
      return;
    }
    if (smoothedMs === undefined) return;
    const replayed = this.#connection.smoothedRttUs / 1_000;
    if (replayed === smoothedMs) return;
    this.#differ({ timeMs: nowUs / 1_000, what: 'rtt', recorded: smoothedMs, replayed });
  }

  /** A timer that nothing in the trace speaks of. */
  #runLateTimer(nowUs: number): void {
    const connection = this.#connection;
    if (connection === undefined || connection.lossTimeUs + LATE_US > nowUs) return;
    this.#declare(connection.handleLossTimeout(nowUs), nowUs);
    this.#settle();
  }

  #declare(numbers: readonly number[], nowUs: number): void {
    for (const number of numbers) this.#declared.add(number);
    this.#declaredAtUs = nowUs;
  }

  /** What the trace should have told by now. */
  #settle(): void {
    for (const number of this.#declared) {
      const timeMs = this.#declaredAtUs / 1_000;
      this.#differ({ timeMs, what: 'lost', recorded: number, replayed: number });
    }
    this.#declared.clear();
  }

  #differ(difference: ReplayDifference): void {
    this.#differenceCount++;
    if (this.#differences.length < MAX_DIFFERENCES) this.#differences.push(difference);
  }
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

/** A number that the core may count with. */
function numberIn(value: unknown): number | undefined {
  const isUsable = typeof value === 'number' && value >= 0 && value < Number.MAX_SAFE_INTEGER;
  return isUsable ? value : undefined;
}

function frameIn(data: RecordedEvent['data'], type: string): RecordedEvent['data'] | undefined {
  const { frames } = data;
  if (!Array.isArray(frames)) return undefined;
  return (frames as unknown[]).map(objectIn).find((frame) => frame?.['frame_type'] === type);
}

/** A packet that has a number. */
function packetIn(data: RecordedEvent['data']): ReplayedPacket | undefined {
  const number = numberIn(objectIn(data['header'])?.['packet_number']);
  const sizeBytes = numberIn(objectIn(data['raw'])?.['length']);
  if (number === undefined || sizeBytes === undefined || !Number.isInteger(number))
    return undefined;
  if (!(sizeBytes > 0 && sizeBytes < MAX_DATAGRAM_BYTES)) return undefined;
  if (data['is_mtu_probe_packet'] === true) return { number, kind: 'mtuProbe', sizeBytes };
  if (frameIn(data, 'stream') !== undefined) return { number, kind: 'data', sizeBytes };
  if (frameIn(data, 'ping') !== undefined) return { number, kind: 'ping', sizeBytes };
  return { number, kind: 'pathChallenge', sizeBytes };
}

const MAX_DATAGRAM_BYTES = 65_536;

/** False when no ACK of this protocol says that. */
function readAck(frame: RecordedEvent['data'], into: DecodedAck): boolean {
  const delayMs = numberIn(frame['ack_delay']);
  const sequence = numberIn(frame['updraft_ack_sequence']);
  const { acked_ranges: ranges } = frame;
  if (delayMs === undefined || sequence === undefined || !Array.isArray(ranges)) return false;
  if (ranges.length > MAX_ACK_RANGES) return false;
  into.ackSeq = sequence;
  into.ackDelayUs = Math.round(delayMs * 1_000);
  into.rangeCount = 0;
  let below = Infinity;
  for (const range of ranges as unknown[]) {
    const [start, end] = Array.isArray(range) ? (range as unknown[]).map(numberIn) : [];
    if (start === undefined || end === undefined || start > end || end >= below) return false;
    if (!Number.isInteger(start) || !Number.isInteger(end)) return false;
    into.rangeStarts[into.rangeCount] = start;
    into.rangeEnds[into.rangeCount++] = end + 1;
    below = start;
  }
  // One without ranges only brings credit.
  if (into.rangeCount > 0) into.largest = into.rangeEnds[0]! - 1;
  return true;
}
