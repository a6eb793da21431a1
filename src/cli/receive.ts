import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { safeLine, safeText } from '../text/safe-text.ts';
import { readTicket, type Transfer, TransferError } from '../transfer/index.ts';
import { CommandOutput } from './command-output.ts';
import { addCommonFlags, type CommonFlags, contradictionIn } from './common-flags.ts';
import { ticketEvent } from '../report/events.ts';
import { exitCodeOfError, exitCodeOfResult, exitCodes } from '../report/exit-codes.ts';
import { addressOf, integerOf } from './flag-values.ts';
import { oldPartialsLine } from './partials.ts';
import { StdoutTaker } from './stdout-taker.ts';
import { rejectOnFailure, runTransferCommand, type TransferCommand } from './transfer-command.ts';
import { keptLine } from '../report/result-lines.ts';
import { explained } from '../report/transfer-failure.ts';
import { TransferReporter } from '../report/transfer-reporter.ts';
import { barsBelow } from './screen-bars.ts';
import { isStdoutFailing } from './terminal/stdout-watch.ts';
import { ticketFailureClause } from './ticket-failure.ts';

interface ReceiveFlags extends CommonFlags {
  readonly host: string;
  readonly port: number;
  readonly dir: string;
  readonly maxSize?: number;
  readonly once?: boolean;
  readonly stdout?: boolean;
}

/** Of a sender's public key, enough to tell senders apart. */
const SHOWN_KEY_DIGITS = 16;

/** `upd receive`: shows a ticket and stores what its holders send. */
export function addReceiveCommand(program: Command): void {
  addCommonFlags(
    program
      .command('receive')
      .description('show a ticket and store what its holders send')
      .option('--host <address>', 'address to listen on; 0.0.0.0 is all', addressOf, '0.0.0.0')
      .option('--port <port>', 'UDP port; 0 takes a free one', integerOf('A port', 0, 65_535), 0)
      .option('--dir <folder>', 'where files are stored', '.')
      .option(
        '--max-size <bytes>',
        'refuse larger offers; without it 5 % of the disk are left free',
        integerOf('A size', 0, Number.MAX_SAFE_INTEGER),
      )
      .option('--once', 'end with the first transfer that was delivered')
      .option(
        '--stdout',
        'write the first file to stdout as it comes, and end; exit code 0 says that it was whole',
      ),
  )
    .allowExcessArguments(false)
    .addHelpText(
      'before',
      `Examples:
  upd receive                     shows a ticket; give it to whoever is to send
  upd receive --once --dir inbox  ends with the first delivery; prints its path
  upd receive --stdout | tar x    the ticket is on stderr then
`,
    )
    .action(async (flags: ReceiveFlags, command: Command) => {
      const isDirGiven = command.getOptionValueSource('dir') === 'cli';
      process.exitCode = await runReceive(flags, isDirGiven);
    });
}

