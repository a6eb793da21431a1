import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { benchReport, BenchTable, headLine, summaryLines } from '../bench/bench-report.ts';
import { type BenchRun, runOnce } from '../bench/bench-run.ts';
import type { RunLength } from '../bench/bench-content.ts';
import { ticketOfBench } from '../bench/bench-ticket.ts';
import type { LinkProfile } from '../bench/link-profile.ts';
import { type BenchSetup, summaryOf } from '../bench/verdict.ts';
import { exitCodeOfError, exitCodes } from '../report/exit-codes.ts';
import { stallReasonText } from '../report/progress-lines.ts';
import { asError, explained, failureClause } from '../report/transfer-failure.ts';
import { jsonLine } from '../text/json-line.ts';
import { formatDuration } from '../text/measures.ts';
import { safeLine } from '../text/safe-text.ts';
import {
  type CongestionName,
  readTicket,
  type Transfer,
  TransferError,
} from '../transfer/index.ts';
import { type ListenFlags, listenForBenches } from './bench-listen.ts';
import { CommandOutput } from './command-output.ts';
import { addCongestionFlags, contradictionIn, engineOptionsOf } from './common-flags.ts';
import { addressOf, integerOf, linkRateOf, lossOf, rttOf, sizeOf } from './flag-values.ts';
import { namedWord } from './named-ticket.ts';
import { barsBelow } from './screen-bars.ts';
import { Stopping } from './stopping.ts';
import type { ProgressBars } from './terminal/progress-bars.ts';
import { printLine } from './terminal/output-lines.ts';

interface BenchFlags extends ListenFlags {
  readonly to?: string;
  readonly listen?: boolean;
  readonly size?: number;
  readonly seconds?: number;
  readonly runs?: number;
  readonly rate?: number;
  readonly rtt?: number;
  readonly loss?: number;
  readonly seed: number;
  readonly window?: number;
  readonly congestion?: CongestionName;
  readonly trace?: string;
}

const MAX_RUNS = 100;
const MAX_SECONDS = 3_600;
const MAX_GIVE_UP_SECONDS = 86_400;
const DEFAULT_RUNS = 3;
const DEFAULT_SECONDS = 5;
/** Whoever measures waits for nobody as long as whoever has a file to deliver. */
const GIVE_UP_SECONDS = 60;

/** `upd bench`: how fast it goes here, to another machine, or over a link that is emulated. */
export function addBenchCommand(program: Command): void {
  const command = program
    .command('bench')
    .description('measure how fast transfers go, here or to another machine, and what limits them')
    .option('--to <ticket>', 'that of upd bench --listen, or @FILE with it (default: loopback)')
    .option('--listen', 'show a ticket and take what benches send; nothing is stored')
    .option('--host <address>', 'address to listen on; 0.0.0.0 is all', addressOf, '0.0.0.0')
    .option('--port <port>', 'UDP port to listen on; 0 takes a free one', portOf, 0)
    .option('--size <bytes>', 'send so many bytes a run, as 64M', sizeOf)
    .option(
      '--seconds <count>',
      `or for so long (default: ${DEFAULT_SECONDS})`,
      integerOf('A time', 1, MAX_SECONDS),
    )
    .option(
      '--runs <count>',
      `how often (default: ${DEFAULT_RUNS}; 1 with --trace)`,
      integerOf('A count', 1, MAX_RUNS),
    )
    .option('--rate <limit>', 'emulate a link of this rate: 100mbit, or bytes as 12.5M', linkRateOf)
    .option('--rtt <ms>', 'emulate a round trip that is so much longer, as 80ms', rttOf)
    .option('--loss <percent>', 'emulate this loss, each way, as 3%', lossOf)
    .option(
      '--seed <number>',
      'which datagrams the emulated link loses',
      integerOf('A seed', 0, 2 ** 31 - 1),
      1,
    );
  addCongestionFlags(command)
    .option(
      '--give-up <seconds>',
      'fail after this long without an answer, or any progress',
      integerOf('A time', 1, MAX_GIVE_UP_SECONDS),
      GIVE_UP_SECONDS,
    )
    .option('--trace <file>', 'write down every packet of the run, for upd plot')
    .option('--json', 'one line of JSON on stdout (docs/bench.schema.json)')
    .option('--quiet', 'only errors and the result')
    .allowExcessArguments(false)
    .addHelpText(
      'before',
      `Examples:
  upd bench                         this machine, both sides on loopback
  upd bench --rate 100mbit --rtt 50 --loss 1%
                                    over a link that is emulated, without root
  upd bench --listen                between two machines: shows a ticket …
  upd bench --to bench-upd1…        … with which the other one measures
  upd bench --rtt 50 --loss 3% --trace run.sqlog && upd plot run.sqlog
`,
    )
    .action(async (flags: BenchFlags, called: Command) => {
      process.exitCode = await runBench(flags, called);
    });
}

const portOf = integerOf('A port', 0, 65_535);

async function runBench(flags: BenchFlags, called: Command): Promise<number> {
  const output = new CommandOutput('bench', { ...flags, progress: false });
  const contradiction = contradictionOf(flags, called);
  if (contradiction !== undefined) return output.usage(contradiction);
  if (flags.listen === true) return listenForBenches(flags, output);
  let ticket: string | undefined;
  if (flags.to !== undefined) {
    let word: string;
    try {
      word = namedWord(flags.to);
    } catch (error) {
      return output.failure(asError(error), exitCodes.localFile);
    }
    const named = ticketOfBench(word);
    if (typeof named === 'string') return output.usage(named);
    ticket = named.ticket;
  }
  return new Bench(flags, output, ticket).run();
}

