import { type Folding, TimeSeries } from './time-series.ts';
import { objectOf, type TraceEvent } from './trace-reader.ts';

/**
 * What is followed over time. Bytes that left and came are UDP payload, whatever it carries; offsets are the
 * furthest byte of the stream that was sent, that came, that was acknowledged, that may be sent, and where
 * something was sent again.
 */
export type Quantity =
  | 'sentBytes'
  | 'receivedBytes'
  | 'sentOffset'
  | 'receivedOffset'
  | 'acknowledgedOffset'
  | 'creditOffset'
  | 'resentOffset'
  | 'highestRttMs'
  | 'lowestRttMs'
  | 'smoothedRttMs'
  | 'windowBytes'
  | 'bytesInFlight'
  | 'lostCount'
  | 'probeTimeoutCount'
  | 'sourceMs'
  | 'creditMs'
  | 'pathMs';

const foldings: Readonly<Record<Quantity, Folding>> = {
  sentBytes: 'sum',
  receivedBytes: 'sum',
  sentOffset: 'max',
  receivedOffset: 'max',
  acknowledgedOffset: 'max',
  creditOffset: 'max',
  resentOffset: 'last',
  highestRttMs: 'max',
  lowestRttMs: 'min',
  smoothedRttMs: 'last',
  windowBytes: 'last',
  bytesInFlight: 'max',
  lostCount: 'sum',
  probeTimeoutCount: 'sum',
  sourceMs: 'sum',
  creditMs: 'sum',
  pathMs: 'sum',
};

/** From when till when nothing went on, milliseconds since the trace's start. */
export interface Stall {
  readonly fromMs: number;
  toMs: number;
}

/** Stalls that are drawn of one connection; the others are only counted. */
export const MAX_STALLS = 1_000;

const waitedFor = { source: 'sourceMs', credit: 'creditMs', path: 'pathMs' } as const;

/** What a trace says of one connection, over time and in all. */
export class ConnectionPicture {
  readonly group: string;
  readonly series: TimeSeries<Quantity> = new TimeSeries<Quantity>(foldings);
  readonly stalls: Stall[] = [];
  stallCount = 0;
  packetsSentCount = 0;
  packetsReceivedCount = 0;
  packetsLostCount = 0;
  /** Of the stream. */
  resentBytes = 0;
  eventCount = 0;
  firstMs: number = Infinity;
  lastMs = 0;
  /** Whom it spoke with, as the trace says it. Not safe to print. */
  peer = '';
  #sentEnd = 0;
  #receivedEnd = 0;
  #isStalled = false;
  #wait: keyof typeof waitedFor | undefined;
  #waitFromMs = 0;

  constructor(group: string) {
    this.group = group;
  }