async function runReceive(flags: ReceiveFlags, isDirGiven: boolean): Promise<number> {
  const output = new CommandOutput('receive', flags, flags.stdout === true);
  const contradiction = contradictionIn(flags) ?? stdoutContradictionIn(flags, isDirGiven);
  if (contradiction !== undefined) return output.usage(contradiction);
  if (statSync(flags.dir, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const reason = `${flags.dir} is not a folder; make it first, or name another with --dir`;
    return output.failure(new TransferError('local-file', reason), exitCodes.localFile);
  }
  const taker = flags.stdout === true ? new StdoutTaker() : undefined;
  const { host, port, maxSize } = flags;
  const limit = maxSize === undefined ? {} : { maxSizeBytes: maxSize };
  const target = taker === undefined ? { inbox: flags.dir } : { onOffer: taker.answer };
  const exitCode = await runTransferCommand({
    output,
    flags,
    endpointOptions: () => Promise.resolve({ host, port, ...target, ...limit }),
    work: (command) => new Reception(flags, command, taker).run(),
  });
  if (taker?.isStuck === true) process.exit(exitCode);
  return exitCode;
}

/** Why what is received cannot go to stdout in this way. */
function stdoutContradictionIn(
  { stdout, json, overwrite, skip }: ReceiveFlags,
  isDirGiven: boolean,
): string | undefined {
  if (stdout !== true) return undefined;
  if (json === true) return '--json and --stdout both want stdout: leave one out';
  if (isDirGiven) return '--stdout stores nothing in a --dir: leave one out';
  if (overwrite === true || skip === true)
    return '--stdout meets no file that exists: leave --overwrite and --skip out';
  return undefined;
}

/** From the ticket to the exit code. */
class Reception {
  readonly #flags: ReceiveFlags;
  readonly #command: TransferCommand;
  readonly #reporter: TransferReporter;
  /** Lets a file into stdout. */
  readonly #taker: StdoutTaker | undefined;
  readonly #running: Set<Promise<void>> = new Set();
  #end: (exitCode: number) => void = () => undefined;

  constructor(flags: ReceiveFlags, command: TransferCommand, taker: StdoutTaker | undefined) {
    this.#taker = taker;
    this.#flags = flags;
    this.#command = command;
    const { output, receipts } = command;
    const isShown = flags.progress;
    this.#reporter = new TransferReporter({
      ...{ sink: output, receipts, isShown, bars: barsBelow(output, isShown) },
      tellReceived: ({ path }, line) => {
        output.note(line);
        if (taker === undefined) output.result(safeText(path));
      },
    });
  }

  async run(): Promise<number> {
    const { endpoint, stopping } = this.#command;
    const ended = new Promise<number>((resolve, reject) => {
      this.#end = resolve;
      rejectOnFailure(endpoint, reject);
    });
    // It may fail before it is waited for.
    ended.catch(() => undefined);
    stopping.onStop(this.#end);
    endpoint.on('transfer', (transfer) => {
      const over = this.#follow(transfer).finally(() => this.#running.delete(over));
      this.#running.add(over);
    });
    this.#showTicket();
    void this.#endUnshown();
    await this.#tellOldPartials();
    const exitCode = await ended;
    for (const transfer of endpoint.transfers) transfer.cancel();
    await Promise.all(this.#running);
    return exitCode;
  }

  /** Nobody can send to a ticket that nobody has seen. */
  async #endUnshown(): Promise<void> {
    if (this.#taker === undefined && (await isStdoutFailing())) this.#end(exitCodes.localFile);
  }

  async #tellOldPartials(): Promise<void> {
    if (this.#taker !== undefined) return;
    const line = await oldPartialsLine(this.#flags.dir);
    if (line !== undefined) this.#command.output.note(line);
  }

  /** The first line of all. */
  #showTicket(): void {
    const { endpoint, output } = this.#command;
    const ticket = endpoint.ticket();
    const addresses = readTicket(ticket)!.addresses.map(({ address }) => address);
    output.result(safeText(ticket));
    output.event(ticketEvent(ticket, addresses, endpoint.address.port));
    output.note(safeLine`Waiting for files: upd send FILE --to ${shortened(ticket)}`);
  }

  async #follow(transfer: Transfer): Promise<void> {
    const { giveUpMs } = this.#command;
    const { outcome, isUnwritten } = await this.#reporter.follow(transfer, {
      id: transfer.id,
      peer: shownPeer(transfer),
      explain: (error) => explained(error, ticketFailureClause(error, 'the sender', giveUpMs)),
      advice: this.#taker === undefined ? () => keptLine(transfer) : undefined,
    });
    let exit: number | undefined;
    if (outcome instanceof TransferError) {
      // Whoever reads stdout has got a beginning: no other file may follow it.
      if (this.#taker?.hasWritten === true) exit = exitCodeOfError(outcome.code);
    } else if (this.#taker !== undefined || this.#flags.once === true) {
      exit = exitCodeOfResult(outcome);
    }
    // What was delivered stays so, but whoever asked for receipts is not told that all is well.
    if (isUnwritten && exit === exitCodes.delivered) exit = exitCodes.localFile;
    if (exit !== undefined) this.#end(exit);
  }
}

/** A ticket's sender is known by its key. */
function shownPeer({ peer }: Transfer): string {
  return peer.slice(0, SHOWN_KEY_DIGITS);
}

function shortened(ticket: string): string {
  return `${ticket.slice(0, 8)}…`;
}
