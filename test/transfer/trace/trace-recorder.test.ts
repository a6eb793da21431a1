import { describe, expect, test } from 'vitest';
import { PacketType } from '../../../src/transfer/core/index.ts';
import type { TracedPacket } from '../../../src/transfer/core/index.ts';
import { DecodedAck } from '../../../src/transfer/core/wire/codec.ts';
import { QlogText, qlogHead } from '../../../src/transfer/trace/qlog-text.ts';
import {
  MAX_TRACE_CHUNKS,
  type TraceChunk,
  TraceRecorder,
} from '../../../src/transfer/trace/trace-recorder.ts';
import { eventsIn, MemoryTrace } from './trace-text.ts';

const peer = { address: '192.0.2.1', port: 7000 };
const packet: TracedPacket = {
  ...{
    type: PacketType.data,
    flags: 0,
    number: 7,
    sizeBytes: 1_200,
    offset: 5,
    payloadBytes: 1_172,
  },
  ...{ ack: undefined, mark: undefined },
};
/** An ACK of as many ranges as one can have: few of them fill a chunk. */
const ack = new DecodedAck();
ack.rangeCount = ack.rangeStarts.length;
ack.rangeStarts.fill(8);
ack.rangeEnds.fill(9);
const longest: TracedPacket = { ...packet, type: PacketType.ack, payloadBytes: 0, ack };
const head = qlogHead({ vantagePoint: 'client', congestion: 'bbr', referenceTimeMs: 0 });

describe('while the disk takes nothing', () => {
  test('no more than MAX_TRACE_CHUNKS are made, and what has no room is counted where it is missing', () => {
    const waiting: [TraceChunk, number][] = [];
    const recorder = new TraceRecorder((...chunk) => waiting.push(chunk), 0);
    const connection = recorder.begin(true, peer, 0);
    let sentCount = 0;
    while (recorder.missingCount < 100) connection.onSent(longest, ++sentCount);
    expect(waiting.length).toBe(MAX_TRACE_CHUNKS);
    const missingCount = recorder.missingCount;

    // The disk is back: the next event tells first how many are missing.
    const qlog = new QlogText(0);
    let text = head;
    for (const [chunk, wordCount] of waiting.splice(0)) {
      text += qlog.text(chunk, wordCount);
      recorder.recycle(chunk);
    }
    connection.onSent(packet, ++sentCount);
    recorder.flush();
    for (const chunk of waiting) text += qlog.text(...chunk);
    const events = eventsIn(text + qlog.end(recorder.missingCount));
    expect(events.slice(-3).map(({ name, data }) => [name, data['count']])).toEqual([
      ['updraft:events_missing', missingCount],
      ['transport:packet_sent', undefined],
      ['updraft:trace_ended', undefined],
    ]);
    expect(events.at(-1)!.data).toEqual({
      event_count: events.length - 1,
      missing_event_count: missingCount,
    });
    const told = events.filter(({ name }) => name === 'transport:packet_sent').length;
    expect(told).toBe(sentCount - missingCount);
  });

  test('nothing is kept of what comes after the trace was stopped', () => {
    const trace = new MemoryTrace();
    const connection = trace.recorder.begin(true, peer, 0);
    const text = trace.end();
    connection.onSent(packet, 1);
    trace.recorder.flush();
    expect(eventsIn(text).map(({ name }) => name)).toEqual([
      'connectivity:connection_started',
      'updraft:trace_ended',
    ]);
  });
});

test('strangers’ datagrams are told together, however many they are', () => {
  const trace = new MemoryTrace();
  for (let count = 0; count < 100_000; count++) trace.recorder.onDropped('forged');
  trace.recorder.onDropped('malformed');
  const [event, ...rest] = eventsIn(trace.end());
  expect(event!.data).toEqual({ malformed: 1, damaged: 0, forged: 100_000, unknownConnection: 0 });
  expect(rest.length).toBe(1);
});

test('a time that is older than the last event’s is told as that one’s', () => {
  const trace = new MemoryTrace();
  const connection = trace.recorder.begin(true, peer, 5_000);
  connection.onSent(packet, 4_000);
  expect(eventsIn(trace.end()).map(({ time }) => time)).toEqual([5, 5, 5]);
});

test('metrics are told when they change, and one that is not known yet is not', () => {
  const trace = new MemoryTrace();
  const connection = trace.recorder.begin(false, { address: '2001:db8::1', port: 1 }, 0);
  const standing = {
    ...{ latestRttUs: 333_000, smoothedRttUs: 333_000, rttVarianceUs: 5, minRttUs: Infinity },
    ...{ windowBytes: 10_000, bytesInFlight: 0, pacingBytesPerSec: 1_000, datagramBytes: 1_200 },
    ...{ controllerState: 'startup', acknowledgedBytes: 0, creditBytes: 65_536 },
  };
  connection.onStanding(standing, 1);
  connection.onStanding(standing, 2);
  connection.onStanding({ ...standing, minRttUs: 1_500, datagramBytes: 1_400 }, 3);
  const told = eventsIn(trace.end()).slice(1, -1);
  expect(told.map(({ name, data }) => [name.replace(/.*:/, ''), data])).toEqual([
    ['congestion_state_updated', { new: 'startup' }],
    ['mtu_updated', { new: 1_200 }],
    [
      'metrics_updated',
      {
        ...{ latest_rtt: 333, smoothed_rtt: 333, rtt_variance: 0.005, congestion_window: 10_000 },
        ...{ bytes_in_flight: 0, pacing_rate: 8_000, updraft_acknowledged_offset: 0 },
        updraft_credit_offset: 65_536,
      },
    ],
    ['mtu_updated', { old: 1_200, new: 1_400 }],
    ['metrics_updated', { min_rtt: 1.5 }],
  ]);
});
