import * as crypto from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { CredentialsFile } from '../../src/chat/io/credentials-file.ts';
import { hashPassword } from '../../src/chat/io/password-hash.ts';
import { PasswordOffice } from '../../src/chat/io/password-office.ts';
import { FakeClock } from './fake-clock.ts';
import { temporaryFolder } from './server-fixture.ts';

vi.mock('node:crypto', async (importOriginal) => {
  const original = await importOriginal<typeof crypto>();
  return { ...original, scrypt: vi.fn(original.scrypt) };
});

const scrypt = vi.mocked(crypto.scrypt);
const COST = { logN: 4, r: 8, p: 1 };
const PLAIN = { kind: 'plain', password: 'right' } as const;

beforeEach(() => {
  scrypt.mockClear();
});

function officeIn(dir: string): PasswordOffice {
  writeFileSync(join(dir, 'credentials.txt'), 'jess right\n');
  const credentials = new CredentialsFile(join(dir, 'credentials.txt'));
  return new PasswordOffice(credentials, COST, new FakeClock(), (event) => {
    throw new Error(event);
  });
}

function attempt(password: string): Parameters<PasswordOffice['check']>[0] {
  const purpose = { do: 'log-in', udpPort: 1 } as const;
  return { connection: 1, request: 1, user: 'jess', address: 'a', password, purpose };
}

test.each([
  ['an unknown user', 'x', undefined, 'wrong'],
  ['a plain password, wrong', 'wrong', PLAIN, 'wrong'],
  ['a plain password, right', 'right', PLAIN, 'right'],
  ['a hash, wrong', 'wrong', 'hash', 'wrong'],
  ['a hash, right', 'right', 'hash', 'right'],
] as const)('%s takes one scrypt of the same cost', async (_, password, stored, verdict) => {
  const dir = temporaryFolder();
  const office = officeIn(dir);
  const compared = stored === 'hash' ? await hashPassword('right', COST) : stored;
  scrypt.mockClear();
  expect(await office.check(attempt(password), compared)).toMatchObject({ verdict });
  expect(scrypt).toHaveBeenCalledTimes(1);
  expect(scrypt.mock.calls[0]![3]).toMatchObject({ N: 16, r: 8, p: 1 });
  const isUpgraded = stored === PLAIN && verdict === 'right';
  expect(readFileSync(join(dir, 'credentials.txt'), 'utf8').includes('$scrypt$')).toBe(isUpgraded);
});

test('a hash is scrypt of the password with its own salt', async () => {
  const first = await hashPassword('right', COST);
  const second = await hashPassword('right', COST);
  if (first.kind !== 'scrypt' || second.kind !== 'scrypt') throw new Error('no hash');
  expect(first.salt).not.toBe(second.salt);
  const salt = Buffer.from(first.salt, 'base64');
  const hash = crypto.scryptSync('right', salt, 32, { N: 16, r: 8, p: 1 }).toString('base64');
  expect(first.hash).toBe(hash.slice(0, 43));
});
