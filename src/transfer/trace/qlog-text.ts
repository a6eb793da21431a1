import { PacketFlag, PacketType } from '../core/index.ts';
import {
  ACK_WORDS,
  dropReasons,
  endCounters,
  holdNames,
  PACKET_WORDS,
  RECORD_HEADER_WORDS,
  RecordKind,
  STANDING_WORDS,
} from './trace-record.ts';

/** RFC 7464: before every record. A line feed stands behind it. */
export const RECORD_SEPARATOR = '\x1e';

/** What a trace says of itself before its first event. */
export interface TraceHead {
  /** Of the side that wrote it: who opens connections is the client. */
  readonly vantagePoint: 'client' | 'server';
  readonly congestion: string;
  readonly windowPackets?: number | undefined;
  readonly maxBytesPerSec?: number | undefined;
  /** Milliseconds since 1970 of the moment that the times of the events count from. */
  readonly referenceTimeMs: number;
}

/** The first record of a trace (docs/trace.md). */
export function qlogHead(head: TraceHead): string {
  const { vantagePoint, congestion, windowPackets, maxBytesPerSec, referenceTimeMs } = head;
  return record({
    qlog_version: '0.3',
    qlog_format: 'JSON-SEQ',
    title: 'updraft',
    trace: {
      vantage_point: { name: 'updraft', type: vantagePoint },
      configuration: {
        congestion,
        ...(windowPackets === undefined ? {} : { window_packets: windowPackets }),
        ...(maxBytesPerSec === undefined ? {} : { max_bytes_per_second: maxBytesPerSec }),
      },
      common_fields: {
        protocol_type: ['updraft'],
        time_format: 'relative',
        reference_time: referenceTimeMs,
      },
    },
  });
}

/**
 * Turns the records of a chunk into the events of docs/trace.md. It remembers the last metrics of each
 * connection, of which an event tells what has changed.
 */
export class QlogText {
  readonly #startUs: number;
  readonly #standings: Map<number, Standing> = new Map();
  #words: Float64Array = new Float64Array(0);
  #lastUs: number;
  #eventCount = 0;

  /** Times count from here. */
  constructor(startUs: number) {
    this.#startUs = startUs;
    this.#lastUs = startUs;
  }

  /** The events of the first `wordCount` words. */
  text(words: Float64Array, wordCount: number): string {
    this.#words = words;
    let text = '';
    for (let at = 0; at < wordCount; at += words[at]!) text += this.#events(at);
    return text;
  }

  /** The last event of a trace: whoever misses it has not got all. */
  end(missingCount: number): string {
    const data = `{"event_count":${this.#eventCount},"missing_event_count":${missingCount}}`;
    return this.#event(0, this.#lastUs, 'updraft:trace_ended', data);
  }

  #event(group: number, timeUs: number, name: string, data: string): string {
    this.#eventCount++;
    const groupId = group === 0 ? 'endpoint' : String(group);
    const time = msText(timeUs - this.#startUs);
    return `${RECORD_SEPARATOR}{"time":${time},"name":"${name}","group_id":"${groupId}","data":${data}}\n`;
  }

