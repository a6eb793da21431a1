import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { KnownPeople, KnownPeopleError, MAX_KNOWN_PEOPLE } from '../../src/chat/io/known-people.ts';
import { MAX_REMEMBERED, PeerTrust } from '../../src/chat/peer-trust.ts';
import { temporaryFolder } from './server-fixture.ts';

const OWN = '0a'.repeat(32);
const FIRST = '1b'.repeat(32);
const OTHER = '2c'.repeat(32);

interface Setup {
  readonly trust: PeerTrust;
  readonly people: KnownPeople;
  readonly warned: string[];
}

function trustIn(folder: string): Setup {
  const people = new KnownPeople(folder);
  const warned: string[] = [];
  const trust = new PeerTrust({ ownKey: OWN, people, warn: (line) => warned.push(line) });
  return { trust, people, warned };
}

const inFolder = (): string => join(temporaryFolder(), 'people');

test('the first key of a user is trusted and kept, for the user and their owner only', async () => {
  const folder = inFolder();
  expect(await trustIn(folder).trust.judge('jess', FIRST)).toEqual({ isTrusted: true });
  expect(await trustIn(folder).trust.judge('jess', FIRST)).toEqual({ isTrusted: true });
  expect(await trustIn(folder).trust.judge('derek', OTHER)).toEqual({ isTrusted: true });
  expect(readFileSync(join(folder, 'jess_key'), 'utf8')).toBe(`${FIRST}\n`);
  expect(statSync(join(folder, 'jess_key')).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(readdirSync(folder).sort()).toEqual(['derek_key', 'jess_key']);
});

test('another key of a known user is refused, in this run and the next, until it is accepted', async () => {
  const folder = inFolder();
  const { trust } = trustIn(folder);
  await trust.judge('jess', FIRST);
  const reason =
    /^jess has a new identity key: .* check code [a-z-]{23} too, accept it with TRUST jess$/;
  for (const again of [trust, trustIn(folder).trust]) {
    const verdict = await again.judge('jess', OTHER);
    expect(verdict).toEqual({ reason: expect.stringMatching(reason) as string });
  }
  const accepted = await trust.accept('jess');
  expect(accepted).toMatch(
    /^The new identity key of jess is trusted from now on\. Check code: [a-z-]{23}\.$/,
  );
  expect(await trust.judge('jess', OTHER)).toEqual({ isTrusted: true });
  expect(await trustIn(folder).trust.judge('jess', OTHER)).toEqual({ isTrusted: true });
  expect(await trust.judge('jess', FIRST)).toHaveProperty('reason');
});

test('TRUST accepts only a key that was refused last, and else says what is known', async () => {
  const { trust } = trustIn(inFolder());
  expect(await trust.accept('jess')).toBe(
    'No identity key of jess is known: the first one will be trusted.',
  );
  await trust.judge('jess', FIRST);
  await trust.judge('jess', OTHER);
  await trust.judge('jess', FIRST); // the known key is back: nothing is left to accept
  const code = await trust.checkCode('jess');
  expect(await trust.accept('jess')).toBe(
    `jess has no new identity key. Check code of the known one: ${code!}.`,
  );
  expect(await trust.judge('jess', OTHER)).toHaveProperty('reason');
});

test('names that differ in case only are one person', async () => {
  const { trust } = trustIn(inFolder());
  await trust.judge('jess', FIRST);
  expect(await trust.judge('JESS', OTHER)).toHaveProperty('reason');
});

test.each(['../jess', '', '.', 'a/b', 'a b', 'x'.repeat(33), 'jess\u202e'])(
  'a server that calls somebody %j finds no trust, and no file is written',
  async (user) => {
    const folder = inFolder();
    const { trust } = trustIn(folder);
    expect(await trust.judge(user, FIRST)).toEqual({ reason: 'that is no name for a user' });
    expect(await trust.accept(user)).toBe('That is no name for a user.');
    expect(await trust.checkCode(user)).toBeUndefined();
    expect(() => readdirSync(folder)).toThrow('ENOENT');
  },
);

test.each<[string, (path: string) => void]>([
  [
    'no key',
    (path) => {
      writeFileSync(path, 'trust me\n');
    },
  ],
  [
    'nothing',
    (path) => {
      writeFileSync(path, '');
    },
  ],
  [
    'a key in capitals',
    (path) => {
      writeFileSync(path, 'AB'.repeat(32));
    },
  ],
  [
    'two keys',
    (path) => {
      writeFileSync(path, `${FIRST}\n${OTHER}\n`);
    },
  ],
  [
    'a key and a megabyte',
    (path) => {
      writeFileSync(path, FIRST + ' '.repeat(1_000_000));
    },
  ],
  [
    'a folder',
    (path) => {
      mkdirSync(path);
    },
  ],
  [
    'a FIFO',
    (path) => {
      execFileSync('mkfifo', [path]);
    },
  ],
])('%s in place of a key is a clear error and no first contact', async (_, spoil) => {
  const folder = inFolder();
  mkdirSync(folder);
  spoil(join(folder, 'jess_key'));
  const { trust, people } = trustIn(folder);
  await expect(people.read('jess')).rejects.toThrow(KnownPeopleError);
  const verdict = await trust.judge('jess', FIRST);
  expect(verdict).toHaveProperty('reason');
  expect((verdict as { reason: string }).reason).toContain(
    `the identity key cannot be compared, ${folder}/jess_key: `,
  );
  expect(await trust.checkCode('jess')).toBeUndefined();
});

test('of clients that meet a user at once, all go by the key that was kept first', async () => {
  const folder = inFolder();
  const keys = Array.from({ length: 20 }, (_, index) => index.toString(16).padStart(64, '0'));
  const verdicts = await Promise.all(keys.map((key) => trustIn(folder).trust.judge('jess', key)));
  expect(verdicts.filter((verdict) => 'isTrusted' in verdict)).toHaveLength(1);
  expect(readdirSync(folder)).toEqual(['jess_key']);
});

test('keys of more people than a server has users are not kept, and refused', async () => {
  const folder = inFolder();
  mkdirSync(folder);
  for (let index = 0; index < MAX_KNOWN_PEOPLE - 1; index++) {
    writeFileSync(join(folder, `u${index}_key`), `${OTHER}\n`);
  }
  const { trust } = trustIn(folder);
  expect(await trust.judge('jess', FIRST)).toEqual({ isTrusted: true });
  expect(await trust.judge('derek', FIRST)).toEqual({
    reason: `the identity key cannot be compared, ${folder}: it holds the keys of 10000 people; delete those you need no more`,
  });
  expect(await trust.judge('jess', OTHER)).toHaveProperty('reason');
});

test('a key that cannot be kept counts for this run, and one line says so', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'people'), 'in the way');
  const { trust, warned } = trustIn(join(folder, 'people', 'server'));
  expect(await trust.judge('jess', FIRST)).toHaveProperty('reason');
  const away = join(temporaryFolder(), 'sub');
  mkdirSync(away);
  chmodSync(away, 0o700);
  const readOnly = new (class extends KnownPeople {
    override keepFirst(): Promise<string> {
      return Promise.reject(new Error('read-only file system'));
    }
  })(away);
  const second = new PeerTrust({
    ownKey: OWN,
    people: readOnly,
    warn: (line) => warned.push(line),
  });
  expect(await second.judge('derek', FIRST)).toEqual({ isTrusted: true });
  expect(await second.judge('derek', FIRST)).toEqual({ isTrusted: true });
  expect(await second.judge('derek', OTHER)).toHaveProperty('reason');
  expect(warned).toEqual([
    'The identity key of derek cannot be kept for the next time: read-only file system.',
  ]);
});

test('an accepted key that cannot be kept changes nothing', async () => {
  const { trust, people } = trustIn(inFolder());
  await trust.judge('jess', FIRST);
  await trust.judge('jess', OTHER);
  people.replace = () => Promise.reject(new Error('no space left'));
  expect(await trust.accept('jess')).toBe(
    'That key cannot be kept: no space left. Nothing has changed.',
  );
  expect(await trust.judge('jess', FIRST)).toEqual({ isTrusted: true });
});

test('of refused keys only so many are remembered', async () => {
  const people = {
    read: () => Promise.resolve(FIRST),
    keepFirst: () => Promise.resolve(FIRST),
    replace: () => Promise.resolve(),
  } as unknown as KnownPeople;
  const trust = new PeerTrust({ ownKey: OWN, people, warn: () => undefined });
  for (let index = 0; index <= MAX_REMEMBERED; index++) await trust.judge(`u${index}`, OTHER);
  expect(await trust.accept('u0')).toContain('u0 has no new identity key.');
  expect(await trust.accept('u1')).toContain('The new identity key of u1');
});
