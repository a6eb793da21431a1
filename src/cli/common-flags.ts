import { type Command, Option } from 'commander';
import type { CongestionName, ConflictPolicy, EndpointOptions } from '../transfer/index.ts';
import { integerOf, mtuOf, rateOf } from './flag-values.ts';

/** Packets in flight that a fixed window may have: a connection's sent ring holds more. */
const MAX_WINDOW_PACKETS = 16_384;
const MAX_GIVE_UP_SECONDS = 86_400;
/** PRODUCT §5: `--give-up` without a number. */
export const GIVE_UP_SECONDS = 300;

/** What every command that transfers files takes. */
export interface EngineFlags {
  readonly window?: number;
  readonly congestion?: CongestionName;
  readonly rate?: number;
  readonly mtu?: number;
  readonly giveUp?: number;
  readonly overwrite?: boolean;
  readonly skip?: boolean;
  readonly trace?: string;
}

/** What the commands that send and receive take besides. */
export interface CommonFlags extends EngineFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly receipt?: string;
  /** False with `--no-progress`. */
  readonly progress: boolean;
}

/** Who decides how fast is sent. */
export function addCongestionFlags(command: Command): Command {
  return command
    .option(
      '--window <packets>',
      'fixed window in packets; 1 is stop-and-wait',
      integerOf('A window', 1, MAX_WINDOW_PACKETS),
    )
    .addOption(
      new Option('--congestion <name>', 'congestion control (default: bbr)').choices([
        'bbr',
        'cubic',
        'ledbat',
        'fixed',
      ]),
    );
}

export function addEngineFlags(command: Command): Command {
  return addCongestionFlags(command)
    .option('--rate <limit>', 'send at most this many bytes a second, as 500k or 10M', rateOf)
    .option('--mtu <bytes>', 'largest IP packet to send, 1228 to 65535 (default: auto)', mtuOf)
    .option(
      '--give-up <seconds>',
      `fail after this long without an answer, or any progress (default: ${GIVE_UP_SECONDS})`,
      integerOf('A time', 1, MAX_GIVE_UP_SECONDS),
    )
    .option('--overwrite', 'put what is received in the place of a file of that name')
    .option('--skip', 'refuse a file whose name exists')
    .option('--trace <file>', 'write down every packet as qlog (docs/trace.md), for upd plot');
}

export function addCommonFlags(command: Command): Command {
  return addEngineFlags(command)
    .option('--json', 'one event a line on stdout (docs/events.schema.json)')
    .option('--quiet', 'only errors and results')
    .option('--receipt <file>', 'write who, what, SHA-256, size, times and loss as JSON')
    .option('--no-progress', 'show no progress');
}

/** Two flags that cannot both be meant; undefined when there are none. */
export function contradictionIn(flags: EngineFlags): string | undefined {
  const { window, congestion, overwrite, skip } = flags;
  if (congestion !== undefined && congestion !== 'fixed' && window !== undefined) {
    return '--window N is a fixed window: it goes with --congestion fixed only';
  }
  if (congestion === 'fixed' && window === undefined) {
    return '--congestion fixed needs --window N';
  }
  if (overwrite === true && skip === true)
    return '--overwrite and --skip contradict each other: leave one out';
  return undefined;
}

/** What the flags ask of the engine. */
export function engineOptionsOf(flags: EngineFlags): Partial<EndpointOptions> {
  const { window, rate, mtu, giveUp, trace } = flags;
  const congestion = flags.congestion ?? (window === undefined ? undefined : 'fixed');
  const conflict = conflictOf(flags);
  return {
    ...(window === undefined ? {} : { windowPackets: window }),
    ...(congestion === undefined ? {} : { congestion }),
    ...(rate === undefined ? {} : { maxBytesPerSec: rate }),
    ...(mtu === undefined ? {} : { mtuBytes: mtu }),
    ...(giveUp === undefined ? {} : { giveUpMs: giveUp * 1000 }),
    ...(conflict === undefined ? {} : { conflict }),
    ...(trace === undefined ? {} : { trace }),
  };
}

function conflictOf({ overwrite, skip }: EngineFlags): ConflictPolicy | undefined {
  if (overwrite === true) return 'overwrite';
  return skip === true ? 'skip' : undefined;
}