  /** Bytes of the stream that were sent, or came, whichever are more. */
  get streamBytes(): number {
    return Math.max(this.#sentEnd, this.#receivedEnd);
  }

  /** Whether it mainly sent. */
  get isSender(): boolean {
    return this.#sentEnd >= this.#receivedEnd;
  }

  add({ timeMs, name, data }: TraceEvent): void {
    this.eventCount++;
    this.firstMs = Math.min(this.firstMs, timeMs);
    this.lastMs = Math.max(this.lastMs, timeMs);
    switch (name) {
      case 'transport:packet_sent':
        this.packetsSentCount++;
        this.#packet(timeMs, data, 'sentBytes', this.#onSent);
        break;
      case 'transport:packet_received':
        this.packetsReceivedCount++;
        this.#packet(timeMs, data, 'receivedBytes', this.#onReceived);
        break;
      case 'recovery:packet_lost':
        this.packetsLostCount++;
        this.series.add('lostCount', timeMs, 1);
        break;
      case 'recovery:metrics_updated':
        this.#metrics(timeMs, data);
        break;
      case 'recovery:loss_timer_updated':
        if (data['event_type'] === 'expired') this.series.add('probeTimeoutCount', timeMs, 1);
        break;
      case 'connectivity:connection_started': {
        const { dst_ip: address, dst_port: port } = data;
        if (typeof address === 'string' && typeof port === 'number') {
          this.peer = `${address} port ${port}`;
        }
        break;
      }
      case 'updraft:sending_waits':
        this.#endWait(timeMs);
        this.#wait = waitOf(data['for']);
        this.#waitFromMs = timeMs;
        break;
      case 'updraft:stalled':
        this.#stall(timeMs);
        break;
      case 'updraft:resumed':
      case 'connectivity:connection_closed':
        this.#resume(timeMs);
        if (name === 'connectivity:connection_closed') this.end();
    }
  }

  /** No more comes: what lasts, lasted till the last event. */
  end(): void {
    this.#endWait(this.lastMs);
    this.#resume(this.lastMs);
    this.#wait = undefined;
  }

  #packet(
    timeMs: number,
    data: TraceEvent['data'],
    bytes: 'sentBytes' | 'receivedBytes',
    onStream: (timeMs: number, offset: number, length: number) => void,
  ): void {
    this.series.add(bytes, timeMs, countOf(objectOf(data['raw'])?.['length']) ?? 0);
    if (!Array.isArray(data['frames'])) return;
    for (const frame of data['frames'] as unknown[]) {
      const fields = objectOf(frame);
      if (fields?.['frame_type'] !== 'stream') continue;
      const offset = countOf(fields['offset']);
      const length = countOf(fields['length']);
      if (offset !== undefined && length !== undefined) onStream(timeMs, offset, length);
    }
  }

  readonly #onSent = (timeMs: number, offset: number, length: number): void => {
    const end = offset + length;
    const newBytes = Math.min(length, Math.max(0, end - this.#sentEnd));
    this.#sentEnd = Math.max(this.#sentEnd, end);
    this.series.add('sentOffset', timeMs, this.#sentEnd);
    if (newBytes === length) return;
    this.resentBytes += length - newBytes;
    this.series.add('resentOffset', timeMs, offset);
  };

  readonly #onReceived = (timeMs: number, offset: number, length: number): void => {
    const end = offset + length;
    this.#receivedEnd = Math.max(this.#receivedEnd, end);
    this.series.add('receivedOffset', timeMs, this.#receivedEnd);
  };

  #metrics(timeMs: number, data: TraceEvent['data']): void {
    const latestMs = countOf(data['latest_rtt']);
    if (latestMs !== undefined) {
      this.series.add('highestRttMs', timeMs, latestMs);
      this.series.add('lowestRttMs', timeMs, latestMs);
    }
    for (const [field, quantity] of metricFields) {
      const value = countOf(data[field]);
      if (value !== undefined) this.series.add(quantity, timeMs, value);
    }
  }

  #endWait(timeMs: number): void {
    if (this.#wait === undefined) return;
    this.series.addOver(waitedFor[this.#wait], this.#waitFromMs, timeMs, 1);
    this.#waitFromMs = timeMs;
  }

  #stall(timeMs: number): void {
    if (this.#isStalled) return;
    this.#isStalled = true;
    this.stallCount++;
    if (this.stalls.length < MAX_STALLS) this.stalls.push({ fromMs: timeMs, toMs: timeMs });
  }

  #resume(timeMs: number): void {
    if (!this.#isStalled) return;
    this.#isStalled = false;
    if (this.stallCount === this.stalls.length) this.stalls.at(-1)!.toMs = timeMs;
  }
}

const metricFields = [
  ['smoothed_rtt', 'smoothedRttMs'],
  ['congestion_window', 'windowBytes'],
  ['bytes_in_flight', 'bytesInFlight'],
  ['updraft_acknowledged_offset', 'acknowledgedOffset'],
  ['updraft_credit_offset', 'creditOffset'],
] as const;

function waitOf(value: unknown): keyof typeof waitedFor | undefined {
  return value === 'source' || value === 'credit' || value === 'path' ? value : undefined;
}

/** A number that may be counted with; undefined for anything else. */
function countOf(value: unknown): number | undefined {
  const isUsable = typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
  return isUsable ? value : undefined;
}
