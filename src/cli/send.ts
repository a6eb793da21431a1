import { isIPv6 } from 'node:net';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { BENCH_PREFIX } from '../bench/bench-ticket.ts';
import { openIdentityKey } from '../chat/client.ts';
import { reachLines } from '../reach/reach-finding.ts';
import { safeLine, safeText, type SafeText } from '../text/safe-text.ts';
import { readTicket, type SocketAddress, type Transfer, TransferError } from '../transfer/index.ts';
import { CommandOutput } from './command-output.ts';
import { addCommonFlags, type CommonFlags, contradictionIn } from './common-flags.ts';
import { unreachedEvent } from '../report/events.ts';
import { exitCodeOfError, exitCodeOfResult, exitCodes } from '../report/exit-codes.ts';
import { SilenceWatch } from '../reach/silence-watch.ts';
import { namedWord } from './named-ticket.ts';
import { ownStateFolder } from './state-folder.ts';
import { resendAdvice } from '../report/resend-advice.ts';
import { runTransferCommand, type TransferCommand } from './transfer-command.ts';
import { asError, explained } from '../report/transfer-failure.ts';
import { TransferReporter } from '../report/transfer-reporter.ts';
import { barsBelow } from './screen-bars.ts';
import { ticketFailureClause } from './ticket-failure.ts';

interface SendFlags extends CommonFlags {
  readonly to?: string;
  readonly name?: string;
}

/** Among the paths: what comes from stdin. */
const STDIN = '-';

/** `upd send`: files to whoever gave out a ticket. */
export function addSendCommand(program: Command): void {
  addCommonFlags(
    program
      .command('send')
      .description('send files to somebody who runs upd receive')
      .argument('<path...>', 'files and folders, or - for stdin')
      .option('--to <ticket>', 'the ticket, or @FILE with it; default: $UPD_TICKET')
      .option('--name <name>', 'under which stdin is sent (default: stdin)'),
  )
    .allowExcessArguments(false)
    .addHelpText(
      'before',
      `Examples:
  upd send movie.mp4 --to upd1…      the ticket that upd receive has shown
  upd send photos a.txt --to @file   the ticket stands in a file, unseen by ps
  UPD_TICKET=upd1… upd send movie.mp4
  tar c dir | upd send - --name dir.tar --to upd1…
`,
    )
    .action(async (paths: readonly string[], flags: SendFlags) => {
      process.exitCode = await runSend(paths, flags);
    });
}

async function runSend(paths: readonly string[], flags: SendFlags): Promise<number> {
  const output = new CommandOutput('send', flags);
  const contradiction = contradictionIn(flags) ?? stdinContradictionIn(paths, flags);
  if (contradiction !== undefined) return output.usage(contradiction);
  let ticket: string | undefined;
  try {
    ticket = flags.to === undefined ? process.env['UPD_TICKET'] : namedWord(flags.to);
  } catch (error) {
    return output.failure(asError(error), exitCodes.localFile);
  }
  if (ticket === undefined || (ticket === '' && flags.to === undefined)) {
    return output.usage('say to whom: --to TICKET, or set UPD_TICKET');
  }
  const content = readTicket(ticket);
  if (content === undefined) {
    return output.usage(ticket.startsWith(BENCH_PREFIX) ? BENCH_TICKET : NO_TICKET);
  }
  const { addresses } = content;
  return runTransferCommand({
    output,
    flags,
    endpointOptions: async () => ({
      host: isIPv6(addresses[0]!.address) ? '::' : '0.0.0.0',
      privateKey: await ownKey(output),
    }),
    work: (command) => {
      const content =
        paths[0] === STDIN ? { stream: process.stdin, name: flags.name ?? 'stdin' } : { paths };
      const transfer = command.endpoint.send({ ticket, ...content });
      return follow({ transfer, addresses, paths, flags, command });
    },
  });
}

/** Why stdin cannot be sent in this way. */
function stdinContradictionIn(paths: readonly string[], { name }: SendFlags): string | undefined {
  if (!paths.includes(STDIN)) {
    return name === undefined ? undefined : '--name is for stdin, which is the path -';
  }
  if (paths.length > 1) return 'stdin (-) is sent alone: send the files by themselves';
  if (name !== undefined && (name === '' || basename(name) !== name)) {
    return '--name is a name without a folder, as dir.tar';
  }
  return undefined;
}

interface Sending {
  readonly transfer: Transfer;
  /** Of the ticket. */
  readonly addresses: readonly SocketAddress[];
  readonly paths: readonly string[];
  readonly flags: SendFlags;
  readonly command: TransferCommand;
}

/** Until it has ended; resolves with the exit code. */
async function follow({ transfer, addresses, paths, flags, command }: Sending): Promise<number> {
  const { output, receipts, stopping, giveUpMs } = command;
  const { id, peer } = transfer;
  stopping.onStop(() => {
    transfer.cancel();
  });
  const isShown = flags.progress;
  const bars = barsBelow(output, isShown);
  const reporter = new TransferReporter({ sink: output, receipts, isShown, bars });
  const silence = new SilenceWatch({
    addresses,
    giveUpMs,
    tell: (findings) => {
      output.event(unreachedEvent('send', peer, findings));
      for (const line of findings.flatMap(reachLines)) output.note(line);
    },
  });
  silence.watch(transfer);
  const exitOf = ({ code }: TransferError): number => stopping.exitCode ?? exitCodeOfError(code);
  const { outcome, isUnwritten } = await reporter.follow(transfer, {
    id,
    peer,
    explain: (error) => explained(error, ticketFailureClause(error, peer, giveUpMs)),
    findings: () => silence.findings(),
    advice: paths[0] === STDIN ? undefined : () => GO_ON,
    resend: { paths, advice: (missing) => resendAdvice(paths, missing, flags.to) },
    exitOf,
  });
  if (isUnwritten) return stopping.exitCode ?? exitCodes.localFile;
  return outcome instanceof TransferError ? exitOf(outcome) : exitCodeOfResult(outcome);
}

const GO_ON: SafeText = safeText('The same command goes on from what has arrived there.');

/** The key by which receivers know this user again; another one each time where it cannot be kept. */
async function ownKey(output: CommandOutput): Promise<Uint8Array> {
  const folder = ownStateFolder();
  const { privateKey, unkept } = await openIdentityKey(join(folder, 'identity')).catch(unreadable);
  if (unkept !== undefined) {
    output.note(safeLine`The identity key cannot be kept: ${unkept.message}.`);
  }
  return privateKey;
}

/** Another key in its place would make this user a stranger to all who know the first one. */
function unreadable(cause: Error): never {
  const reason = `the identity key cannot be read: ${cause.message}; make it yours again, or set XDG_STATE_HOME to a folder that is`;
  throw new TransferError('local-file', reason, { cause });
}

const NO_TICKET =
  'that is no ticket, or not all of it: it is one word that begins with upd1; copy it once more from upd receive';
const BENCH_TICKET =
  'that ticket is of upd bench --listen, which stores nothing: run upd receive there and use its ticket';