  #events(recordAt: number): string {
    const words = this.#words;
    const kind = words[recordAt + 1] as RecordKind;
    const group = words[recordAt + 2]!;
    const timeUs = words[recordAt + 3]!;
    this.#lastUs = timeUs;
    const at = recordAt + RECORD_HEADER_WORDS;
    // Nearly all are packets.
    if (kind === RecordKind.sent) {
      return this.#event(group, timeUs, 'transport:packet_sent', packetData(words, at));
    }
    if (kind === RecordKind.received) {
      return this.#event(group, timeUs, 'transport:packet_received', packetData(words, at));
    }
    const event = (name: string, data: string): string => this.#event(group, timeUs, name, data);
    switch (kind) {
      case RecordKind.begin: {
        const owner = words[at] === 1 ? 'local' : 'remote';
        const peer = addressData(textAt(words, at + 2), words[at + 1]!);
        return event('connectivity:connection_started', `{"updraft_opened_by":"${owner}",${peer}}`);
      }
      case RecordKind.lost:
        return event('recovery:packet_lost', headerData(words[at]!));
      case RecordKind.spuriousLoss:
        return event('updraft:packet_spuriously_lost', headerData(words[at]!));
      case RecordKind.probeTimeout:
        return event('recovery:loss_timer_updated', '{"event_type":"expired","timer_type":"pto"}');
      case RecordKind.standing:
        return this.#standing(group, at, event);
      case RecordKind.hold:
        return event('updraft:sending_waits', `{"for":"${holdNames[words[at]!]!}"}`);
      case RecordKind.stall:
        return event(words[at] === 1 ? 'updraft:stalled' : 'updraft:resumed', '{}');
      case RecordKind.moved:
        return event('updraft:path_changed', `{${addressData(textAt(words, at + 1), words[at]!)}}`);
      case RecordKind.end:
        return this.#end(group, at, event);
      case RecordKind.openingSent: {
        const type = words[at] === PacketType.openAck ? 'handshake' : 'initial';
        const data = `{"header":{"packet_type":"${type}"},"raw":{"length":${words[at + 1]!}}}`;
        return event('transport:packet_sent', data);
      }
      case RecordKind.dropped: {
        const counts = dropReasons.map((reason, index) => `"${reason}":${words[at + index]!}`);
        return event('updraft:datagrams_dropped', `{${counts.join(',')}}`);
      }
      case RecordKind.missing:
        return event('updraft:events_missing', `{"count":${words[at]!}}`);
    }
  }

  #standing(group: number, at: number, event: EventOf): string {
    const words = this.#words;
    let last = this.#standings.get(group);
    if (last === undefined) {
      last = { words: new Float64Array(STANDING_WORDS).fill(NaN), state: '' };
      this.#standings.set(group, last);
    }
    let text = '';
    const state = textAt(words, at + STANDING_WORDS);
    if (state !== last.state) {
      const old = last.state === '' ? '' : `"old":"${last.state}",`;
      text += event('recovery:congestion_state_updated', `{${old}"new":"${state}"}`);
      last.state = state;
    }
    const datagramBytes = words[at + DATAGRAM_BYTES_AT]!;
    if (datagramBytes !== last.words[DATAGRAM_BYTES_AT]) {
      const oldBytes = last.words[DATAGRAM_BYTES_AT]!;
      const old = Number.isNaN(oldBytes) ? '' : `"old":${oldBytes},`;
      text += event('connectivity:mtu_updated', `{${old}"new":${datagramBytes}}`);
    }
    let changes = '';
    for (const [index, metric] of metrics.entries()) {
      const value = words[at + index]!;
      if (metric === undefined || value === last.words[index] || !Number.isFinite(value)) continue;
      changes += `${changes === '' ? '' : ','}"${metric.name}":${metric.of(value)}`;
    }
    for (let index = 0; index < STANDING_WORDS; index++) last.words[index] = words[at + index]!;
    if (changes !== '') text += event('recovery:metrics_updated', `{${changes}}`);
    return text;
  }

  #end(group: number, at: number, event: EventOf): string {
    this.#standings.delete(group);
    const words = this.#words;
    const counters = endCounters.map(([, name], index) => `"${name}":${words[at + 2 + index]!}`);
    const owner = words[at + 1] === 1 ? 'remote' : 'local';
    return (
      event('updraft:counters', `{${counters.join(',')}}`) +
      event(
        'connectivity:connection_closed',
        `{"owner":"${owner}","application_code":${words[at]!}}`,
      )
    );
  }
}

type EventOf = (name: string, data: string) => string;

interface Standing {
  readonly words: Float64Array;
  state: string;
}

const DATAGRAM_BYTES_AT = 7;
const milliseconds = (us: number): number => us / 1000;
const same = (value: number): number => value;
/** In the order of the record; the datagram's size has an event of its own. */
const metrics: readonly (
  { readonly name: string; readonly of: (value: number) => number } | undefined
)[] = [
  { name: 'latest_rtt', of: milliseconds },
  { name: 'smoothed_rtt', of: milliseconds },
  { name: 'rtt_variance', of: milliseconds },
  { name: 'min_rtt', of: milliseconds },
  { name: 'congestion_window', of: Math.round },
  { name: 'bytes_in_flight', of: same },
  { name: 'pacing_rate', of: (bytesPerSec) => Math.round(8 * bytesPerSec) },
  undefined,
  { name: 'updraft_acknowledged_offset', of: same },
  { name: 'updraft_credit_offset', of: same },
];

