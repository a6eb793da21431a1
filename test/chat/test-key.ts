import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fingerprint } from '../../src/chat/core/fingerprint.ts';

/** A server's key for tests: public, so it protects nothing. Making one for each test takes longer. */
export const TEST_PEM = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJjpvVg0tnMZjwSlw
SIxgc2h5lJzcLH/3ubQIo2KDLlehRANCAAT5nPQibFLHOGurg4aQ6kvgXnI5OwRR
yPGU6xtKUm/PJQ1Ff4O6E1hjXHjCQjie/PQ2hy76rgT4D9bmuIOsJbdW
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBajCCARCgAwIBAgIJTRcQDrXFo/GgMAoGCCqGSM49BAMCMB4xHDAaBgNVBAMT
E3VwZHJhZnQgY2hhdCBzZXJ2ZXIwIBcNMjYxMTIzMTQzODIzWhgPOTk5OTEyMzEy
MzU5NTlaMB4xHDAaBgNVBAMTE3VwZHJhZnQgY2hhdCBzZXJ2ZXIwWTATBgcqhkjO
PQIBBggqhkjOPQMBBwNCAAT5nPQibFLHOGurg4aQ6kvgXnI5OwRRyPGU6xtKUm/P
JQ1Ff4O6E1hjXHjCQjie/PQ2hy76rgT4D9bmuIOsJbdWozUwMzAMBgNVHRMBAf8E
AjAAMA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDATAKBggqhkjO
PQQDAgNIADBFAiEA+87plHhNaEkTj0gvNVvaAYjMAPkSTgwy537b62XTEFoCIFTj
U3ZLWACyL8SLS72HW2QdonjXn8fnzNLvLXAjNPz0
-----END CERTIFICATE-----
`;

/** What OpenSSL says of it: the SHA-256 of its public key. */
export const TEST_FINGERPRINT: Fingerprint = 'SHA256:8L5kAGuxD4tLLk3YFx/ngNY579HudETZdemnloS8Hz8';

/** The server that starts in `dir` has the key for tests. */
export function putTestKey(dir: string): void {
  writeFileSync(join(dir, 'server.pem'), TEST_PEM, { mode: 0o600 });
}
