import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { benchTicket } from '../../src/bench/bench-ticket.ts';
import { encodeTicket } from '../../src/transfer/io/ticket/ticket-text.ts';
import { UpdProcess } from './upd-process.ts';

const schemaPath = resolve(import.meta.dirname, '../../docs/bench.schema.json');
const validate = new Ajv().compile(JSON.parse(readFileSync(schemaPath, 'utf8')) as object);

interface Report {
  readonly runs: readonly { bytes: number; out: Record<string, number> }[];
}

/** Of a machine that is here, and a port where nobody listens. */
const NOBODY = benchTicket(
  encodeTicket({
    secret: new Uint8Array(32).fill(1),
    receiverKey: new Uint8Array(32).fill(9),
    port: 1,
    addresses: ['127.0.0.1'],
  }),
);

test('bench measures on loopback and to a listener, there through a link, and doctor finds the listener', async () => {
  const size = ['--size', '1M', '--runs', '1'];
  const late = new UpdProcess(['bench', '--to', NOBODY, '--give-up', '1', ...size]);
  const stopped = new UpdProcess(['bench', '--to', NOBODY]);
  const alone = new UpdProcess(['bench', ...size]);
  const listener = new UpdProcess(['bench', '--listen', '--host', '127.0.0.1']);
  const ticket = await listener.see('bench-upd1');
  await stopped.see('run ');
  stopped.child.kill('SIGINT');
  const link = ['--rate', '100mbit', '--rtt', '10', '--loss', '2%'];
  const there = new UpdProcess(['bench', '--to', ticket, ...link, ...size, '--json']);
  const asked = new UpdProcess(['doctor', ticket, '--quiet', '--json']);
  await listener.see('1.0 MB in ');
  expect(await there.exit).toBe(0);
  expect(there.errors).toEqual([]);
  expect(there.out).toHaveLength(1);
  const report = JSON.parse(there.out[0]!) as Report;
  expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
  const [{ bytes, out }] = report.runs as [Report['runs'][number]];
  expect(bytes).toBe(1e6);
  // All of it came over the link.
  expect(out['datagramCount']).toBeGreaterThan(1e6 / 1_472);
  expect(out['lostCount']).toBeGreaterThan(0);

  expect(await asked.exit).toBe(0);
  expect(asked.out.at(-1)).toMatch(/127\.0\.0\.1:\d+ answers after /);
  listener.child.kill('SIGTERM');
  expect(await alone.exit).toBe(0);
  expect(alone.out[0]).toBe('Loopback, both sides on this machine');
  expect(alone.out.at(-1)).toMatch(/^limited by this machine: /);
  expect(await stopped.exit).toBe(130);
  expect(stopped.errors).toEqual(['upd bench: interrupted after 0 of 3 runs']);
  expect(await late.exit).toBe(6);
  expect(late.errors.join('\n')).toContain('is upd bench --listen still running there');
  expect(await listener.exit).toBe(143);
});
