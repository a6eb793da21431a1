import { buffer } from 'node:stream/consumers';
import { Command, CommanderError } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { BENCH_NAME, BenchContent, takeBench } from '../../src/bench/bench-content.ts';
import { benchTicket, ticketOfBench } from '../../src/bench/bench-ticket.ts';
import { addBenchCommand } from '../../src/cli/bench.ts';
import { linkRateOf, lossOf, rttOf, sizeOf } from '../../src/cli/flag-values.ts';
import type { Offer } from '../../src/transfer/index.ts';
import { encodeTicket } from '../../src/transfer/io/ticket/ticket-text.ts';
import { reroutedTicket } from '../../src/transfer/diagnosis.ts';
import { readTicket } from '../../src/transfer/index.ts';

test.each([1, 262_144, 262_145, 1_000_000])('a run of %i bytes has so many', async (bytes) => {
  expect(await buffer(new BenchContent({ bytes }))).toHaveLength(bytes);
});

test('a run of a time ends when it is over, counted from its first byte', async () => {
  let nowMs = 5_000;
  const content = new BenchContent({ ms: 100 }, () => nowMs);
  nowMs = 9_000;
  let chunkCount = 0;
  for await (const chunk of content) {
    expect((chunk as Buffer).length).toBe(262_144);
    chunkCount++;
    nowMs += 30;
  }
  // One more stands read ahead.
  expect([4, 5]).toContain(chunkCount);
});

const offer: Offer = {
  from: 'a',
  name: BENCH_NAME,
  sizeBytes: undefined,
  kind: 'file',
  isAlone: true,
  signal: new AbortController().signal,
};

test('only what a bench sends is taken: a file that somebody wants kept is refused', () => {
  expect(takeBench(offer)).toHaveProperty('into');
  for (const changes of [
    { name: 'movie.mp4' },
    { sizeBytes: 3 },
    { kind: 'folder' },
  ] as const satisfies Partial<Offer>[]) {
    expect(takeBench({ ...offer, ...changes })).toEqual({
      refuse: 'upd bench stores nothing: send files to upd receive',
    });
  }
});

const ticket = encodeTicket({
  secret: new Uint8Array(32).fill(1),
  receiverKey: new Uint8Array(32).fill(2),
  port: 7000,
  addresses: ['192.0.2.2', '192.0.2.3'],
});

test('tickets of upd receive and of upd bench are not taken for each other', () => {
  expect(ticketOfBench(benchTicket(ticket))).toEqual({ ticket });
  expect(readTicket(benchTicket(ticket))).toBeUndefined();
  expect(ticketOfBench(ticket)).toContain('run upd bench --listen there');
  expect(ticketOfBench(benchTicket(ticket).slice(0, -1))).toContain('begins with bench-upd1');
});

test('a rerouted ticket differs in its place alone', () => {
  const rerouted = readTicket(reroutedTicket(ticket, '127.0.0.1', 9))!;
  expect(rerouted).toEqual({
    ...readTicket(ticket)!,
    addresses: [{ address: '127.0.0.1', port: 9 }],
  });
  expect(() => reroutedTicket('upd1x', '127.0.0.1', 9)).toThrow(TypeError);
});

test.each([
  [linkRateOf, '100mbit', 12_500_000],
  [linkRateOf, '1.5Gbit', 187_500_000],
  [linkRateOf, '12.5M', 12_500_000],
  [rttOf, '80ms', 80],
  [rttOf, '0.5', 0.5],
  [rttOf, '10000', 10_000],
  [lossOf, '3%', 0.03],
  [lossOf, '0.1', 0.001],
  [lossOf, '50', 0.5],
  [sizeOf, '64M', 64e6],
  [sizeOf, '1', 1],
] as const)('%o reads %s as %d', (parse, text, value) => {
  expect(parse(text)).toBeCloseTo(value);
});

test.each([
  [linkRateOf, ['100bit', '10kbit', 'mbit', '', '-1mbit', '9999999gbit']],
  [rttOf, ['10001', '-1', '80s', '', 'ms']],
  [lossOf, ['50.1', '100%', '-1', '%', '']],
  [sizeOf, ['0', '-1', '1.5T', '', '2000G']],
] as const)('%o refuses %j', (parse, texts) => {
  for (const text of texts) expect(() => parse(text), text).toThrow(/^A .* (as|to) /);
});

let errors = '';

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Its exit code. */
async function bench(...args: readonly string[]): Promise<unknown> {
  errors = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((errors += String(text)), true));
  const program = new Command('upd').exitOverride();
  addBenchCommand(program);
  program.commands[0]!.exitOverride();
  try {
    await program.parseAsync(['bench', ...args], { from: 'user' });
  } catch (error) {
    expect(error).toBeInstanceOf(CommanderError);
    return 'usage';
  }
  return process.exitCode;
}

test.each([
  [['--listen', '--rtt', '50'], '--rtt is for the side that measures'],
  [['--listen', '--to', 'x'], '--to is for the side that measures'],
  [['--port', '7000'], '--port goes with --listen'],
  [['--size', '1M', '--seconds', '2'], '--size and --seconds both say how much is sent'],
  [['--trace', 'x', '--runs', '2'], '--trace is of one run'],
  [['--congestion', 'fixed'], '--congestion fixed needs --window N'],
  [['--to', ticket], 'which would store what a bench sends'],
  [['--to', 'upd'], 'no ticket of upd bench --listen'],
])('%j is usage, and one line says why', async (args, reason) => {
  expect(await bench(...args)).toBe(2);
  expect(errors).toContain(reason);
  expect(errors.trimEnd().split('\n')).toHaveLength(1);
});

test.each([
  ['/nowhere/ticket', 'the ticket in /nowhere/ticket cannot be read: no such file; without @ '],
  ['/', 'the ticket in / cannot be read: EISDIR'],
  ['', '@ is followed by a file, as @ticket.txt'],
])('a ticket in the file "%s" is a local error that says what was read', async (path, reason) => {
  expect(await bench('--to', `@${path}`)).toBe(3);
  expect(errors).toMatch(/^upd bench: /);
  expect(errors).toContain(reason);
});
