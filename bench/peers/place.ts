import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** `a` sends, `b` receives. */
export type SideName = 'a' | 'b';

/** Where both sides of a transfer are, and what lies between them. */
export interface Place {
  readonly name: string;
  readonly addresses: Readonly<Record<SideName, string>>;
  /** No IP packet is larger; undefined where any is carried. */
  readonly mtuBytes: number | undefined;
  /** What a file is to have here. */
  readonly mebibytes: number;
  /** A transfer that takes longer is given up. */
  readonly limitSec: number;
  /** What stands before the command of a side. */
  prefix(side: SideName): readonly string[];
  /** Made anew for each run; the seed says which packets are lost. */
  open(seed: number): Promise<void>;
  close(): Promise<void>;
}

const LOOPBACK_LIMIT_SEC = 60;

export function loopback(mebibytes: number): Place {
  return {
    name: 'loopback',
    addresses: { a: '127.0.0.1', b: '127.0.0.1' },
    mtuBytes: undefined,
    mebibytes,
    limitSec: LOOPBACK_LIMIT_SEC,
    prefix: () => [],
    open: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** An emulated link, as `--link` names it. */
export interface Link {
  readonly rateMbitPerSec: number;
  readonly rttMs: number;
  /** Of 1; independent, both directions. */
  readonly loss: number;
}

/** A file takes so long at the link's own rate. */
const LINK_SEC = 5;
/** So many times as long a program may take. */
const PATIENCE = 4;
const MIB = 2 ** 20;
/** What the emulator's link carries. */
const LINK_MTU_BYTES = 1_400;

export function nameOf({ rateMbitPerSec, rttMs, loss }: Link): string {
  return `${rateMbitPerSec} Mbit/s, ${rttMs} ms, ${Number((100 * loss).toFixed(3))} %`;
}

/**
 * Two network namespaces, joined by a link that `netlab` emulates (root, Linux). `folder` has that
 * program: `up`, `exec` and `down` as its README says, and the addresses that it gives.
 *
 * @param mebibytes default: what the link carries in five seconds
 */
export function emulated(link: Link, folder: string, mebibytes?: number): Place {
  const program = join(folder, 'netlab');
  const lab = `peers-${process.pid}`;
  const run = promisify(execFile);
  const carried = (link.rateMbitPerSec * 1e6 * LINK_SEC) / 8 / MIB;
  return {
    name: nameOf(link),
    addresses: { a: '10.77.0.1', b: '10.77.0.2' },
    mtuBytes: LINK_MTU_BYTES,
    mebibytes: mebibytes ?? Math.max(1, Math.round(carried)),
    limitSec: PATIENCE * LINK_SEC,
    prefix: (side) => [program, 'exec', '--name', lab, side],
    open: async (seed) => {
      const { rateMbitPerSec, rttMs, loss } = link;
      const options = { rate: rateMbitPerSec, rtt: rttMs, loss, seed, mtu: LINK_MTU_BYTES };
      const told = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
      await run(program, ['up', '--name', lab, ...told]);
    },
    close: async () => {
      await run(program, ['down', '--name', lab]);
    },
  };
}
