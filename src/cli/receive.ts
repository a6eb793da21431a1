import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { unreceivedLine } from '../chat/transfer-lines.ts';
import { safeLine, safeText } from '../text/safe-text.ts';
import {
  createEndpoint,
  readTicket,
  type Transfer,
  type TransferEndpoint,
  TransferError,
  type TransferResult,
} from '../transfer/index.ts';
import { CommandOutput } from './command-output.ts';
import {
  addCommonFlags,
  type CommonFlags,
  contradictionIn,
  engineOptionsOf,
  GIVE_UP_SECONDS,
} from './common-flags.ts';
import { doneEvent, errorEvent, ticketEvent } from './events.ts';
import { exitCodeOfError, exitCodeOfResult, exitCodes } from './exit-codes.ts';
import { integerOf } from './flag-values.ts';
import { Receipts } from './receipt.ts';
import { receivedItemLine, reportFailures } from './result-lines.ts';
import { Spool } from './spool.ts';
import { Stopping } from './stopping.ts';
import { asError, failureClause } from './transfer-failure.ts';
import { TransferWatch } from './transfer-watch.ts';

interface ReceiveFlags extends CommonFlags {
  readonly host: string;
  readonly port: number;
  readonly dir: string;
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
      .option('--host <address>', 'address to listen on (default: all)', '0.0.0.0')
      .option('--port <port>', 'UDP port; 0 takes a free one', integerOf('A port', 0, 65_535), 0)
      .option('--dir <folder>', 'where files are stored', '.')
      .option('--once', 'end with the first transfer that was delivered')
      .option('--stdout', 'write the first file to stdout, once it was verified, and end'),
  )
    .allowExcessArguments(false)
    .addHelpText(
      'before',
      `Examples:
  upd receive                       shows a ticket; give it to whoever is to send
  upd receive --once --dir inbox    ends with the first delivery; the path is on stdout
  upd receive --stdout | tar x      the ticket is on stderr then
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
  let receipts: Receipts;
  let endpoint: TransferEndpoint;
  let spool: Spool | undefined;
  try {
    receipts = new Receipts(flags.receipt);
    if (flags.stdout === true) spool = await Spool.create();
    const { host, port } = flags;
    const inbox = spool?.folder ?? flags.dir;
    endpoint = await createEndpoint({ ...engineOptionsOf(flags), host, port, inbox });
  } catch (error) {
    await spool?.remove();
    const failure = asError(error);
    return output.failure(failure, exitCodeOfError(failure.code));
  }
  try {
    return await new Reception(flags, output, receipts, endpoint, spool).run();
  } finally {
    await endpoint.close();
    await spool?.remove();
  }
}

/** Why what is received cannot go to stdout in this way. */
function stdoutContradictionIn(
  { stdout, json, overwrite, skip }: ReceiveFlags,
  isDirGiven: boolean,
): string | undefined {
  if (stdout !== true) return undefined;
  if (json === true) return '--json and --stdout both want stdout';
  if (isDirGiven) return '--stdout stores nothing in a --dir';
  if (overwrite === true || skip === true) return '--stdout meets no file that exists';
  return undefined;
}

/** From the ticket to the exit code. */
class Reception {
  readonly #flags: ReceiveFlags;
  readonly #output: CommandOutput;
  readonly #receipts: Receipts;
  readonly #endpoint: TransferEndpoint;
  readonly #watch: TransferWatch;
  /** What is received goes through it to stdout. */
  readonly #spool: Spool | undefined;
  readonly #running: Set<Promise<void>> = new Set();
  #end: (exitCode: number) => void = () => undefined;

  constructor(
    flags: ReceiveFlags,
    output: CommandOutput,
    receipts: Receipts,
    endpoint: TransferEndpoint,
    spool: Spool | undefined,
  ) {
    this.#spool = spool;
    this.#flags = flags;
    this.#output = output;
    this.#receipts = receipts;
    this.#endpoint = endpoint;
    this.#watch = new TransferWatch({ output, isShown: flags.progress, peerOf: shownPeer });
  }

  async run(): Promise<number> {
    const ended = new Promise<number>((resolve) => (this.#end = resolve));
    const stopping = new Stopping(() => {
      this.#end(stopping.exitCode!);
    });
    this.#endpoint.onReceive((transfer) => {
      const over = this.#follow(transfer).finally(() => this.#running.delete(over));
      this.#running.add(over);
    });
    this.#showTicket();
    const exitCode = await ended;
    for (const transfer of this.#endpoint.transfers) transfer.cancel();
    await Promise.all(this.#running);
    stopping.end();
    return exitCode;
  }

  /** The first line of all. */
  #showTicket(): void {
    const ticket = this.#endpoint.ticket();
    const addresses = readTicket(ticket)!.addresses.map(({ address }) => address);
    this.#output.result(safeText(ticket));
    this.#output.event(ticketEvent(ticket, addresses, this.#endpoint.address.port));
    this.#output.note(safeLine`Waiting for files: upd send FILE --to ${shortened(ticket)}`);
  }

  async #follow(transfer: Transfer): Promise<void> {
    const startedAt = new Date();
    this.#watch.add(transfer);
    try {
      const result = await transfer.done;
      this.#report(transfer, result);
      this.#receipts.write(transfer, result, startedAt);
      if (this.#spool !== undefined) this.#end(await this.#drain(result, this.#spool));
      else if (this.#flags.once === true) this.#end(exitCodeOfResult(result));
    } catch (error) {
      const failure = asError(error);
      const giveUpMs = (this.#flags.giveUp ?? GIVE_UP_SECONDS) * 1000;
      const reason = failureClause(failure, 'the sender', giveUpMs);
      const { name } = transfer;
      this.#output.problem(unreceivedLine({ name, peer: shownPeer(transfer) }, reason));
      this.#output.event(errorEvent(failure, exitCodeOfError(failure.code), transfer.id));
    }
  }

  /** One file is what a reader of stdout can tell where it ends. */
  async #drain({ items }: TransferResult, spool: Spool): Promise<number> {
    const [item] = items;
    try {
      if (item?.kind !== 'file' || items.length > 1) {
        const reason = 'more than one file came, and stdout takes one: send a tar of them';
        throw new TransferError('refused', reason);
      }
      await spool.drain(item.path, process.stdout);
      return exitCodes.delivered;
    } catch (error) {
      const failure = asError(error);
      return this.#output.failure(failure, exitCodeOfError(failure.code));
    }
  }

  #report(transfer: Transfer, result: TransferResult): void {
    const peer = shownPeer(transfer);
    this.#output.event(doneEvent(transfer, result));
    for (const item of result.items) {
      if (this.#spool === undefined) this.#output.note(receivedItemLine(item, peer));
      if (this.#spool === undefined) this.#output.result(safeText(item.path));
    }
    reportFailures(result, peer, this.#output);
  }
}

/** A ticket's sender is known by its key. */
function shownPeer({ peer }: Transfer): string {
  return peer.slice(0, SHOWN_KEY_DIGITS);
}

function shortened(ticket: string): string {
  return `${ticket.slice(0, 8)}…`;
}
