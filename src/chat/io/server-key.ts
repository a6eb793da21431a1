import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Fingerprint } from '../core/fingerprint.ts';
import { createFile } from './atomic-file.ts';
import { fingerprintOf } from './key-fingerprint.ts';
import { readPrivateFile } from './private-file.ts';
import { ServerStartError } from './server-start-error.ts';

/** What a server proves itself with. */
export interface ServerKey {
  /** A private key and its certificate. */
  readonly pem: string;
  readonly fingerprint: Fingerprint;
}

/** More than any key with its certificate takes. */
const MAX_PEM_BYTES = 65_536;
const KEY_MODE = 0o600;
/** Clients pin the key and look at no date (RFC 5280 §4.1.2.5: this one means none). */
const NO_EXPIRY = new Date('9999-12-31T23:59:59Z');

/**
 * The key in `path`, made if there is none. Key and certificate share a file, so that there is never
 * one without the other. Rejects with a `ServerStartError`.
 */
export async function openServerKey(path: string): Promise<ServerKey> {
  try {
    const pem = (await readKeyFile(path)) ?? (await makeKeyFile(path));
    return { pem, fingerprint: fingerprintIn(pem, path) };
  } catch (error) {
    if (error instanceof ServerStartError) throw error;
    const message = `${path}: ${(error as Error).message}`;
    throw new ServerStartError('file', message, { cause: error });
  }
}

/** Undefined when there is no file. */
async function readKeyFile(path: string): Promise<string | undefined> {
  const file = await readPrivateFile(path, MAX_PEM_BYTES);
  switch (file.state) {
    case 'absent':
      return undefined;
    case 'exposed': {
      const advice = `chmod 600 it if nobody has read it, else delete it for a new key`;
      throw new ServerStartError('file', `${path}: others may read this private key; ${advice}`);
    }
    case 'unfit':
      throw new ServerStartError('file', `${path}: ${NO_KEY}`);
    case 'private':
      return file.text;
  }
}

/** Of two servers that start at once, both use the key of the first. */
async function makeKeyFile(path: string): Promise<string> {
  const pem = await newPem();
  if (await createFile(path, pem, KEY_MODE)) return pem;
  return (await readKeyFile(path)) ?? pem;
}

/** A key on P-256: signing a handshake takes a tenth of the time of RSA with 2,048 bits. */
async function newPem(): Promise<string> {
  // Only the first start needs the library, which takes as long to load as all the rest.
  const { generate } = await import('selfsigned');
  const made = await generate([{ name: 'commonName', value: 'updraft chat server' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: NO_EXPIRY,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
    ],
  });
  return `${made.private.trim()}\n${made.cert.trim()}\n`;
}

const NO_KEY =
  'it holds no private key with its certificate; delete it for a new key, which clients must then trust';

function fingerprintIn(pem: string, path: string): Fingerprint {
  try {
    const certificate = new X509Certificate(pem);
    if (certificate.checkPrivateKey(createPrivateKey(pem))) return fingerprintOf(certificate);
  } catch {
    // Neither OpenSSL's words nor the file's belong in a message.
  }
  throw new ServerStartError('file', `${path}: ${NO_KEY}`);
}
