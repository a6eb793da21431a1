import { statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { NoTraceError } from '../plot/trace-reader.ts';
import { readPictures, type TracePictures } from '../plot/trace-pictures.ts';
import { blockLevels, plainLevels, sketchOf } from '../plot/picture-sketch.ts';
import { safeLine } from '../text/safe-text.ts';
import { TransferError } from '../transfer/index.ts';
import { CommandOutput } from './command-output.ts';
import { exitCodes } from '../report/exit-codes.ts';

interface PlotFlags {
  readonly out?: string;
  readonly connection?: string;
  readonly quiet?: boolean;
}

/** Width of a sketch that goes to no terminal. */
const PIPE_COLUMNS = 80;
/** Connections that are listed beside the one that is drawn. */
const MAX_LISTED = 20;

/** It is eight times as large as all else that updraft needs, and only this command draws. */
const NO_ECHARTS = 'an SVG needs the package echarts: npm install echarts';

/** `upd plot`: how a transfer went, from its trace. */
export function addPlotCommand(program: Command): void {
  program
    .command('plot')
    .description('draw how a transfer went, from what --trace has written')
    .argument('<trace>', 'the trace')
    .option('--out <file>', 'where the SVG goes (default: the trace and .svg)')
    .option('--connection <id>', 'which of its connections (default: the one that carried most)')
    .option('--quiet', 'only errors and the path of the SVG')
    .allowExcessArguments(false)
    .addHelpText(
      'before',
      `Examples:
  upd send movie.mp4 --to upd1… --trace movie.sqlog
  upd plot movie.sqlog              a sketch here, and movie.sqlog.svg
`,
    )
    .action(async (trace: string, flags: PlotFlags) => {
      process.exitCode = await runPlot(trace, flags);
    });
}

async function runPlot(trace: string, flags: PlotFlags): Promise<number> {
  const output = new CommandOutput('plot', { ...flags, progress: false });
  const fail = (reason: string): number =>
    output.failure(new TransferError('local-file', reason), exitCodes.localFile);
  let found: TracePictures;
  try {
    found = await readPictures(trace);
  } catch (error) {
    if (error instanceof NoTraceError) return fail(`${trace} is no trace: ${error.message}`);
    return fail(`${trace} cannot be read: ${(error as Error).message}`);
  }
  const svgPath = flags.out ?? `${trace}.svg`;
  if (isSameFile(svgPath, trace)) {
    return output.usage(`--out ${svgPath} is the trace itself: name another file`);
  }
  const { pictures } = found;
  const { connection } = flags;
  const picture =
    connection === undefined ? pictures[0] : pictures.find(({ group }) => group === connection);
  if (picture === undefined) {
    if (connection !== undefined && pictures.length > 0) {
      const known = pictures.slice(0, MAX_LISTED).map(({ group }) => group);
      return output.usage(`${trace} has no connection ${connection}, but ${known.join(', ')}`);
    }
    return fail(`${trace} holds no connection: nobody had answered yet`);
  }
  const columns = process.stdout.isTTY ? process.stdout.columns : PIPE_COLUMNS;
  const style = { columns, levels: levelsOf(process.env) };
  if (!output.isQuiet) for (const line of sketchOf(picture, style)) output.result(line);
  try {
    // Takes a third of a second to load: no other command needs it.
    const { svgOfPicture } = await import('../plot/picture-svg.ts');
    writeFileSync(
      svgPath,
      svgOfPicture(picture, `${basename(trace)}, connection ${picture.group}`),
    );
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_MODULE_NOT_FOUND') return fail(NO_ECHARTS);
    return fail(`${svgPath} cannot be written: ${message}`);
  }
  output.result(safeLine`${svgPath}`);
  return report(trace, found, output);
}

function isSameFile(path: string, other: string): boolean {
  const [a, b] = [path, other].map((file) =>
    statSync(file, { bigint: true, throwIfNoEntry: false }),
  );
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

/** What else there is to say of the trace; the exit code. */
function report(trace: string, found: TracePictures, output: CommandOutput): number {
  const { pictures, unlistedCount, missingEventCount, unreadableCount, isCut } = found;
  const others = pictures.length + unlistedCount - 1;
  if (others > 0) {
    const known = pictures.slice(1, 1 + MAX_LISTED).map(({ group }) => group);
    const more = others > known.length ? ` and ${others - known.length} more` : '';
    output.note(safeLine`Other connections, for --connection: ${known.join(', ')}${more}.`);
  }
  if (missingEventCount > 0) {
    output.note(safeLine`${missingEventCount} events are missing: the disk was too slow for them.`);
  }
  if (unreadableCount > 0) {
    output.problem(
      safeLine`upd plot: ${trace} is damaged: ${unreadableCount} records were left out.`,
    );
  } else if (isCut) {
    output.problem(
      safeLine`upd plot: ${trace} ends early: whoever wrote it was stopped, or is still at it.`,
    );
  }
  return unreadableCount > 0 || isCut ? exitCodes.localFile : exitCodes.delivered;
}

/** What this terminal can show. */
function levelsOf({ TERM, LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): string {
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== '');
  const isUnicode = locale === undefined || /utf-?8/i.test(locale);
  return TERM === 'dumb' || !isUnicode ? plainLevels : blockLevels;
}
