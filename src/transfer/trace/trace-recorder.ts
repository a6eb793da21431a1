import type {
  ConnectionStats,
  ConnectionTrace,
  DropReason,
  PacketType,
  PeerAddress,
  SendHold,
  TracedPacket,
  TracedStanding,
  TransferTrace,
} from '../core/index.ts';
import {
  ACK_WORDS,
  CHUNK_WORDS,
  dropReasons,
  endCounters,
  holdNames,
  MARK_WORDS,
  PACKET_WORDS,
  RECORD_HEADER_WORDS,
  RecordKind,
  STANDING_WORDS,
} from './trace-record.ts';

/**
 * Chunks that may be on their way to the writer, 8 MiB in all: about a second of an engine that sends
 * 100 MB/s in packets of 1,444 bytes. When all are, events are counted and forgotten.
 */
export const MAX_TRACE_CHUNKS = 128;

export type TraceChunk = Float64Array<ArrayBuffer>;

/** Takes full chunks. Each comes back by `TraceRecorder.recycle` once it was written. */
export type TraceSink = (chunk: TraceChunk, wordCount: number) => void;

/**
 * Writes down what the endpoints of a thread do, for a writer that may be slow: nothing here waits.
 *
 * Invariant: at most `MAX_TRACE_CHUNKS` chunks exist; times in the trace never go back.
 */
export class TraceRecorder implements TransferTrace {
  readonly #sink: TraceSink;
  readonly #free: TraceChunk[] = [];
  #madeCount = 0;
  #chunk: TraceChunk | undefined;
  #at = 0;
  #lastUs: number;
  #groupCount = 0;
  #isStopped = false;
  /** Since the last record that told of some. */
  #missingCount = 0;
  #missingInAllCount = 0;
  readonly #droppedCounts: number[] = dropReasons.map(() => 0);

  /** The time of the trace's start, on the clock of the endpoints. */
  constructor(sink: TraceSink, startUs: number) {
    this.#sink = sink;
    this.#lastUs = startUs;
  }

  /** Events that had no room. */
  get missingCount(): number {
    return this.#missingInAllCount;
  }

  begin(isOpener: boolean, peer: PeerAddress, nowUs: number): ConnectionTrace {
    const group = ++this.#groupCount;
    const at = this.open(RecordKind.begin, group, 3 + peer.address.length, nowUs);
    if (at >= 0) {
      this.put(at, isOpener ? 1 : 0);
      this.put(at + 1, peer.port);
      this.putText(at + 2, peer.address);
    }
    return new RecordedConnection(this, group);
  }

  onOpeningSent(type: PacketType, sizeBytes: number, nowUs: number): void {
    const at = this.open(RecordKind.openingSent, 0, 2, nowUs);
    if (at < 0) return;
    this.put(at, type);
    this.put(at + 1, sizeBytes);
  }

  /** Told together at the next `flush`: strangers do not decide how long a trace becomes. */
  onDropped(reason: DropReason): void {
    this.#droppedCounts[dropReasons.indexOf(reason)]!++;
  }

