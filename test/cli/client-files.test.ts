import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/chat/io/clock.ts';
import { startFixture, temporaryFolder } from '../chat/server-fixture.ts';
import { ClientProcess } from './client-process.ts';
import { randomFile, sha256 } from './sample-files.ts';

const MEASURES = String.raw`\d+(\.\d)? [kMG]?B in \d+\.\d s, \d+(\.\d)? [kMG]?B\/s`;

/** From then on its inbox is as it stays: until a sender has heard, what was delivered has its record beside it. */
async function left(client: ClientProcess): Promise<void> {
  client.type('OUT');
  expect(await client.exit).toBe(0);
}

test('two people send five files to a third at once: all are intact, under the right names, before they are called delivered', async () => {
  const { server } = await startFixture({ clock: systemClock });
  const [jess, derek, steve] = await Promise.all(
    ['jess', 'derek', 'steve'].map((user) => ClientProcess.enter(server.port, user)),
  );
  const folder = temporaryFolder();
  const derekMovie = randomFile(folder, 'derek/movie.mp4', 20_000_000);
  const derekOther = randomFile(folder, 'derek/other/movie.mp4', 1_000_003);
  const empty = randomFile(folder, 'derek/empty', 0);
  const steveMovie = randomFile(folder, 'steve/movie.mp4', 20_000_001);
  const one = randomFile(folder, 'steve/one byte', 1);
  derek!.type(`UPD jess ${derekMovie} ${derekOther} ${empty}`);
  steve!.type(`UPD jess ${steveMovie} '${one}'`);

  const contents = new Map([
    ['steve movie.mp4', [sha256(steveMovie)]],
    ['steve one byte', [sha256(one)]],
    ['derek movie.mp4', [sha256(derekMovie), sha256(derekOther)]],
    ['derek empty', [sha256(empty)]],
  ]);
  /** When a sender is told, the content stands there: not only when the test ends. */
  const seeDelivered = async (client: ClientProcess, user: string): Promise<void> => {
    const line = await client.see('has been delivered');
    const stored = readdirSync(jess!.inbox)
      .filter((name) => !name.includes('.part'))
      .map((name) => sha256(jess!.received(name)));
    const [, name] = new RegExp(`^(.*) has been delivered to jess \\(${MEASURES}\\)\\.$`).exec(
      line,
    )!;
    const missing = contents.get(`${user} ${name!}`)!;
    const at = missing.findIndex((hash) => stored.includes(hash));
    expect(at, line).toBeGreaterThanOrEqual(0);
    missing.splice(at, 1);
  };
  for (let count = 0; count < 2; count++) await seeDelivered(steve!, 'steve');
  for (let count = 0; count < 3; count++) await seeDelivered(derek!, 'derek');
  expect([...contents.values()].flat()).toEqual([]);

  for (let count = 0; count < 5; count++) {
    const line = await jess!.see('Received ');
    expect(line).toMatch(
      /^Received (movie\.mp4|empty|one byte) from (derek|steve) \(\d+(\.\d)? M?B, stored as .*\)\.$/,
    );
  }
  await left(jess!);
  expect(readdirSync(jess!.inbox).sort()).toEqual([
    'derek_empty',
    'derek_movie (1).mp4',
    'derek_movie.mp4',
    'steve_movie.mp4',
    'steve_one byte',
  ]);
  expect(sha256(jess!.received('steve_movie.mp4'))).toBe(sha256(steveMovie));
  expect(sha256(jess!.received('steve_one byte'))).toBe(sha256(one));
  expect(sha256(jess!.received('derek_empty'))).toBe(sha256(empty));
  const movies = ['derek_movie.mp4', 'derek_movie (1).mp4'].map((name) =>
    sha256(jess!.received(name)),
  );
  expect(movies.sort()).toEqual([sha256(derekMovie), sha256(derekOther)].sort());

  // Progress is on stderr, results on stdout, and the prompt of a pipe on neither.
  expect(steve!.errors).toContain('movie.mp4 to jess: sending');
  expect(steve!.errors).toContain('movie.mp4 to jess: 100 %, verified');
  expect(jess!.errors).toContain('movie.mp4 from steve: receiving 20.0 MB');
  expect(derek!.out.join('\n')).not.toMatch(/sending| %|> /);
});

