import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Link } from './place.ts';

/** What the command line asks for. */
export interface PeerOptions {
  /** Of programs to run; undefined: all. */
  readonly peers: readonly string[] | undefined;
  readonly rounds: number;
  /** Of the file on loopback. */
  readonly mebibytes: number;
  /** Of the file on links; undefined: what each carries in five seconds. */
  readonly linkMebibytes: number | undefined;
  readonly hasLoopback: boolean;
  readonly links: readonly Link[];
  /** Folder of the link emulator; without it there are no links. */
  readonly netlab: string | undefined;
  /** Where packages lie that are no dependencies of the project. */
  readonly modules: string;
  readonly installs: boolean;
  readonly saves: boolean;
}

/** Megabits a second, milliseconds of round trip, loss of 1. */
const DEFAULT_LINKS = ['100,50,0', '100,50,0.01', '500,20,0'];

/** Throws an `Error` for people. */
export function readPeerArguments(args: string[]): PeerOptions {
  const { values } = parseArgs({
    args,
    options: {
      peers: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      mib: { type: 'string', default: '256' },
      'link-mib': { type: 'string' },
      'no-loopback': { type: 'boolean', default: false },
      link: { type: 'string', multiple: true },
      netlab: { type: 'string' },
      modules: { type: 'string', default: join(tmpdir(), 'updraft-bench-modules') },
      install: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
    },
  });
  if (values.link !== undefined && values.netlab === undefined) {
    throw new Error('--link needs an emulator: name its folder with --netlab');
  }
  return {
    peers: values.peers?.split(','),
    rounds: positive('rounds', values.rounds),
    mebibytes: positive('mib', values.mib),
    linkMebibytes:
      values['link-mib'] === undefined ? undefined : positive('link-mib', values['link-mib']),
    hasLoopback: !values['no-loopback'],
    links: values.netlab === undefined ? [] : (values.link ?? DEFAULT_LINKS).map(linkOf),
    netlab: values.netlab,
    modules: values.modules,
    installs: values.install,
    saves: values.save,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0) {
    throw new Error(`--${name} is a whole number above 0: ${text}`);
  }
  return value;
}

function linkOf(text: string): Link {
  const [rateMbitPerSec, rttMs, loss, ...more] = text.split(',').map(Number);
  const isLink = more.length === 0 && rateMbitPerSec! > 0 && rttMs! >= 0 && loss! >= 0 && loss! < 1;
  if (!isLink) throw new Error(`--link is Mbit/s,ms,loss, as 100,50,0.01: ${text}`);
  return { rateMbitPerSec: rateMbitPerSec!, rttMs: rttMs!, loss: loss! };
}
