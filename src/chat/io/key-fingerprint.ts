import { createHash, type X509Certificate } from 'node:crypto';
import type { Fingerprint } from '../core/fingerprint.ts';

/** SHA-256 of the public key as DER (SubjectPublicKeyInfo): it outlives a renewed certificate. */
export function fingerprintOf({ publicKey }: X509Certificate): Fingerprint {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const digest = createHash('sha256').update(der).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
}
