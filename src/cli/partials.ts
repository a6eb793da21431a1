import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { formatAge, formatBytes } from '../text/measures.ts';
import { safeLine, safeText, type SafeText } from '../text/safe-text.ts';
import {
  listPartials,
  type PartialTransfer,
  removePartial,
  TransferError,
} from '../transfer/index.ts';
import { CommandOutput } from './command-output.ts';
import { partialEvent, removedEvent } from '../report/events.ts';
import { exitCodes } from '../report/exit-codes.ts';
import { integerOf } from './flag-values.ts';
import { asError } from '../report/transfer-failure.ts';

interface PartialsFlags {
  readonly dir: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly olderThan?: number;
}

const DAY_MS = 86_400_000;
/** PRODUCT §4: of partials older than this one line is printed at the start of whoever receives. */
const OLD_DAYS = 7;
const MAX_DAYS = 36_500;
/** Of a sender's public key, as `upd receive` shows it. */
const SHOWN_KEY_DIGITS = 16;
const PART_SUFFIX = '.part';

/** `upd partials`: what interrupted transfers have left, and its removal. */
export function addPartialsCommand(program: Command): void {
  const partials = program
    .command('partials')
    .description('list what interrupted transfers have left; remove it')
    .option('--dir <folder>', 'the inbox', '.')
    .option('--json', 'one event a line on stdout (docs/events.schema.json)')
    .option('--quiet', 'only errors and results')
    .allowExcessArguments(false)
    .addHelpText(
      'before',
      `Examples:
  upd partials --dir inbox                         name, sender, bytes held, age
  upd partials remove movie.mp4 --dir inbox
  upd partials remove --older-than 30 --dir inbox  days since something came
`,
    )
    .action(async (flags: PartialsFlags) => {
      process.exitCode = await runList(flags);
    });
  partials
    .command('remove')
    .description('remove partials and what is kept about them; asks nothing')
    .argument('[name...]', 'as upd partials lists them')
    .option(
      '--older-than <days>',
      'all of which nothing came for so long',
      integerOf('A number of days', 0, MAX_DAYS),
    )
    .addHelpText(
      'before',
      `Examples:
  upd partials remove movie.mp4 --dir inbox
  upd partials remove --older-than 30 --dir inbox  days since something came
`,
    )
    .action(async (names: readonly string[], _own: unknown, command: Command) => {
      process.exitCode = await runRemove(names, command.optsWithGlobals<PartialsFlags>());
    });
}

async function runList(flags: PartialsFlags): Promise<number> {
  const output = outputOf(flags);
  let partials: readonly PartialTransfer[];
  try {
    partials = await partialsIn(flags.dir);
  } catch (error) {
    return output.failure(asError(error), exitCodes.localFile);
  }
  for (const partial of partials) output.event(partialEvent(partial));
  if (partials.length === 0) output.note(safeLine`There are no partials in ${flags.dir}.`);
  else for (const line of tableOf(partials, Date.now())) output.result(line);
  return exitCodes.delivered;
}

async function runRemove(names: readonly string[], flags: PartialsFlags): Promise<number> {
  const output = outputOf(flags);
  const { dir, olderThan } = flags;
  if (names.length > 0 && olderThan !== undefined) {
    return output.usage('name partials, or say --older-than DAYS, not both');
  }
  if (names.length === 0 && olderThan === undefined) {
    return output.usage('say which: their names, as upd partials lists them, or --older-than DAYS');
  }
  let partials: readonly PartialTransfer[];
  try {
    partials = await partialsIn(dir);
  } catch (error) {
    return output.failure(asError(error), exitCodes.localFile);
  }
  let exit: number = exitCodes.delivered;
  const fail = (error: TransferError): void => {
    exit = output.failure(error, exitCodes.localFile);
  };
  const chosen = new Set<PartialTransfer>();
  for (const name of names) {
    const found = partials.find((partial) => name === partial.name || name === partOf(partial));
    if (found !== undefined) chosen.add(found);
    else fail(new TransferError('local-file', `${name}: no partial of that name in ${dir}`));
  }
  if (olderThan !== undefined) {
    for (const partial of partials) {
      if (Date.now() - partial.changedAtMs < olderThan * DAY_MS) continue;
      // One that waits, for room or for its sender, is nobody's leftover.
      if (partial.isWritten) output.note(safeLine`${partial.name} is being received: it stays.`);
      else chosen.add(partial);
    }
  }
  for (const partial of chosen) {
    try {
      await removePartial(partial);
      output.result(safeLine`Removed ${partial.path} (${formatBytes(partial.heldBytes)}).`);
      output.event(removedEvent(partial));
    } catch (error) {
      fail(asError(error));
    }
  }
  if (olderThan !== undefined && chosen.size === 0) {
    output.note(safeLine`Nothing in ${dir} is older than that.`);
  }
  return exit;
}

/** One line about partials that nobody has gone on with for a week; undefined without any. */
export async function oldPartialsLine(folder: string): Promise<SafeText | undefined> {
  const all = await listPartials(folder).catch(() => []);
  const old = all.filter(
    ({ changedAtMs, isWritten }) => !isWritten && Date.now() - changedAtMs > OLD_DAYS * DAY_MS,
  );
  if (old.length === 0) return undefined;
  const size = formatBytes(old.reduce((sum, { heldBytes }) => sum + heldBytes, 0));
  const what = old.length === 1 ? '1 partial is' : `${old.length} partials are`;
  return safeLine`${what} older than a week (${size}): see upd partials --dir ${folder}`;
}

function outputOf(flags: PartialsFlags): CommandOutput {
  return new CommandOutput('partials', { ...flags, progress: false });
}

async function partialsIn(dir: string): Promise<readonly PartialTransfer[]> {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new TransferError('local-file', `${dir} is not a folder; name the inbox with --dir`);
  }
  return listPartials(dir);
}

function partOf({ name }: PartialTransfer): string {
  return name + PART_SUFFIX;
}

/** A row each under a head, in columns. */
function tableOf(partials: readonly PartialTransfer[], nowMs: number): SafeText[] {
  const rows = [
    ['NAME', 'FROM', 'HELD', 'OF', 'AGE'],
    ...partials.map(({ name, peer, heldBytes, totalBytes, changedAtMs, isWritten }) => [
      safeText(name),
      safeText(/^[0-9a-f]{64}$/.test(peer) ? peer.slice(0, SHOWN_KEY_DIGITS) : peer),
      formatBytes(heldBytes),
      totalBytes === undefined ? '-' : formatBytes(totalBytes),
      isWritten ? 'being received' : formatAge(nowMs - changedAtMs),
    ]),
  ];
  const widths = rows[0]!.map((_head, column) =>
    Math.max(...rows.map((row) => row[column]!.length)),
  );
  return rows.map((row) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column]!));
    return safeText(cells.join('  ').trimEnd());
  });
}
