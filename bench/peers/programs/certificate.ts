import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** Key and certificate of a server of this bench, in PEM. */
export function pemPaths(folder: string): [key: string, certificate: string] {
  return [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
}

export async function certify(folder: string): Promise<void> {
  const [key, certificate] = pemPaths(folder);
  if (existsSync(key)) return;
  const made = await generate([{ name: 'commonName', value: 'bench' }], {
    ...{ keyType: 'ec', curve: 'P-256', algorithm: 'sha256' },
  });
  writeFileSync(key, made.private, { mode: 0o600 });
  writeFileSync(certificate, made.cert);
}
