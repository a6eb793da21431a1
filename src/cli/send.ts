import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { openIdentityKey } from '../chat/client.ts';
import { undeliveredLine } from '../chat/transfer-lines.ts';
import { safeLine } from '../text/safe-text.ts';
import {
  createEndpoint,
  readTicket,
  type Transfer,
  type TransferEndpoint,
} from '../transfer/index.ts';
import { CommandOutput } from './command-output.ts';
import {
  addCommonFlags,
  type CommonFlags,
  contradictionIn,
  engineOptionsOf,
  GIVE_UP_SECONDS,
} from './common-flags.ts';
import { doneEvent, errorEvent } from './events.ts';
import { exitCodeOfError, exitCodeOfResult, exitCodes } from './exit-codes.ts';
import { deliveredItemLine, reportFailures } from './result-lines.ts';
import { Receipts } from './receipt.ts';
import { stateFolder } from './state-folder.ts';
import { Stopping } from './stopping.ts';
import { asError, failureClause, isResumable } from './transfer-failure.ts';
import { TransferWatch } from './transfer-watch.ts';

interface SendFlags extends CommonFlags {
  readonly to?: string;
}

/** `upd send`: files to whoever gave out a ticket. */
export function addSendCommand(program: Command): void {
  addCommonFlags(
    program
      .command('send')
      .description('send files to somebody who runs upd receive')
      .argument('<path...>', 'files and folders')
      .option('--to <ticket>', 'the ticket, or @FILE with it; default: $UPD_TICKET'),
  )
    .allowExcessArguments(false)
    .addHelpText(
      'before',
      `Examples:
  upd send movie.mp4 --to upd1…         the ticket that upd receive has shown
  upd send photos notes.txt --to @file  the ticket stands in a file, out of sight of ps
  UPD_TICKET=upd1… upd send movie.mp4
`,
    )
    .action(async (paths: readonly string[], flags: SendFlags) => {
      process.exitCode = await runSend(paths, flags);
    });
}

async function runSend(paths: readonly string[], flags: SendFlags): Promise<number> {
  const output = new CommandOutput('send', flags);
  const contradiction = contradictionIn(flags);
  if (contradiction !== undefined) return output.usage(contradiction);
  const found = findTicket(flags.to, process.env['UPD_TICKET']);
  if ('unreadable' in found) {
    return output.failure(asError(found.unreadable), exitCodes.localFile);
  }
  const ticket = found.ticket;
  if (ticket === undefined) return output.usage('say to whom: --to TICKET, or set UPD_TICKET');
  const content = readTicket(ticket);
  if (content === undefined) return output.usage(NO_TICKET);
  let receipts: Receipts;
  let endpoint: TransferEndpoint;
  try {
    receipts = new Receipts(flags.receipt);
    const engineOptions = engineOptionsOf(flags);
    endpoint = await createEndpoint({
      ...engineOptions,
      host: isIPv6(content.addresses[0]!.address) ? '::' : '0.0.0.0',
      privateKey: await ownKey(output),
      openTimeoutMs: engineOptions.giveUpMs ?? GIVE_UP_SECONDS * 1000,
    });
  } catch (error) {
    const failure = asError(error);
    return output.failure(failure, exitCodeOfError(failure.code));
  }
  try {
    return await sendAll(endpoint.send({ ticket, paths }), flags, output, receipts);
  } finally {
    await endpoint.close();
  }
}

async function sendAll(
  transfer: Transfer,
  flags: SendFlags,
  output: CommandOutput,
  receipts: Receipts,
): Promise<number> {
  const stopping = new Stopping(() => {
    transfer.cancel();
  });
  const startedAt = new Date();
  const { peer } = transfer;
  new TransferWatch({ output, isShown: flags.progress, peerOf: () => peer }).add(transfer);
  try {
    const result = await transfer.done;
    output.event(doneEvent(transfer, result));
    for (const item of result.items) output.result(deliveredItemLine(item, result, peer));
    reportFailures(result, peer, output);
    receipts.write(transfer, result, startedAt);
    return exitCodeOfResult(result);
  } catch (error) {
    const failure = asError(error);
    const exit = stopping.exitCode ?? exitCodeOfError(failure.code);
    const giveUpMs = (flags.giveUp ?? GIVE_UP_SECONDS) * 1000;
    output.problem(undeliveredLine(transfer.name, peer, failureClause(failure, peer, giveUpMs)));
    if (isResumable(failure)) {
      output.problem(safeLine`The same command goes on from what has arrived there.`);
    }
    output.event(errorEvent(failure, exit, transfer.id));
    return exit;
  } finally {
    stopping.end();
  }
}

/** What names a ticket: the word itself, `@FILE`, or the environment. */
function findTicket(
  to: string | undefined,
  fromEnvironment: string | undefined,
): { readonly ticket: string | undefined } | { readonly unreadable: unknown } {
  if (to?.startsWith('@') !== true)
    return { ticket: to ?? (fromEnvironment === '' ? undefined : fromEnvironment) };
  try {
    const [firstLine = ''] = readFileSync(to.slice(1), 'utf8').split(/\r?\n/, 1);
    return { ticket: firstLine.trim() };
  } catch (error) {
    return { unreadable: error };
  }
}

/** The key by which receivers know this user again; another one each time where it cannot be kept. */
async function ownKey(output: CommandOutput): Promise<Uint8Array> {
  const folder = stateFolder(process.env, process.platform, homedir());
  const { privateKey, unkept } = await openIdentityKey(join(folder, 'identity'));
  if (unkept !== undefined) {
    output.note(safeLine`The identity key cannot be kept: ${unkept.message}.`);
  }
  return privateKey;
}

const NO_TICKET =
  'that is no ticket, or not all of it: it is one word that begins with upd1; copy it once more from upd receive';
