import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Peer } from './peer.ts';
import type { Place } from './place.ts';
import { Stage, type Times } from './stage.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** One transfer by one program. */
export interface Run {
  readonly peer: string;
  readonly place: string;
  readonly round: number;
  readonly sizeBytes: number;
  /** 10^6 bytes a second; where there is a failure, none. */
  readonly mbPerSec: number | null;
  /** User and system, both sides, with the start of the programs. */
  readonly cpuSecPerGiB: number | null;
  readonly failure?: string;
}

/** The files of a bench, and transfers of them. */
export class Measure {
  readonly #folder: string;
  /** Of the transfer that runs. */
  #stage: Stage | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #isOver = false;

  /** @param folder on tmpfs, so that no disk is measured */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Sends one file and looks at what has come. The target has been filled with something else before, and
   * stays where it is for the next program.
   */
  async transfer(peer: Peer, place: Place, round: number, sizeBytes: number): Promise<Run> {
    if (this.#isOver) return new Promise(() => undefined);
    const running = this.#transfer(peer, place, round, sizeBytes);
    this.#running = running.catch(() => undefined);
    return running;
  }

  async #transfer(peer: Peer, place: Place, round: number, sizeBytes: number): Promise<Run> {
    const source = this.#file('source', sizeBytes, fillRandomly);
    const target = this.#file('target', sizeBytes, () => undefined);
    // What an interrupted transfer has left would be gone on with.
    for (const name of readdirSync(dirname(target))) {
      if (name !== basename(target)) rmSync(join(dirname(target), name), { recursive: true });
    }
    const run = { peer: peer.name, place: place.name, round, sizeBytes };
    const stage = new Stage({ place, source, target, sizeBytes, folder: this.#folder });
    this.#stage = stage;
    let times: Times;
    let cpuSec: number;
    await place.open(round + 1);
    try {
      try {
        times = await within(place.limitSec, peer.run(stage));
      } finally {
        cpuSec = await stage.end();
      }
      if (!areEqual(source, target)) throw new Error('another file has come');
      const seconds = (times.endNs - times.startNs) / 1e9;
      return {
        ...run,
        mbPerSec: sizeBytes / seconds / 1e6,
        cpuSecPerGiB: (cpuSec * GIB) / sizeBytes,
      };
    } catch (error) {
      return { ...run, mbPerSec: null, cpuSecPerGiB: null, failure: (error as Error).message };
    } finally {
      await place.close();
    }
  }

  /** Ends what runs, and waits until nothing of it is there any more; no transfer begins after it. */
  async interrupt(): Promise<void> {
    this.#isOver = true;
    await this.#stage?.end();
    await this.#running;
    this.end();
  }

  /** Both have one name, each in a folder of its own; no number, which a server of QUIC takes for a size. */
  #file(kind: 'source' | 'target', sizeBytes: number, fill: (piece: Buffer) => void): string {
    const path = join(this.#folder, kind, `file-${sizeBytes}`);
    if (kind === 'source' && existsSync(path)) return path;
    mkdirSync(join(this.#folder, kind), { recursive: true });
    const file = openSync(path, existsSync(path) && statSync(path).isFile() ? 'r+' : 'w');
    const piece = Buffer.alloc(Math.min(sizeBytes, MIB));
    for (let at = 0; at < sizeBytes; at += piece.length) {
      fill(piece);
      writeSync(file, piece, 0, Math.min(piece.length, sizeBytes - at), at);
    }
    closeSync(file);
    return path;
  }

  end(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function fillRandomly(piece: Buffer): void {
  randomFillSync(piece);
}

async function within<Value>(seconds: number, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not done after ${seconds} s`));
    }, seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function areEqual(one: string, other: string): boolean {
  if (statSync(one).size !== statSync(other).size) return false;
  const files = [openSync(one, 'r'), openSync(other, 'r')];
  const pieces = [Buffer.alloc(MIB), Buffer.alloc(MIB)] as const;
  try {
    for (;;) {
      const [length] = files.map((file, index) => readSync(file, pieces[index]!));
      if (length === 0) return true;
      if (!pieces[0].subarray(0, length).equals(pieces[1].subarray(0, length))) return false;
    }
  } finally {
    files.forEach(closeSync);
  }
}
