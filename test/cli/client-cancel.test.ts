import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/chat/io/clock.ts';
import { startFixture, temporaryFolder } from '../chat/server-fixture.ts';
import { ClientProcess } from './client-process.ts';
import { randomFile, sha256 } from './sample-files.ts';

const SIZE_BYTES = 20_000_000;
/** The first tenth, behind which a line comes, in half a second; the whole in five, which nobody waits for. */
const SLOW = ['--rate', '4M'];

test('CAN from either side ends a running transfer with one line on both and how to go on, and the next UPD goes on to the whole file', async () => {
  const { server } = await startFixture({ clock: systemClock });
  const stateHome = temporaryFolder();
  const [jess, derek] = await Promise.all([
    ClientProcess.enter(server.port, 'jess'),
    ClientProcess.enter(server.port, 'derek', { flags: SLOW, stateHome }),
  ]);
  const film = randomFile(temporaryFolder(), 'film', SIZE_BYTES);
  for (const [id, canceller, side] of [
    [1, jess, 'receiver'],
    [2, derek, 'sender'],
  ] as const) {
    derek.type(`UPD jess ${film}`);
    await jess.warned('film from derek: receiving');
    await jess.warned(' % (');
    canceller.type(`CAN ${id}`);
    await canceller.see(`Transfer #${id} is being cancelled.`);
    const reason = `cancelled by the ${side}.`;
    expect(await derek.see('film')).toBe(`film could not be delivered to jess: ${reason}`);
    expect(await jess.see('film')).toBe(`film from derek was not received: ${reason}`);
    await derek.warned('film: the same UPD goes on from what has arrived there.');
    await jess.warned('What has arrived of film is kept');
    expect(readdirSync(jess.inbox).sort()).toEqual(['derek_film.part', 'derek_film.part.state']);
  }
  derek.type('OUT');
  expect(await derek.exit).toBe(0);
  const fast = await ClientProcess.enter(server.port, 'derek', { stateHome });
  fast.type(`UPD jess ${film}`);
  await jess.see('Received film from derek');
  await fast.see('film has been delivered to jess');
  expect(sha256(jess.received('derek_film'))).toBe(sha256(film));
});
