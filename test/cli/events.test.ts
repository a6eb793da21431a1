import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { changedProgram, impatient } from './changed-program.ts';
import { randomFile, sha256, sparseFile } from './sample-files.ts';
import { Receiver, send } from './ticket-processes.ts';
import type { UpdProcess } from './upd-process.ts';

const schemaPath = resolve(import.meta.dirname, '../../docs/events.schema.json');
const validate = new Ajv({ allErrors: true }).compile(
  JSON.parse(readFileSync(schemaPath, 'utf8')) as object,
);

/** Every line of stdout, each of which is an event by the schema. */
function eventsOf({ out }: UpdProcess): Record<string, unknown>[] {
  return out.map((line) => {
    const event = JSON.parse(line) as Record<string, unknown>;
    expect(validate(event), `${line}\n${JSON.stringify(validate.errors)}`).toBe(true);
    return event;
  });
}

function typesOf(events: readonly Record<string, unknown>[]): unknown[] {
  return events.map(({ t }) => t);
}

async function ticketOf(receiver: Receiver): Promise<string> {
  return (JSON.parse(await receiver.see('"t":"ticket"')) as { ticket: string }).ticket;
}

test('the events of a transfer follow the schema and tell its way: ticket, offer, progress, done', async () => {
  const receiver = new Receiver(['--json', '--once']);
  const ticket = await ticketOf(receiver);
  const path = randomFile(temporaryFolder(), 'odd \u00e9 name\u{1f600}', 400_000);
  const sender = send([path, '--to', ticket, '--json', '--rate', '200k']);
  expect(await Promise.all([sender.exit, receiver.exit])).toEqual([0, 0]);
  const [sent, received] = [eventsOf(sender), eventsOf(receiver)];
  expect(new Set(typesOf(sent))).toEqual(new Set(['offer', 'progress', 'done']));
  expect(new Set(typesOf(received))).toEqual(new Set(['ticket', 'offer', 'progress', 'done']));
  expect(received[0]).toMatchObject({ ticket, addresses: ['127.0.0.1'] });
  const name = 'odd \u00e9 name\u{1f600}';
  expect(sent[0]).toMatchObject({ t: 'offer', direction: 'send', name });
  for (const events of [sent, received]) {
    expect(events.at(-1)).toMatchObject({
      ...{ t: 'done', bytes: 400_000, files: 1, failedCount: 0 },
      limitedBy: { cause: 'rate', value: 200_000 },
      items: [{ kind: 'file', name, bytes: 400_000, sha256: sha256(path) }],
    });
    // The way that a person sees too.
    const way = { kind: 'direct', address: '127.0.0.1', roundTripMs: expect.any(Number) as number };
    expect(events.at(-1)).toMatchObject({ route: way });
    const running = events.filter(({ t, state }) => t === 'progress' && state === 'running');
    expect(running.length).toBeGreaterThan(0);
    for (const event of running) expect(event).toMatchObject({ route: way });
  }
  expect(sent.at(-1)).toMatchObject({ route: { port: received[0]!['port'] } });
  expect(sender.errors).toEqual([]);
});

test('failures follow the schema too: of a transfer, and of the command', async () => {
  const receiver = new Receiver(['--json']);
  const ticket = await ticketOf(receiver);
  const film = sparseFile(temporaryFolder(), 'film', 1_000_000_000);
  const sender = send([film, '--to', ticket, '--json', '--window', '1']);
  await receiver.see('"t":"progress"');
  sender.child.kill('SIGINT');
  expect(await sender.exit).toBe(130);
  expect(eventsOf(sender).at(-1)).toMatchObject({
    t: 'error',
    id: 1,
    code: 'cancelled',
    exit: 130,
    route: { kind: 'direct', address: '127.0.0.1' },
  });
  await receiver.see('"t":"error"');
  expect(eventsOf(receiver).at(-1)).toMatchObject({ t: 'error', code: 'cancelled', exit: 4 });

  const usage = send(['x', '--to', 'upd1', '--json']);
  expect(await usage.exit).toBe(2);
  expect(eventsOf(usage)).toMatchObject([{ t: 'error', code: 'usage', exit: 2 }]);
  const missing = send([join('/no/such', 'x'), '--to', ticket, '--json']);
  expect(await missing.exit).toBe(3);
  const unconnected = eventsOf(missing).at(-1);
  expect(unconnected).toMatchObject({ t: 'error', code: 'local-file', exit: 3 });
  expect(unconnected).not.toHaveProperty('route');
});

test('a transfer whose receiver is gone is told to have stalled', async () => {
  const receiver = new Receiver(['--json']);
  const ticket = await ticketOf(receiver);
  const film = sparseFile(temporaryFolder(), 'film', 1_000_000_000);
  const program = changedProgram(...impatient);
  const sender = send([film, '--to', ticket, '--json', '--window', '1'], {}, { program });
  await receiver.see('"t":"progress"');
  receiver.child.kill('SIGSTOP');
  const stalled = JSON.parse(await sender.see('"t":"stalled"')) as Record<string, unknown>;
  expect(stalled).toMatchObject({ id: 1, reason: 'no-answer' });
  receiver.child.kill('SIGCONT');
  eventsOf(sender);
});
