import { describe, expect, test } from 'vitest';
import {
  MAX_DIFFERENCES,
  MAX_REPLAYED,
  type RecordedEvent,
  type ReplayedGroup,
  TraceReplay,
} from '../../../src/transfer/trace/trace-replay.ts';
import { duplicate, jitter, reorder } from '../../sim/wire-elements.ts';
import { eventsIn, named, type ReadEvent } from './trace-text.ts';
import { tracedRun } from './traced-run.ts';

type Change = (event: RecordedEvent) => readonly RecordedEvent[];

function recorded(events: readonly ReadEvent[]): RecordedEvent[] {
  return events.map(({ time: timeMs, name, group_id: group, data }) => ({
    ...{ timeMs, name, group, data },
  }));
}

function replayed(
  events: readonly RecordedEvent[],
  change: Change = (event) => [event],
): readonly ReplayedGroup[] {
  const replay = new TraceReplay();
  for (const event of events.flatMap(change)) replay.take(event);
  return replay.results();
}

const blackoutUs = 8_000_000;
const paused = eventsIn(tracedRun(1, blackoutUs).a);
const events = recorded(paused);

describe('a trace that this version has written', () => {
  test.each([
    ['of a path that pauses', (): string => tracedRun(1, blackoutUs).a],
    ['of a receiver', (): string => tracedRun(2).b],
    [
      'of a path that doubles, delays and reorders',
      (): string => tracedRun(3, 0, [jitter(4_000), reorder(0.03, 15_000), duplicate(0.02)]).a,
    ],
  ])('%s is replayed without a difference', (_what, traceOf) => {
    const trace = eventsIn(traceOf());
    const [{ data: counters }] = named(trace, '1', 'updraft:counters') as [ReadEvent];
    const [result, ...others] = replayed(recorded(trace)) as [ReplayedGroup];
    expect(others).toEqual([]);
    expect(result).toMatchObject({ differences: [], differenceCount: 0 });
    expect(result.lostCount).toBe(counters['packets_lost']);
    expect(result.stopped).toBeUndefined();
  });

  test('reordering makes spurious losses in it, so that the window of reordering is replayed too', () => {
    const trace = eventsIn(tracedRun(3, 0, [jitter(4_000), reorder(0.03, 15_000)]).a);
    expect(named(trace, '1', 'updraft:packet_spuriously_lost').length).toBeGreaterThan(0);
  });
});

test('what the traced program did otherwise is told, packet by packet', () => {
  const losses = events.filter(({ name }) => name === 'recovery:packet_lost');
  const numberOf = ({ data }: RecordedEvent): number =>
    (data['header'] as { packet_number: number }).packet_number;
  const [forgotten, last] = [losses[0]!, losses.at(-1)!];
  const kept = events.find(({ data }) => JSON.stringify(data).includes('"stream"'))!;
  const [result] = replayed(events, (event) => {
    if (event === forgotten) return [];
    if (event !== last) return [event];
    return [event, { ...event, data: { header: { packet_number: numberOf(kept) } } }];
  }) as [ReplayedGroup];
  expect(result.differences).toEqual([
    {
      ...{ timeMs: forgotten.timeMs, what: 'lost' },
      ...{ recorded: numberOf(forgotten), replayed: numberOf(forgotten) },
    },
    { timeMs: last.timeMs, what: 'kept', recorded: numberOf(kept), replayed: numberOf(kept) },
  ]);
});

test('of many differences MAX_DIFFERENCES are kept, and the others are counted', () => {
  const [result] = replayed(events, (event) =>
    event.name === 'recovery:packet_lost' ? [] : [event],
  ) as [ReplayedGroup];
  expect(result.differences.length).toBe(MAX_DIFFERENCES);
  expect(result.differenceCount).toBe(named(paused, '1', 'recovery:packet_lost').length);
});

test('a round trip that is taken for another is told', () => {
  const [result] = replayed(events, (event) => {
    if (event.name !== 'recovery:metrics_updated' || event.timeMs < 9_000) return [event];
    return [{ ...event, data: { smoothed_rtt: 1 } }];
  }) as [ReplayedGroup];
  expect(result.differences[0]).toMatchObject({ what: 'rtt', recorded: 1 });
  expect(result.differences[0]!.timeMs).toBeGreaterThanOrEqual(9_000);
});

const middle = events.findIndex(({ timeMs }) => timeMs > 300);
const first = events.find(({ data }) => data['raw'] !== undefined)!;

/** In place of the event in the middle. */
function changed(event: Partial<RecordedEvent>): readonly ReplayedGroup[] {
  const at = events[middle]!;
  return replayed(events, (each) => (each === at ? [{ ...at, ...event }] : [each]));
}

function packet(number: unknown, ...frames: readonly object[]): Partial<RecordedEvent> {
  const header = { packet_number: number };
  return { group: '1', data: { header, raw: { length: 1_200 }, frames } };
}

function ack(ranges: unknown): Partial<RecordedEvent> {
  const frame = {
    frame_type: 'ack',
    ack_delay: 0,
    updraft_ack_sequence: 1e9,
    acked_ranges: ranges,
  };
  return { ...packet(undefined, frame), name: 'transport:packet_received' };
}

test.each([
  ['events are missing', { name: 'updraft:events_missing', group: 'endpoint', data: { count: 1 } }],
  ['went on by another path', { name: 'updraft:path_changed', group: '1', data: {} }],
  ['times go back', { timeMs: 1 }],
  [
    'numbers do not follow',
    { ...packet(2 ** 50, { frame_type: 'ping' }), name: 'transport:packet_sent' },
  ],
  ['numbers do not follow', { ...packet(0), name: 'transport:packet_sent' }],
  ['never sent', ack([[0, 2 ** 40]])],
  ['cannot be read', ack([[5, 4]])],
  [
    'cannot be read',
    ack([
      [1, 2],
      [3, 4],
    ]),
  ],
  ['cannot be read', ack([[0.5, 4]])],
  ['cannot be read', ack([['x', 4]])],
  [
    'cannot be read',
    ack(Array.from({ length: 251 }, (_, index) => [9e3 - 2 * index, 9e3 - 2 * index])),
  ],
] as const)('a trace in which %s is replayed up to there', (reason, event) => {
  const [result] = changed(event) as [ReplayedGroup];
  expect(result.stopped).toContain(reason);
  expect(result.differenceCount).toBe(0);
  expect(result.packetCount).toBeGreaterThan(100);
});

test('of a trace of very many connections MAX_REPLAYED are replayed', () => {
  const start = { name: 'connectivity:connection_started', data: { dst_ip: 'x', dst_port: 1 } };
  const groups = Array.from({ length: MAX_REPLAYED + 5 }, (_, index) => String(index));
  const results = replayed([
    ...groups.map((group) => ({ ...start, group, timeMs: 0 })),
    ...groups.map((group) => ({ ...first, ...packet(7), name: 'transport:packet_sent', group })),
  ]);
  expect(results.length).toBe(MAX_REPLAYED);
});
