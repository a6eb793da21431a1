import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConnectionPicture } from '../../src/plot/connection-picture.ts';
import { blockLevels, plainLevels, sketchOf } from '../../src/plot/picture-sketch.ts';
import { svgOfPicture } from '../../src/plot/picture-svg.ts';
import { MAX_PICTURES, readPictures, type TracePictures } from '../../src/plot/trace-pictures.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { eventsIn, named } from '../transfer/trace/trace-text.ts';
import { TRACED_BYTES, tracedRun } from '../transfer/trace/traced-run.ts';

function picturesOf(trace: string): Promise<TracePictures> {
  const path = join(temporaryFolder(), 'trace');
  writeFileSync(path, trace);
  return readPictures(path);
}

const { a, b } = tracedRun(1, 8_000_000);

describe('a transfer over a bad path that pauses', () => {
  test('is drawn with what its connection has counted', async () => {
    const { pictures, isCut, missingEventCount } = await picturesOf(a);
    expect([pictures.length, isCut, missingEventCount]).toEqual([1, false, 0]);
    const [picture] = pictures as [ConnectionPicture];
    const [end] = named(eventsIn(a), '1', 'updraft:counters');
    const counters = end!.data as Readonly<Record<string, unknown>> as Record<string, number>;
    expect(picture.streamBytes).toBe(TRACED_BYTES);
    expect(picture.isSender).toBe(true);
    expect(picture.packetsLostCount).toBe(counters['packets_lost']);
    expect(picture.stallCount).toBe(1);
    const sum = (name: 'lostCount' | 'sentBytes'): number =>
      picture.series
        .values(name)
        .reduce((all, value) => all + (Number.isNaN(value) ? 0 : value), 0);
    expect(sum('lostCount')).toBe(counters['packets_lost']);
    // What was sent beyond the stream: what went again, and headers.
    expect(sum('sentBytes')).toBeGreaterThan(TRACED_BYTES + picture.resentBytes);
    expect(picture.resentBytes).toBeGreaterThanOrEqual(counters['bytes_retransmitted']!);
  });

  test('is an SVG with a panel a question, and the stall in it', async () => {
    const [picture] = (await picturesOf(a)).pictures as [ConnectionPicture];
    const svg = svgOfPicture(picture, 'a <script> & a trace');
    expect(svg).toMatch(/^<svg [^]*<\/svg>\n$/);
    for (const text of ['stream, MB', 'MB/s', 'RTT, ms', 'window', 'lost', 'waits for the path']) {
      expect(svg, text).toContain(text);
    }
    expect(svg).not.toContain('<script>');
    expect(svg).toContain('rgb(214,64,69)');
  });

  test('is sketched in lines that fit, with plain characters where there are no others', async () => {
    const [picture] = (await picturesOf(a)).pictures as [ConnectionPicture];
    for (const levels of [blockLevels, plainLevels]) {
      const [summary, ...curves] = sketchOf(picture, { columns: 60, levels });
      expect(summary).toMatch(/^Connection 1: 3\.0 MB sent to b port 7000 in .*, stalled once$/);
      const labels = curves.map((line) => line.slice(0, 10).trim());
      expect(labels).toEqual(['stream', 'rate', 'RTT', 'window', 'in flight', 'lost', 'stalled']);
      for (const line of curves) {
        expect(line.length).toBeLessThanOrEqual(60);
        const drawn = line.slice(10, 10 + 60 - 22);
        expect(
          Array.from(drawn).every((character) => levels.includes(character)),
          line,
        ).toBe(true);
      }
      // It never goes back, from nothing to all.
      const heights = Array.from(curves[0]!.slice(10, 48), (character) =>
        levels.indexOf(character),
      );
      expect(heights).toEqual([...heights].sort((one, other) => one - other));
      expect([heights[0], heights.at(-1)]).toEqual([expect.any(Number), levels.length - 1]);
    }
  });
});

test('the trace of a receiver is drawn by what came', async () => {
  const [picture] = (await picturesOf(b)).pictures as [ConnectionPicture];
  expect([picture.isSender, picture.streamBytes]).toEqual([false, TRACED_BYTES]);
  const [summary] = sketchOf(picture, { columns: 80, levels: blockLevels });
  expect(summary).toMatch(/^Connection 1: 3\.0 MB received from a port 7000 in /);
  expect(svgOfPicture(picture, 'b')).toContain('received');
});

const RS = '\x1e';
const HEAD = `${RS}{"qlog_format":"JSON-SEQ","trace":{"common_fields":{"time_format":"relative"}}}\n`;

test('of a trace of very many connections MAX_PICTURES are looked at, and the others are counted', async () => {
  const starts = Array.from(
    { length: MAX_PICTURES + 3 },
    (_, group) => `${RS}{"time":1,"name":"updraft:stalled","group_id":"${group}","data":{}}\n`,
  );
  const { pictures, unlistedCount } = await picturesOf([HEAD, ...starts, ...starts].join(''));
  expect([pictures.length, unlistedCount]).toEqual([MAX_PICTURES, 3]);
});

test('values that are no numbers, or hostile text, draw nothing and break nothing', async () => {
  const hostile = [
    '"name":"transport:packet_sent","data":{"raw":{"length":"x"},"frames":[null,3,{"frame_type":"stream","offset":-1,"length":1e400}]}',
    '"name":"transport:packet_sent","data":{"frames":{"frame_type":"stream"}}',
    '"name":"recovery:metrics_updated","data":{"latest_rtt":null,"smoothed_rtt":{},"congestion_window":1e308}',
    '"name":"updraft:sending_waits","data":{"for":"__proto__"}',
    '"name":"updraft:stalled","data":{}',
    '"name":"connectivity:connection_started","data":{"dst_ip":"\\u001b[2J","dst_port":1}',
  ].map((rest) => `${RS}{"time":5,"group_id":"\\u001b]0;x","${rest.slice(1)}}\n`);
  const { pictures, unreadableCount } = await picturesOf(HEAD + hostile.join(''));
  expect(unreadableCount).toBe(0);
  const [picture] = pictures as [ConnectionPicture];
  expect(picture.streamBytes).toBe(0);
  const lines = sketchOf(picture, { columns: 80, levels: blockLevels });
  expect(lines.join('')).not.toMatch(/[\u0000-\u001f]/);
  expect(svgOfPicture(picture, 'x')).not.toContain('\u001b');
});