/** As a fraction of milliseconds; by whole numbers, for a fraction takes longer to print than all else. */
function msText(us: number): string {
  const ms = Math.floor(us / 1000);
  const rest = us - 1000 * ms;
  if (rest === 0) return String(ms);
  return `${ms}.${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}`;
}

function record(value: object): string {
  return `${RECORD_SEPARATOR}${JSON.stringify(value)}\n`;
}

function headerData(number: number): string {
  return `{"header":{"packet_type":"1RTT","packet_number":${number}}}`;
}

function packetData(words: Float64Array, at: number): string {
  const type = words[at] as PacketType;
  const number = words[at + 2]!;
  const hasNumber =
    type !== PacketType.ack && type !== PacketType.mark && type !== PacketType.close;
  const packetNumber = hasNumber ? `,"packet_number":${number}` : '';
  const isData = type === PacketType.data;
  const payload = isData ? `,"payload_length":${words[at + 5]!}` : '';
  const probe = type === PacketType.mtuProbe ? '"is_mtu_probe_packet":true,' : '';
  return (
    `{"header":{"packet_type":"1RTT"${packetNumber}},"raw":{"length":${words[at + 3]!}${payload}},` +
    `${probe}"frames":[${framesOf(type, words, at)}]}`
  );
}

function framesOf(type: PacketType, words: Float64Array, at: number): string {
  switch (type) {
    case PacketType.data: {
      const fin = (words[at + 1]! & PacketFlag.fin) === 0 ? '' : ',"fin":true';
      return `{"frame_type":"stream","stream_id":0,"offset":${words[at + 4]!},"length":${words[at + 5]!}${fin}}`;
    }
    case PacketType.ack:
      return ackFrames(words, at);
    case PacketType.mark: {
      // One that was cut short has no fields.
      const isWhole = words[at - RECORD_HEADER_WORDS]! > RECORD_HEADER_WORDS + PACKET_WORDS;
      return isWhole ? markFrame(words, at + PACKET_WORDS) : '';
    }
    case PacketType.ping:
      return '{"frame_type":"ping"}';
    case PacketType.mtuProbe:
      return '{"frame_type":"ping"},{"frame_type":"padding"}';
    case PacketType.pathChallenge:
      return '{"frame_type":"path_challenge"}';
    case PacketType.pathResponse:
      return '{"frame_type":"path_response"}';
    case PacketType.close:
      return '{"frame_type":"connection_close","error_space":"application"}';
    default:
      return '';
  }
}

/** The ranges, newest first and both ends included, and the credit that travels with them. */
function ackFrames(words: Float64Array, packetAt: number): string {
  const at = packetAt + PACKET_WORDS;
  let ranges = '';
  for (let index = 0; index < words[at + 5]!; index++) {
    const rangeAt = at + ACK_WORDS + 2 * index;
    ranges += `${index === 0 ? '' : ','}[${words[rangeAt]!},${words[rangeAt + 1]! - 1}]`;
  }
  return (
    `{"frame_type":"ack","ack_delay":${words[at]! / 1000},"acked_ranges":[${ranges}],` +
    `"updraft_ack_sequence":${words[packetAt + 2]!},"updraft_received_at":${words[at + 1]! / 1000},` +
    `"updraft_received_count":${words[at + 3]!},"updraft_socket_share":${words[at + 4]!}},` +
    `{"frame_type":"max_stream_data","stream_id":0,"maximum":${words[at + 2]!}}`
  );
}

function markFrame(words: Float64Array, at: number): string {
  return (
    `{"frame_type":"updraft_mark","lowest_wanted":${words[at]!},"ack_every":${words[at + 1]!},` +
    `"reorder_threshold":${words[at + 2]!},"max_ack_delay":${words[at + 3]! / 1000},` +
    `"mark_sequence":${words[at + 4]!}}`
  );
}

function addressData(address: string, port: number): string {
  const version = address.includes(':') ? 'v6' : 'v4';
  return `"ip_version":"${version}","dst_ip":${JSON.stringify(address)},"dst_port":${port}`;
}

function textAt(words: Float64Array, at: number): string {
  let text = '';
  for (let index = 0; index < words[at]!; index++) {
    text += String.fromCharCode(words[at + 1 + index]!);
  }
  return text;
}
