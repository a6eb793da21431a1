import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openServerKey } from '../../src/chat/io/server-key.ts';
import { temporaryFolder } from './server-fixture.ts';
import { TEST_FINGERPRINT, TEST_PEM } from './test-key.ts';

function path(): string {
  return join(temporaryFolder(), 'server.pem');
}

test('a key is made at the first start, for its owner only, and is the same at every later one', async () => {
  const file = path();
  const made = await openServerKey(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await openServerKey(file)).toEqual(made);
  expect(readFileSync(file, 'utf8')).toBe(made.pem);
  const certificate = new X509Certificate(made.pem);
  expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  expect(certificate.validTo).toBe('Dec 31 23:59:59 9999 GMT');
  expect((await openServerKey(path())).fingerprint).not.toBe(made.fingerprint);
});

test('of servers that start at once in one folder, all have the same key, and nothing else is left', async () => {
  const dir = temporaryFolder();
  const file = join(dir, 'server.pem');
  const keys = await Promise.all(Array.from({ length: 8 }, () => openServerKey(file)));
  expect(new Set(keys.map(({ fingerprint }) => fingerprint)).size).toBe(1);
  expect(readdirSync(dir)).toEqual(['server.pem']);
});

test('the fingerprint is the one that OpenSSL computes of the public key', async () => {
  const file = path();
  writeFileSync(file, TEST_PEM, { mode: 0o600 });
  expect((await openServerKey(file)).fingerprint).toBe(TEST_FINGERPRINT);
});

const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const certificateOnly = TEST_PEM.slice(TEST_PEM.indexOf('-----BEGIN CERTIFICATE'));

test.each([
  ['nothing', ''],
  ['half a key', TEST_PEM.slice(0, 100)],
  ['a key without its certificate', TEST_PEM.slice(0, TEST_PEM.indexOf('-----BEGIN CERT'))],
  ['a certificate without its key', certificateOnly],
  [
    'the key of another certificate',
    otherKey.export({ format: 'pem', type: 'pkcs8' }).toString() + certificateOnly,
  ],
  ['a megabyte', 'x'.repeat(1_000_000)],
])('a file with %s is an error that names it, and stays as it is', async (_, text) => {
  const file = path();
  writeFileSync(file, text, { mode: 0o600 });
  await expect(openServerKey(file)).rejects.toThrow(
    `${file}: it holds no private key with its certificate; delete it for a new key`,
  );
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test.skipIf(process.platform === 'win32').each([0o640, 0o604])(
  'a key that others may read (mode %i) is refused',
  async (mode) => {
    const file = path();
    writeFileSync(file, TEST_PEM);
    chmodSync(file, mode);
    await expect(openServerKey(file)).rejects.toThrow(
      'others may read this private key; chmod 600',
    );
  },
);
