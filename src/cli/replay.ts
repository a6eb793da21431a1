import type { Command } from 'commander';
import { NoTraceError, readTrace, type TraceReading } from '../plot/trace-reader.ts';
import { exitCodes } from '../report/exit-codes.ts';
import { safeLine, type SafeText } from '../text/safe-text.ts';
import {
  type ReplayDifference,
  type ReplayedGroup,
  TransferError,
  TraceReplay,
} from '../transfer/index.ts';
import { CommandOutput } from './command-output.ts';

/** Differences of a connection that are shown. */
const SHOWN_DIFFERENCES = 5;

/** `upd replay`: where this version would act otherwise than the one that was traced. */
export function addReplayCommand(program: Command): void {
  program
    .command('replay')
    .description('re-run loss recovery on a trace; say where this version would act differently')
    .argument('<trace>', 'what --trace has written')
    .option('--quiet', 'only errors and results')
    .allowExcessArguments(false)
    .addHelpText('before', 'Example:\n  upd replay movie.sqlog\n')
    .action(async (trace: string, flags: { readonly quiet?: boolean }) => {
      process.exitCode = await runReplay(trace, flags);
    });
}

async function runReplay(trace: string, flags: { readonly quiet?: boolean }): Promise<number> {
  const output = new CommandOutput('replay', { ...flags, progress: false });
  const fail = (reason: string): number =>
    output.failure(new TransferError('local-file', reason), exitCodes.localFile);
  const replay = new TraceReplay();
  let reading: TraceReading;
  try {
    reading = await readTrace(trace, (event) => {
      replay.take(event);
    });
  } catch (error) {
    if (error instanceof NoTraceError) return fail(`${trace} is no trace: ${error.message}`);
    return fail(`${trace} cannot be read: ${(error as Error).message}`);
  }
  const groups = replay.results();
  if (groups.length === 0) return fail(`${trace} holds no connection that sent anything`);
  for (const group of groups) for (const line of linesOf(group)) output.result(line);
  const { unreadableCount, isCut } = reading;
  if (isCut) output.note(safeLine`${trace} ends early: it was replayed up to there.`);
  if (unreadableCount === 0) return exitCodes.delivered;
  output.problem(
    safeLine`upd replay: ${trace} is damaged: ${unreadableCount} records were left out.`,
  );
  return exitCodes.localFile;
}

function linesOf(result: ReplayedGroup): SafeText[] {
  const { group, packetCount, ackCount, lostCount, differences, differenceCount, stopped } = result;
  const what = `${packetCount} packets, ${lostCount} of them lost, and ${ackCount} ACKs`;
  const until =
    stopped === undefined ? '' : ` until ${(result.untilMs / 1_000).toFixed(3)} s (${stopped})`;
  if (differenceCount === 0) {
    return [safeLine`Connection ${group}: ${what}${until}: this version would do the same.`];
  }
  const shown = differences.slice(0, SHOWN_DIFFERENCES);
  const rest = differenceCount - shown.length;
  return [
    safeLine`Connection ${group}: ${what}${until}: this version would act differently ${times(differenceCount)}.`,
    ...shown.map(differenceLine),
    ...(rest > 0 ? [safeLine`  … and ${rest} more, which may come of these.`] : []),
  ];
}

function differenceLine({ timeMs, what, recorded, replayed }: ReplayDifference): SafeText {
  const at = `${(timeMs / 1_000).toFixed(6)} s`;
  switch (what) {
    case 'lost':
      return safeLine`  ${at}: packet ${replayed} would be declared lost, and was not`;
    case 'kept':
      return safeLine`  ${at}: packet ${recorded} was declared lost, and would not be`;
    case 'rtt':
      return safeLine`  ${at}: the smoothed RTT was ${recorded} ms, and would be ${replayed} ms`;
  }
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
