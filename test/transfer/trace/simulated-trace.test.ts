import { expect, test } from 'vitest';
import { bottleneck } from '../../sim/bottleneck.ts';
import { Pair } from '../../sim/pair.ts';
import { delay, loss } from '../../sim/wire-elements.ts';
import { eventsIn, MemoryTrace, named, type ReadEvent, type ReadFrame } from './trace-text.ts';
import {
  BLACKOUT_FROM_US,
  TRACED_BYTES as BYTES,
  TRACED_DELAY_US as DELAY_US,
  type TracedRun,
  tracedRun,
} from './traced-run.ts';

function traced(
  seed: number,
  blackoutUs = 0,
): { pair: TracedRun; a: readonly ReadEvent[]; b: readonly ReadEvent[] } {
  const pair = tracedRun(seed, blackoutUs);
  return { pair, a: eventsIn(pair.a), b: eventsIn(pair.b) };
}

const { pair, a, b } = traced(1);

function lengthsOf(events: readonly ReadEvent[], name: string): number[] {
  return events.filter((event) => event.name === name).map(({ data }) => data.raw!.length);
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function framesOf(events: readonly ReadEvent[], name: string, type: string): ReadFrame[] {
  return named(events, '1', name).flatMap(({ data }) =>
    data.frames!.filter(({ frame_type: kind }) => kind === type),
  );
}

test('every datagram that a link carried stands in the traces, with its length', () => {
  for (const [link, from, to] of [
    [pair.forward, a, b],
    [pair.backward, b, a],
  ] as const) {
    const sent = lengthsOf(from, 'transport:packet_sent');
    expect([sent.length, sum(sent)]).toEqual([link.counters.sentCount, link.counters.sentBytes]);
    // An OPEN or its answer is not told where it comes: the connection is.
    const openingCount = named(from, 'endpoint', 'transport:packet_sent').length;
    const lateCounts = named(to, 'endpoint', 'updraft:datagrams_dropped').map(
      ({ data }) => data['unknownConnection'] as number,
    );
    const received = lengthsOf(to, 'transport:packet_received').length + sum(lateCounts);
    expect(received).toBeLessThan(link.counters.deliveredCount);
    expect(received).toBeGreaterThanOrEqual(link.counters.deliveredCount - openingCount);
    expect(link.counters.lostCount).toBeGreaterThan(0);
  }
});

test('the sums of a trace are the counters of its connection', () => {
  for (const events of [a, b]) {
    const [{ data: counters }] = named(events, '1', 'updraft:counters') as [ReadEvent];
    const sent = named(events, '1', 'transport:packet_sent');
    const isClose = ({ data }: ReadEvent): boolean =>
      data.frames!.some(({ frame_type: type }) => type === 'connection_close');
    expect(sent.filter((event) => !isClose(event)).length).toBe(counters['packets_sent']);
    expect(named(events, '1', 'recovery:packet_lost').length).toBe(counters['packets_lost']);
    const spurious = named(events, '1', 'updraft:packet_spuriously_lost').length;
    expect(spurious).toBe(counters['packets_spuriously_lost']);
    const numbers = named(events, '1', 'transport:packet_received')
      .map(({ data }) => data.header!.packet_number)
      .filter((number) => number !== undefined);
    expect(new Set(numbers).size).toBe(counters['packets_received']);
    expect(numbers.length - new Set(numbers).size).toBe(counters['packets_received_twice']);
  }
});

test('every byte of the stream was sent, came and was acknowledged, and no number was sent twice', () => {
  const covers = (frames: readonly { offset: number; length: number }[]): number => {
    let end = 0;
    for (const { offset, length } of [...frames].sort((one, other) => one.offset - other.offset)) {
      expect(offset).toBeLessThanOrEqual(end);
      end = Math.max(end, offset + length);
    }
    return end;
  };
  expect(covers(framesOf(a, 'transport:packet_sent', 'stream'))).toBe(BYTES);
  expect(covers(framesOf(b, 'transport:packet_received', 'stream'))).toBe(BYTES);
  const metrics = named(a, '1', 'recovery:metrics_updated').map(({ data }) => data);
  const acknowledged = metrics.findLast((data) => 'updraft_acknowledged_offset' in data)!;
  expect(acknowledged['updraft_acknowledged_offset']).toBe(BYTES);
  const numbers = named(a, '1', 'transport:packet_sent').map(
    ({ data }) => data.header!.packet_number,
  );
  const numbered = numbers.filter((number) => number !== undefined);
  expect(new Set(numbered).size).toBe(numbered.length);
  // What the peer acknowledges was sent under just these numbers.
  const known = new Set(numbered);
  for (const { acked_ranges: ranges } of framesOf(a, 'transport:packet_received', 'ack')) {
    for (const ends of ranges) expect(ends.every((number) => known.has(number))).toBe(true);
  }
});

test('RTTs are milliseconds, and the states of the controller follow one another', () => {
  const [first] = named(a, '1', 'recovery:metrics_updated') as [ReadEvent];
  expect(first.data['latest_rtt']).toBeGreaterThanOrEqual((2 * DELAY_US) / 1000);
  expect(first.data['latest_rtt']).toBeLessThan((4 * DELAY_US) / 1000);
  const states = named(a, '1', 'recovery:congestion_state_updated').map(({ data }) => data);
  expect(states.length).toBeGreaterThan(2);
  for (const [index, { new: state }] of states.slice(0, -1).entries()) {
    expect(states[index + 1]!['old']).toBe(state);
  }
});

const BLACKOUT_US = 8_000_000;

test('a path that carries nothing for a while is a stall, with probe timeouts, until it resumes', () => {
  const { a: paused } = traced(5, BLACKOUT_US);
  const times = (name: string): number[] => named(paused, '1', name).map(({ time }) => time);
  expect(times('recovery:loss_timer_updated').length).toBeGreaterThan(2);
  const [stalls, resumes] = [times('updraft:stalled'), times('updraft:resumed')];
  expect([stalls.length, resumes.length]).toEqual([1, 1]);
  const endMs = (BLACKOUT_FROM_US + BLACKOUT_US) / 1000;
  expect(stalls[0]).toBeGreaterThan(BLACKOUT_FROM_US / 1000);
  expect(stalls[0]).toBeLessThan(endMs);
  expect(resumes[0]).toBeGreaterThan(endMs);
});

test('a run with a trace is to the byte the run without one', () => {
  const digests = [undefined, new MemoryTrace().recorder].map((trace) => {
    const pair = new Pair({
      seed: 6,
      isHashed: true,
      forward: [delay(DELAY_US), loss(0.03)],
      config: { controller: 'bbr', trace },
    });
    pair.transfer({ bytes: BYTES });
    return pair.network.trace.digest();
  });
  expect(digests[0]).toBe(digests[1]);
});

test('a receiver that moves is told with its new address, and path validation with it', () => {
  const trace = new MemoryTrace();
  const way = [bottleneck(20e6, 100_000), delay(DELAY_US)];
  const pair = new Pair({
    seed: 7,
    config: { controller: 'cubic', trace: trace.recorder },
    forward: way,
  });
  pair.add({ bytes: BYTES });
  pair.network.runUntil(500_000);
  pair.network.move(pair.b, 'b2', true);
  pair.network.connect(pair.b, pair.a, way);
  pair.network.connect(pair.a, pair.b, way);
  pair.workload.runToEnd();
  const events = eventsIn(trace.end());
  const moves = events.filter(({ name }) => name === 'updraft:path_changed');
  expect(moves.map(({ data }) => data['dst_ip'])).toEqual(['b2']);
  expect(moves[0]!.time).toBeGreaterThan(500);
  const opener = moves[0]!.group_id;
  const kinds = (name: string): Set<string> =>
    new Set(
      named(events, opener, name).flatMap(({ data }) =>
        data.frames!.map((frame) => frame.frame_type),
      ),
    );
  expect(kinds('transport:packet_sent')).toContain('path_challenge');
  expect(kinds('transport:packet_received')).toContain('path_response');
});