test('the same file twice is two files, an existing one is kept, and odd names stay odd', async () => {
  const { server } = await startFixture({ clock: systemClock });
  const [jess, derek] = await Promise.all(
    ['jess', 'derek'].map((user) => ClientProcess.enter(server.port, user)),
  );
  const folder = temporaryFolder();
  writeFileSync(jess!.received('derek_a.txt'), 'mine');
  const path = randomFile(folder, 'a.txt', 10_000);
  derek!.type(`UPD jess ${path}`);
  await derek!.see('a.txt has been delivered');
  derek!.type(`upd jess ${path}`);
  await derek!.see('a.txt has been delivered');
  const odd = randomFile(folder, `.sp ace "quoted" 'ß 文.part`, 3);
  derek!.type(`UPD jess ${folder}/'.sp ace "quoted" '\\'ß\\ "文.part"`);
  await derek!.see('has been delivered');
  expect(readFileSync(jess!.received('derek_a.txt'), 'utf8')).toBe('mine');
  expect(sha256(jess!.received('derek_a (1).txt'))).toBe(sha256(path));
  expect(sha256(jess!.received('derek_a (2).txt'))).toBe(sha256(path));
  expect(sha256(jess!.received(`derek_.sp ace "quoted" 'ß 文.part_`))).toBe(sha256(odd));
});

test('what --max-size refuses has the same reason on the sender and leaves nothing behind', async () => {
  const { server } = await startFixture({ clock: systemClock });
  const flags = ['--max-size', '100'];
  const jess = await ClientProcess.enter(server.port, 'jess', { flags });
  const derek = await ClientProcess.enter(server.port, 'derek');
  const folder = temporaryFolder();
  derek.type(`UPD jess ${randomFile(folder, 'large', 101)} ${randomFile(folder, 'small', 100)}`);
  derek.type(`UPD steve ${join(folder, 'small')}`);
  await derek.see('steve: not online');
  await derek.see('small has been delivered to jess');
  expect(derek.out).toContain(
    'large could not be delivered to jess: over --max-size (101 bytes offered, 100 allowed).',
  );
  await left(jess);
  expect(readdirSync(jess.inbox)).toEqual(['derek_small']);
});

test('a folder goes whole, with one line on each side, and its links are left out with a notice', async () => {
  const { server } = await startFixture({ clock: systemClock });
  const [jess, derek] = await Promise.all(
    ['jess', 'derek'].map((user) => ClientProcess.enter(server.port, user)),
  );
  const folder = temporaryFolder();
  const one = randomFile(folder, 'photos/deep/a.bin', 100_000);
  randomFile(folder, 'photos/b', 0);
  symlinkSync('b', join(folder, 'photos/link'));
  const single = randomFile(folder, 'note', 5);
  derek!.type(`UPD jess ${folder}/photos/ ${single}`);
  const delivered = [
    await derek!.see('has been delivered'),
    await derek!.see('has been delivered'),
  ];
  const lines = delivered.sort();
  expect(lines[0]).toMatch(new RegExp(`^note has been delivered to jess \\(${MEASURES}\\)\\.$`));
  expect(lines[1]).toMatch(
    new RegExp(`^photos has been delivered to jess \\(2 files, ${MEASURES}\\)\\.$`),
  );
  await derek!.warned('photos/link is a symbolic link: left out.');
  const line = await jess!.see('Received photos from derek');
  expect(line).toMatch(/\(2 files, 100\.0 kB, stored as .*derek_photos\)\.$/);
  expect(sha256(jess!.received('derek_photos/deep/a.bin'))).toBe(sha256(one));
  expect(readdirSync(join(jess!.inbox, 'derek_photos')).sort()).toEqual(['b', 'deep']);
});
