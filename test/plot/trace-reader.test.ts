import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  MAX_RECORD_BYTES,
  readTrace,
  type TraceEvent,
  type TraceReading,
} from '../../src/plot/trace-reader.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';

const RS = '\x1e';
const HEAD = `${RS}{"qlog_format":"JSON-SEQ","title":"updraft","trace":{"common_fields":{"time_format":"relative"}}}\n`;
const FOREIGN = HEAD.replace('updraft', 'another program');
const event = (timeMs: number): string => `${RS}{"time":${timeMs},"name":"a:b","data":{}}\n`;
const END = `${RS}{"time":9,"name":"updraft:trace_ended","data":{}}\n`;

async function read(
  ...parts: readonly string[]
): Promise<TraceReading & { readonly times: readonly number[] }> {
  const path = join(temporaryFolder(), 'trace');
  writeFileSync(path, '');
  for (const part of parts) appendFileSync(path, part);
  const events: TraceEvent[] = [];
  const reading = await readTrace(path, (event) => events.push(event));
  return { ...reading, times: events.map(({ timeMs }) => timeMs) };
}

test('a whole trace is read in order, and neither cut nor damaged', async () => {
  expect(await read(HEAD, event(1), event(2.5), END)).toEqual({
    ...{ times: [1, 2.5], isCut: false, unreadableCount: 0 },
  });
  expect(await read(FOREIGN, event(1))).toEqual({ times: [1], isCut: false, unreadableCount: 0 });
});

test('a trace that ends anywhere is told as cut, and read up to there', async () => {
  const whole = HEAD + event(1) + event(2) + END;
  const cut = { isCut: true, unreadableCount: 0 };
  for (let length = HEAD.length; length < whole.length; length++) {
    const isSecondWhole = length >= HEAD.length + event(1).length + event(2).length;
    const times = isSecondWhole ? [1, 2] : length >= HEAD.length + event(1).length ? [1] : [];
    expect(await read(whole.slice(0, length)), `${length} bytes`).toEqual({ ...cut, times });
  }
});

test.each([
  ['no JSON', `${RS}{"time":1,\n`],
  ['no object', `${RS}[1]\n`],
  ['no time', `${RS}{"name":"a:b","data":{}}\n`],
  ['a negative time', event(-1)],
  ['a time beyond all', `${RS}{"time":1e300,"name":"a:b","data":{}}\n`],
  ['no data', `${RS}{"time":1,"name":"a:b","data":3}\n`],
  ['a group that is no text', `${RS}{"time":1,"name":"a:b","group_id":{},"data":{}}\n`],
  ['nothing', RS],
  ['bytes that are no text', `${RS}\ufffd\0\n`],
])(
  'a record that is %s is left out and counted, and those around it are read',
  async (_what, bad) => {
    expect(await read(HEAD, event(1), bad, event(2), END)).toEqual({
      ...{ times: [1, 2], isCut: false, unreadableCount: 1 },
    });
  },
);

test('a record that is too long is left out, however it goes on', async () => {
  const long = `${RS}{"time":1,"name":"${'x'.repeat(MAX_RECORD_BYTES)}","data":{}}\n`;
  expect(await read(HEAD, long, event(2), END)).toEqual({
    ...{ times: [2], isCut: false, unreadableCount: 1 },
  });
});

test.each([
  ['empty', '', 'it is empty'],
  ['text', 'hello\n', 'no sequence of JSON records'],
  ['qlog that is one JSON object', HEAD.slice(1), 'no sequence of JSON records'],
  ['only a separator', RS, 'does not begin as a qlog file'],
  ['a sequence without a head', event(1), 'does not begin as a qlog file'],
  ['a head that is cut', HEAD.slice(0, 40), 'does not begin as a qlog file'],
  ['of absolute times', FOREIGN.replace('relative', 'absolute') + event(1), 'not relative'],
])('a file that is %s is no trace', async (_what, content, reason) => {
  await expect(read(content)).rejects.toThrow(reason);
});
