import { benchTicket } from '../bench/bench-ticket.ts';
import { takeBench } from '../bench/bench-content.ts';
import { doneEvent, errorEvent, ticketEvent } from '../report/events.ts';
import { exitCodeOfError, exitCodes } from '../report/exit-codes.ts';
import { limitText } from '../report/result-lines.ts';
import { asError } from '../report/transfer-failure.ts';
import { formatTransfer } from '../text/measures.ts';
import { safeLine, safeText } from '../text/safe-text.ts';
import { createEndpoint, readTicket, type Transfer } from '../transfer/index.ts';
import type { CommandOutput } from './command-output.ts';
import { withPortAdvice } from './port-advice.ts';
import { Stopping } from './stopping.ts';
import { isStdoutFailing } from './terminal/stdout-watch.ts';
import { rejectOnFailure } from './transfer-command.ts';

export interface ListenFlags {
  readonly host: string;
  readonly port: number;
  readonly giveUp: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Of a sender's public key, enough to tell senders apart. */
const SHOWN_KEY_DIGITS = 16;

/** `upd bench --listen`: until a signal ends it; resolves with the exit code. */
export async function listenForBenches(
  { host, port, giveUp }: ListenFlags,
  output: CommandOutput,
): Promise<number> {
  const stopping = new Stopping();
  const stopped = new Promise<number>((resolve) => {
    stopping.onStop(resolve);
  });
  try {
    await using endpoint = await createEndpoint({
      ...{ host, port, onOffer: takeBench, giveUpMs: giveUp * 1000 },
    });
    endpoint.on('transfer', (transfer) => {
      void tell(transfer, output);
    });
    const ticket = endpoint.ticket();
    const addresses = readTicket(ticket)!.addresses.map(({ address }) => address);
    output.result(safeText(benchTicket(ticket)));
    output.event(ticketEvent(benchTicket(ticket), addresses, endpoint.address.port));
    const shown = `${benchTicket(ticket).slice(0, 14)}…`;
    output.note(
      safeLine`Waiting: upd bench --to ${shown} on the other machine. Nothing is stored; Ctrl-C ends it.`,
    );
    // Nobody can measure with a ticket that nobody has seen.
    const unshown = new Promise<number>((resolve) => {
      void isStdoutFailing().then((isFailing) => {
        if (isFailing) resolve(exitCodes.localFile);
      });
    });
    const failed = new Promise<never>((_resolve, reject) => {
      rejectOnFailure(endpoint, reject);
    });
    return await Promise.race([stopped, unshown, failed]);
  } catch (error) {
    const failure = withPortAdvice(asError(error));
    return output.failure(failure, stopping.exitCode ?? exitCodeOfError(failure.code));
  } finally {
    stopping.end();
  }
}

async function tell(transfer: Transfer, output: CommandOutput): Promise<void> {
  const from = transfer.peer.slice(0, SHOWN_KEY_DIGITS);
  try {
    const result = await transfer.done;
    const { totalBytes, elapsedMs, limit } = result;
    output.event(doneEvent(result, transfer.id));
    const by = limit === undefined ? '' : `; limited by: ${limitText(limit)}`;
    output.result(safeLine`From ${from}: ${formatTransfer(totalBytes, elapsedMs)}${by}`);
  } catch (thrown) {
    const error = asError(thrown);
    const { id, name } = transfer;
    output.problem(safeLine`upd bench: from ${from}: ${error.message}`);
    output.event(errorEvent(error, exitCodeOfError(error.code), { id, name }));
  }
}
