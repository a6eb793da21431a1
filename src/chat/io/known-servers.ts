import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fingerprint, parseFingerprint } from '../core/fingerprint.ts';
import { hostAndPortInFileName } from '../core/host-and-port.ts';
import { replaceFile } from './atomic-file.ts';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** What was remembered of a server cannot be read. The message names the file. */
export class KnownServersError extends Error {
  override readonly name = 'KnownServersError';
}

/**
 * The keys of servers by host and port, across runs: a file each, so that clients that start at
 * once do not overwrite what the other has learnt. Whoever deletes one is asked to trust anew.
 */
export class KnownServers {
  readonly #folder: string;

  /** `folder` is made when the first key is kept. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  pathOf(host: string, port: number): string {
    return join(this.#folder, hostAndPortInFileName(host, port));
  }

  /** Undefined when no key is kept. Rejects with a `KnownServersError`: a doubt is no first contact. */
  async read(host: string, port: number): Promise<Fingerprint | undefined> {
    const path = this.pathOf(host, port);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new KnownServersError(`${path}: ${(error as Error).message}`, { cause: error });
    }
    const fingerprint = parseFingerprint(text.trim());
    if (fingerprint === undefined) throw new KnownServersError(`${path}: it holds no fingerprint`);
    return fingerprint;
  }

  /** Rejects when it cannot be kept. */
  async write(host: string, port: number, fingerprint: Fingerprint): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
    await replaceFile(this.pathOf(host, port), `${fingerprint}\n`, FILE_MODE);
  }
}
