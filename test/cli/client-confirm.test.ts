import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/chat/io/clock.ts';
import { startFixture, temporaryFolder } from '../chat/server-fixture.ts';
import { ClientProcess } from './client-process.ts';
import { randomFile, sha256 } from './sample-files.ts';

test('with --confirm nothing is received before YES, NO is told to both sides with one reason, and a cancelled offer is no question any more', async () => {
  const { server } = await startFixture({ clock: systemClock });
  const [jess, derek] = await Promise.all([
    ClientProcess.enter(server.port, 'jess', { flags: ['--confirm'] }),
    ClientProcess.enter(server.port, 'derek'),
  ]);
  const folder = temporaryFolder();
  const [film, note] = [randomFile(folder, 'film', 100_000), randomFile(folder, 'note', 5)];
  derek.type(`UPD jess ${film}`);
  await jess.see('derek wants to send film (100.0 kB): YES 1 receives it, NO 1 refuses it.');
  derek.type(`UPD jess ${note}`);
  await jess.see('derek wants to send note (5 B): YES 2');
  expect(readdirSync(jess.inbox)).toEqual([]);
  jess.type('NO 2');
  const refused = 'refused by the receiver.';
  expect(await derek.see('note')).toBe(`note could not be delivered to jess: ${refused}`);
  await jess.see(`note from derek was not received: ${refused}`);
  jess.type('YES 1');
  await derek.see('film has been delivered to jess');
  await jess.see('Received film from derek');
  expect(sha256(jess.received('derek_film'))).toBe(sha256(film));

  derek.type(`UPD jess ${note}`);
  await jess.see('derek wants to send note');
  derek.type('CAN 3');
  await jess.see('note from derek was not received: cancelled by the sender.');
  jess.type('YES');
  await jess.see('No offer waits for an answer.');
});
