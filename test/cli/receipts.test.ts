import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execFileSync } from 'node:child_process';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { randomFile, sha256 } from './sample-files.ts';
import { Receiver, send } from './ticket-processes.ts';

const schemaPath = resolve(import.meta.dirname, '../../docs/receipt.schema.json');
const validate = new Ajv({ formats: { 'date-time': true } }).compile(
  JSON.parse(readFileSync(schemaPath, 'utf8')) as object,
);

/** Every line, each of which is a receipt by the schema. */
function receiptsIn(path: string): Record<string, unknown>[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const receipt = JSON.parse(line) as Record<string, unknown>;
    expect(validate(receipt), `${line}\n${JSON.stringify(validate.errors)}`).toBe(true);
    return receipt;
  });
}

test('receipts of files, a folder of which something fails, what was missing of it, and a refusal say the same on both sides', async () => {
  const folder = temporaryFolder();
  const receiver = new Receiver(['--json', '--skip', '--receipt', join(folder, 'received')]);
  const { ticket } = JSON.parse(await receiver.ticket()) as { ticket: string };
  const single = randomFile(folder, 'single', 100);
  const photos = join(folder, 'photos');
  mkdirSync(photos);
  const inner = randomFile(photos, 'a', 2_000);
  symlinkSync(inner, join(photos, 'link'));
  execFileSync('mkfifo', [join(photos, 'fifo')]);

  const sent = join(folder, 'sent');
  // By its key the receiver knows that it is the same sender.
  const self = { XDG_STATE_HOME: temporaryFolder() };
  const sender = send([single, photos, '--to', ticket, '--receipt', sent], self);
  expect(await sender.exit).toBe(23);
  expect(sender.errors.join('\n')).toMatch(/^photos\/fifo could not be delivered to /m);
  expect(sender.errors).toContain('photos/link is a symbolic link: left out.');
  await receiver.see('"t":"done"');
  const [partly] = receiptsIn(sent);
  const item = { kind: 'file', name: 'single', totalBytes: 100, sha256: sha256(single) };
  const files = [{ name: 'photos/a', sizeBytes: 2_000, sha256: sha256(inner) }];
  const tree = { kind: 'folder', name: 'photos', totalBytes: 2_000, fileCount: 1, files };
  expect(partly).toMatchObject({
    ...{ direction: 'send', bytes: 2_100, files: 2, failedCount: 1 },
    failures: [{ name: 'photos/fifo', code: 'local-file' }],
    skippedLinks: ['photos/link'],
    route: { kind: 'direct', address: '127.0.0.1', roundTripMs: expect.any(Number) as number },
    items: [
      { ...item, path: single },
      { ...tree, path: photos },
    ],
  });

  // The command that it shows sends only what is missing.
  expect(sender.errors.at(-1)).toBe(
    `Once its cause is gone, this sends only what is missing: upd send ${photos} --to ${ticket.slice(0, 8)}…`,
  );
  rmSync(join(photos, 'fifo'));
  const rest = randomFile(photos, 'rest', 3_000);
  expect(await send([photos, '--to', ticket], self).exit).toBe(0);
  expect(readdirSync(receiver.dir).sort()).toEqual(['photos', 'single']);
  expect(sha256(join(receiver.dir, 'photos/rest'))).toBe(sha256(rest));

  // The name exists now, and the receiver skips.
  const refused = send([
    randomFile(temporaryFolder(), 'single', 5),
    '--to',
    ticket,
    '--receipt',
    sent,
  ]);
  expect(await refused.exit).toBe(11);
  await receiver.see('"t":"error"');
  const failures = [{ name: 'single', code: 'exists', reason: 'the name exists already' }];
  const route = expect.objectContaining({ kind: 'direct', address: '127.0.0.1' }) as object;
  const nothing = { bytes: 0, files: 0, items: [], failedCount: 1, failures, route };
  expect(receiptsIn(sent)).toEqual([expect.objectContaining(nothing)]);
  await expect
    .poll(() => receiptsIn(join(folder, 'received')))
    .toMatchObject([
      { direction: 'receive', items: [item, tree], failedCount: 0 },
      { items: [{ name: 'photos', fileCount: 2, totalBytes: 5_000 }], failedCount: 0 },
      nothing,
    ]);
});
