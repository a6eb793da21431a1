import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const LOOK_EVERY_MS = 25;

/** Looks into an inbox all the time: what stands under the final name must be the whole file. */
export class InboxWatch {
  readonly #folder: string;
  readonly #name: string;
  readonly #sha256: string;
  /** How long the partial was, by time. */
  readonly #lengths: { readonly atMs: number; readonly bytes: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> = Promise.resolve();
  #isLooking = false;
  #leftBytes: number | undefined;
  #seenInode: number | undefined;
  fault: string | undefined;

  constructor(folder: string, name: string, sha256: string) {
    this.#folder = folder;
    this.#name = name;
    this.#sha256 = sha256;
    this.#timer = setInterval(() => {
      if (this.#isLooking) return;
      this.#isLooking = true;
      this.#looking = this.#look().finally(() => (this.#isLooking = false));
    }, LOOK_EVERY_MS);
  }

  /** A next try begins: what an earlier one has left, as long as it lies there untouched, is not its own. */
  begin(): void {
    this.#leftBytes = this.#lengths.at(-1)?.bytes;
    this.#lengths.length = 0;
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Length of the partial at this time, as it was seen last before. */
  partBytesAt(atMs: number): number {
    return this.#lengths.findLast((length) => length.atMs <= atMs)?.bytes ?? 0;
  }

  async #look(): Promise<void> {
    const part = await stat(join(this.#folder, `${this.#name}.part`)).catch(() => undefined);
    if (part !== undefined && part.size !== this.#leftBytes) {
      this.#leftBytes = undefined;
      // A next try has cut it to what is durable.
      if (part.size < (this.#lengths.at(-1)?.bytes ?? 0)) this.#lengths.length = 0;
      this.#lengths.push({ atMs: performance.now(), bytes: part.size });
    }
    const path = join(this.#folder, this.#name);
    const final = await stat(path).catch(() => undefined);
    if (final !== undefined && final.ino !== this.#seenInode) {
      this.#seenInode = final.ino;
      const found = await sha256Of(path);
      if (found !== this.#sha256) this.fault ??= `a wrong file of ${final.size} bytes had its name`;
    }
    for (const name of await readdir(this.#folder).catch(() => [])) {
      const isKnown = [this.#name, ...ENDINGS.map((ending) => this.#name + ending)].includes(name);
      if (!isKnown) this.fault ??= `${name} was in the inbox`;
    }
  }
}

const ENDINGS = ['.part', '.part.state', '.part.state~'];

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