const ofListening = ['host', 'port'];
const ofMeasuring = [
  ...['to', 'size', 'seconds', 'runs', 'rate', 'rtt', 'loss', 'seed'],
  ...['window', 'congestion', 'trace'],
];

/** Two flags that cannot both be meant; undefined when there are none. */
function contradictionOf(flags: BenchFlags, called: Command): string | undefined {
  const given = (names: readonly string[]): string | undefined =>
    names.find((name) => called.getOptionValueSource(name) === 'cli');
  const other = given(flags.listen === true ? ofMeasuring : ofListening);
  if (other !== undefined) {
    return flags.listen === true
      ? `--${other} is for the side that measures: --listen only takes what it sends`
      : `--${other} goes with --listen`;
  }
  if (flags.size !== undefined && flags.seconds !== undefined) {
    return '--size and --seconds both say how much is sent: leave one out';
  }
  if (flags.trace !== undefined && (flags.runs ?? 1) > 1) {
    return '--trace is of one run: leave --runs out';
  }
  return contradictionIn(engineFlagsOf(flags));
}

/** Those that the engine knows by the same name. */
function engineFlagsOf({ window, congestion, trace, giveUp }: BenchFlags): {
  window?: number;
  congestion?: CongestionName;
  trace?: string;
  giveUp: number;
} {
  return {
    ...(window === undefined ? {} : { window }),
    ...(congestion === undefined ? {} : { congestion }),
    ...(trace === undefined ? {} : { trace }),
    giveUp,
  };
}

/** Undefined where no link is asked for. */
function linkOf({ rate, rtt, loss, seed }: BenchFlags): LinkProfile | undefined {
  if (rate === undefined && rtt === undefined && loss === undefined) return undefined;
  return { bytesPerSec: rate, rttMs: rtt ?? 0, lossShare: loss ?? 0, seed };
}

/** All runs of the side that measures, from the first line to the exit code. */
class Bench {
  readonly #flags: BenchFlags;
  readonly #output: CommandOutput;
  readonly #ticket: string | undefined;
  readonly #setup: BenchSetup;
  readonly #stopping: Stopping = new Stopping();
  readonly #bars: ProgressBars | undefined;
  readonly #closing: Promise<void>[] = [];

  constructor(flags: BenchFlags, output: CommandOutput, ticket: string | undefined) {
    this.#flags = flags;
    this.#output = output;
    this.#ticket = ticket;
    this.#bars = barsBelow(output, true);
    const place = ticket === undefined ? undefined : readTicket(ticket)!.addresses[0]!;
    this.#setup = {
      peer: place && `${place.address} port ${place.port}`,
      link: linkOf(flags),
      coreCount: availableParallelism(),
    };
  }

  async run(): Promise<number> {
    const output = this.#output;
    const runCount = this.#flags.runs ?? (this.#flags.trace === undefined ? DEFAULT_RUNS : 1);
    const table = new BenchTable(this.#setup);
    if (!output.isQuiet)
      for (const line of [headLine(this.#setup), table.head]) output.result(line);
    const runs: BenchRun[] = [];
    try {
      while (runs.length < runCount) {
        const run = await this.#runOnce(runs.length + 1);
        runs.push(run);
        if (!output.isQuiet) output.result(table.row(run, runs.length));
        if (this.#stopping.exitCode !== undefined) return this.#stopping.exitCode;
      }
    } catch (error) {
      return this.#fail(asError(error), `${runs.length} of ${runCount} runs`);
    } finally {
      await Promise.all(this.#closing);
      this.#stopping.end();
    }
    const summary = summaryOf(this.#setup, runs);
    for (const line of summaryLines(this.#setup, summary, runs.length)) output.result(line);
    if (output.isJson) printLine(jsonLine(benchReport(this.#setup, runs, summary, Date.now())));
    return exitCodes.delivered;
  }

  #runOnce(nth: number): Promise<BenchRun> {
    const { size, seconds = DEFAULT_SECONDS, giveUp } = this.#flags;
    const length: RunLength = size === undefined ? { ms: seconds * 1000 } : { bytes: size };
    const bars = this.#bars;
    return runOnce({
      ...{ closing: this.#closing, length, ticket: this.#ticket, link: this.#setup.link },
      engine: { ...engineOptionsOf(engineFlagsOf(this.#flags)), openTimeoutMs: giveUp * 1000 },
      onStart: (transfer) => {
        this.#stopping.onStop(() => {
          transfer.cancel();
        });
        if (bars === undefined) this.#tellStalls(transfer);
        else bars.add(transfer, `run ${nth}`);
      },
    });
  }

  #tellStalls(transfer: Transfer): void {
    transfer.on('state', (state) => {
      if (state !== 'stalled') return;
      this.#output.note(safeLine`stalled: ${stallReasonText(transfer.progress.stallReason)}`);
    });
  }

  /** `done`: how much of it was measured. */
  #fail(error: TransferError, done: string): number {
    const exit = this.#stopping.exitCode;
    const clause = exit === undefined ? this.#clauseOf(error) : `interrupted after ${done}`;
    return this.#output.failure(explained(error, clause), exit ?? exitCodeOfError(error.code));
  }

  #clauseOf(error: TransferError): string {
    const { peer } = this.#setup;
    const giveUpMs = this.#flags.giveUp * 1000;
    if (peer === undefined) return error.message;
    if (error.code !== 'unanswered') return failureClause(error, peer, giveUpMs);
    const inner = `${this.#ticket!.slice(0, 8)}…`;
    return `no answer for ${formatDuration(giveUpMs)}; is upd bench --listen still running there, and was this its last ticket? upd doctor ${inner} (the ticket without bench-) says more`;
  }
}