  /** Hands over what was written so far. To be called every now and then. */
  flush(): void {
    this.#tellDropped();
    if (this.#chunk === undefined || this.#at === 0) return;
    this.#sink(this.#chunk, this.#at);
    this.#chunk = undefined;
    this.#at = 0;
  }

  /** A chunk that the sink was given has been written. */
  recycle(chunk: TraceChunk): void {
    this.#free.push(chunk);
  }

  /** Nothing can be written any more: what comes is let go. */
  stop(): void {
    this.#isStopped = true;
    this.#chunk = undefined;
    this.#at = 0;
  }

  /** Begins a record; where its fields stand, or -1 when there is no room. */
  open(kind: RecordKind, group: number, fieldWords: number, nowUs: number): number {
    if (nowUs > this.#lastUs) this.#lastUs = nowUs;
    if (!this.#makeRoom(fieldWords)) return -1;
    return this.#header(kind, group, fieldWords);
  }

  put(at: number, value: number): void {
    this.#chunk![at] = value;
  }

  putText(at: number, text: string): void {
    this.put(at, text.length);
    for (let index = 0; index < text.length; index++) {
      this.put(at + 1 + index, text.charCodeAt(index));
    }
  }

  #header(kind: RecordKind, group: number, fieldWords: number): number {
    const at = this.#at;
    this.put(at, RECORD_HEADER_WORDS + fieldWords);
    this.put(at + 1, kind);
    this.put(at + 2, group);
    this.put(at + 3, this.#lastUs);
    this.#at = at + RECORD_HEADER_WORDS + fieldWords;
    return at + RECORD_HEADER_WORDS;
  }

  #makeRoom(fieldWords: number): boolean {
    if (this.#isStopped) return false;
    const words = RECORD_HEADER_WORDS + fieldWords;
    if (this.#chunk !== undefined && this.#at + words > CHUNK_WORDS) {
      this.#sink(this.#chunk, this.#at);
      this.#chunk = undefined;
    }
    this.#chunk ??= this.#next();
    if (this.#chunk === undefined) {
      this.#missingCount++;
      this.#missingInAllCount++;
      return false;
    }
    if (this.#missingCount > 0) {
      const count = this.#missingCount;
      this.#missingCount = 0;
      this.put(this.#header(RecordKind.missing, 0, 1), count);
    }
    return true;
  }

  #next(): TraceChunk | undefined {
    this.#at = 0;
    const free = this.#free.pop();
    if (free !== undefined || this.#madeCount === MAX_TRACE_CHUNKS) return free;
    this.#madeCount++;
    return new Float64Array(CHUNK_WORDS);
  }

  #tellDropped(): void {
    if (this.#droppedCounts.every((count) => count === 0)) return;
    const at = this.open(RecordKind.dropped, 0, dropReasons.length, this.#lastUs);
    if (at < 0) return;
    for (const index of dropReasons.keys()) {
      this.put(at + index, this.#droppedCounts[index]!);
      this.#droppedCounts[index] = 0;
    }
  }
}

class RecordedConnection implements ConnectionTrace {
  readonly #recorder: TraceRecorder;
  readonly #group: number;

  constructor(recorder: TraceRecorder, group: number) {
    this.#recorder = recorder;
    this.#group = group;
  }

  onSent(packet: TracedPacket, nowUs: number): void {
    this.#packet(RecordKind.sent, packet, nowUs);
  }

  onReceived(packet: TracedPacket, nowUs: number): void {
    this.#packet(RecordKind.received, packet, nowUs);
  }

  onLost(packetNumber: number, nowUs: number): void {
    this.#one(RecordKind.lost, packetNumber, nowUs);
  }

  onSpuriousLoss(packetNumber: number, nowUs: number): void {
    this.#one(RecordKind.spuriousLoss, packetNumber, nowUs);
  }

  onProbeTimeout(nowUs: number): void {
    this.#recorder.open(RecordKind.probeTimeout, this.#group, 0, nowUs);
  }

  onStanding(standing: TracedStanding, nowUs: number): void {
    const state = standing.controllerState ?? '';
    const recorder = this.#recorder;
    const words = STANDING_WORDS + 1 + state.length;
    const at = recorder.open(RecordKind.standing, this.#group, words, nowUs);
    if (at < 0) return;
    recorder.put(at, standing.latestRttUs);
    recorder.put(at + 1, standing.smoothedRttUs);
    recorder.put(at + 2, standing.rttVarianceUs);
    recorder.put(at + 3, standing.minRttUs);
    recorder.put(at + 4, standing.windowBytes);
    recorder.put(at + 5, standing.bytesInFlight);
    recorder.put(at + 6, standing.pacingBytesPerSec);
    recorder.put(at + 7, standing.datagramBytes);
    recorder.put(at + 8, standing.acknowledgedBytes);
    recorder.put(at + 9, standing.creditBytes);
    recorder.putText(at + STANDING_WORDS, state);
  }

  onHold(hold: SendHold, nowUs: number): void {
    this.#one(RecordKind.hold, holdNames.indexOf(hold), nowUs);
  }

  onStall(news: 'stalled' | 'resumed', nowUs: number): void {
    this.#one(RecordKind.stall, news === 'stalled' ? 1 : 0, nowUs);
  }

  onMoved({ address, port }: PeerAddress, nowUs: number): void {
    const at = this.#recorder.open(RecordKind.moved, this.#group, 2 + address.length, nowUs);
    if (at < 0) return;
    this.#recorder.put(at, port);
    this.#recorder.putText(at + 1, address);
  }

  onEnd(code: number, byPeer: boolean, stats: ConnectionStats, nowUs: number): void {
    const recorder = this.#recorder;
    const at = recorder.open(RecordKind.end, this.#group, 2 + endCounters.length, nowUs);
    if (at < 0) return;
    recorder.put(at, code);
    recorder.put(at + 1, byPeer ? 1 : 0);
    for (const [index, [counter]] of endCounters.entries()) {
      recorder.put(at + 2 + index, stats[counter]);
    }
  }

  #one(kind: RecordKind, field: number, nowUs: number): void {
    const at = this.#recorder.open(kind, this.#group, 1, nowUs);
    if (at >= 0) this.#recorder.put(at, field);
  }

  #packet(kind: RecordKind, packet: TracedPacket, nowUs: number): void {
    const recorder = this.#recorder;
    const { ack, mark } = packet;
    const ackWords = ack === undefined ? 0 : ACK_WORDS + 2 * ack.rangeCount;
    const words = PACKET_WORDS + ackWords + (mark === undefined ? 0 : MARK_WORDS);
    const at = recorder.open(kind, this.#group, words, nowUs);
    if (at < 0) return;
    recorder.put(at, packet.type);
    recorder.put(at + 1, packet.flags);
    recorder.put(at + 2, packet.number);
    recorder.put(at + 3, packet.sizeBytes);
    recorder.put(at + 4, packet.offset);
    recorder.put(at + 5, packet.payloadBytes);
    const next = at + PACKET_WORDS;
    if (ack !== undefined) {
      recorder.put(next, ack.ackDelayUs);
      recorder.put(next + 1, ack.receivedAtUs);
      recorder.put(next + 2, ack.creditOffset);
      recorder.put(next + 3, ack.receivedCount);
      recorder.put(next + 4, ack.socketShareBytes);
      recorder.put(next + 5, ack.rangeCount);
      for (let index = 0; index < ack.rangeCount; index++) {
        recorder.put(next + ACK_WORDS + 2 * index, ack.rangeStarts[index]!);
        recorder.put(next + ACK_WORDS + 2 * index + 1, ack.rangeEnds[index]!);
      }
    }
    if (mark !== undefined) {
      recorder.put(next, mark.una);
      recorder.put(next + 1, mark.ackEvery);
      recorder.put(next + 2, mark.reorderThreshold);
      recorder.put(next + 3, mark.maxAckDelayUs);
      recorder.put(next + 4, mark.markSeq);
    }
  }
}
