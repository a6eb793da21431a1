import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/chat/io/clock.ts';
import { startFixture, temporaryFolder } from '../chat/server-fixture.ts';
import { ClientProcess } from './client-process.ts';
import { randomFile } from './sample-files.ts';

test('a private message goes from client to client, and neither the server nor a third sees it', async () => {
  const { server, log, read } = await startFixture({ clock: systemClock });
  const [jess, derek, steve] = await Promise.all(
    ['jess', 'derek', 'steve'].map((user) => ClientProcess.enter(server.port, user)),
  );
  derek!.type('DM jess meet me at noon; bring "both"');
  expect(await derek!.see('Message')).toBe('Message delivered to jess.');
  // Not only when the test ends: it was shown before that was said.
  expect(await jess!.see('private')).toBe('derek (private): "meet me at noon; bring "both""');
  derek!.type('OUT');
  steve!.type('OUT');
  expect(await derek!.exit).toBe(0);
  expect(await steve!.exit).toBe(0);
  expect(steve!.out.join('\n')).not.toContain('noon');
  expect(log.join('\n') + read('messagelog.txt')).not.toContain('noon');
});

/** The check code of the first transfer, once `XFR` shows how fast it runs: not before its first bytes. */
async function codeOfRunning(client: ClientProcess, whom: string): Promise<string> {
  const line = new RegExp(
    String.raw`^#1, ${whom}, movie\.mp4, [\d.]+ \w+ of 50\.0 MB, [\d.]+ \w+/s, .* left, running, check code ([a-z]{5}(?:-[a-z]{5}){3}), direct `,
  );
  for (;;) {
    client.type('XFR');
    const code = line.exec(await client.see(', check code'))?.[1];
    if (code !== undefined) return code;
  }
}

test('XFR shows a transfer on both sides, and CAN ends it from the receiving one', async () => {
  const { server } = await startFixture({ clock: systemClock });
  const [jess, derek] = await Promise.all(
    ['jess', 'derek'].map((user) =>
      ClientProcess.enter(server.port, user, { flags: ['--window', '1'] }),
    ),
  );
  derek!.type(`UPD jess ${randomFile(temporaryFolder(), 'movie.mp4', 50_000_000)}`);
  await jess!.warned('movie.mp4 from derek: receiving');
  const codes = await Promise.all([
    codeOfRunning(jess!, 'from derek'),
    codeOfRunning(derek!, 'to jess'),
  ]);
  expect(codes[0]).toBe(codes[1]);
  jess!.type('CAN 1');
  expect(await jess!.see('is being cancelled')).toBe('Transfer #1 is being cancelled.');
  expect(await jess!.see('movie.mp4')).toBe(
    'movie.mp4 from derek was not received: cancelled by the receiver.',
  );
  expect(await derek!.see('movie.mp4')).toBe(
    'movie.mp4 could not be delivered to jess: cancelled by the receiver.',
  );
  jess!.type('XFR');
  await jess!.see('no transfer');
});

test('a state file that holds no key is one line that names it, and nothing is sent', async () => {
  const { server } = await startFixture({ clock: systemClock });
  await ClientProcess.enter(server.port, 'jess');
  const stateHome = temporaryFolder();
  const derek = await ClientProcess.enter(server.port, 'derek', { stateHome });
  const folder = join(stateHome, 'updraft', 'people', `127.0.0.1_${server.port}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'jess_key'), 'trust me\n');
  derek.type('DM jess hello');
  expect(await derek.see('Message')).toBe(
    `Message to jess could not be delivered: the identity key cannot be compared, ${folder}/jess_key: it holds no identity key; put the right file back, or delete it to trust the next key.`,
  );
});

test('a user who comes back with a new identity key is refused on either side, until TRUST', async () => {
  const { server } = await startFixture({ clock: systemClock });
  const stateHome = temporaryFolder();
  const jess = await ClientProcess.enter(server.port, 'jess', { stateHome });
  const first = await ClientProcess.enter(server.port, 'derek');
  const file = randomFile(temporaryFolder(), 'plans.pdf', 1_000);
  first.type(`UPD jess ${file}`, 'OUT');
  await first.see('has been delivered');
  expect(await first.exit).toBe(0);
  await jess.see('Received plans.pdf from derek');

  const again = await ClientProcess.enter(server.port, 'derek');
  again.type(`UPD jess ${file}`);
  expect(await again.see('plans.pdf')).toBe(
    'plans.pdf could not be delivered to jess: jess knows you by another identity key and refuses this one; ask jess to type TRUST derek.',
  );
  expect(await jess.warned('refused')).toMatch(
    /^What was sent from derek was refused: derek has a new identity key: .* accept it with TRUST derek\.$/,
  );
  jess.type(`UPD derek ${file}`);
  expect(await jess.see('plans.pdf')).toMatch(
    /^plans\.pdf could not be delivered to derek: derek has a new identity key: .* accept it with TRUST derek\.$/,
  );
  again.type('TRUST jess');
  const code = / ([a-z]{5}(-[a-z]{5}){3})\.$/.exec(await again.see('Check code'))![1]!;
  jess.type('TRUST derek');
  expect(await jess.see('is trusted from now on')).toBe(
    `The new identity key of derek is trusted from now on. Check code: ${code}.`,
  );
  again.type(`UPD jess ${file}`);
  await again.see('plans.pdf has been delivered to jess');
  await jess.see('Received plans.pdf from derek');
  expect(readFileSync(jess.received('derek_plans (1).pdf'))).toEqual(readFileSync(file));
});
