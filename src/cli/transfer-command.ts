import { safeLine } from '../text/safe-text.ts';
import { createEndpoint, type EndpointOptions, type TransferEndpoint } from '../transfer/index.ts';
import type { CommandOutput } from './command-output.ts';
import { type CommonFlags, engineOptionsOf, GIVE_UP_SECONDS } from './common-flags.ts';
import { exitCodeOfError } from '../report/exit-codes.ts';
import { withPortAdvice } from './port-advice.ts';
import { Receipts } from '../report/receipt.ts';
import { Stopping } from './stopping.ts';
import { asError } from '../report/transfer-failure.ts';

/** What `upd send` and `upd receive` work with, from their first line to their exit code. */
export interface TransferCommand {
  readonly output: CommandOutput;
  readonly receipts: Receipts;
  readonly endpoint: TransferEndpoint;
  readonly stopping: Stopping;
  /** How long nobody is heard before a transfer is given up. */
  readonly giveUpMs: number;
}

export interface TransferCommandOptions {
  readonly output: CommandOutput;
  readonly flags: CommonFlags;
  /** Besides what the common flags ask for; what it rejects with is the command's failure. */
  readonly endpointOptions: () => Promise<EndpointOptions>;
  /** Resolves with the exit code; what it rejects with is the command's failure. */
  readonly work: (command: TransferCommand) => Promise<number>;
}

/** Makes what a command needs, does its work and closes all again; resolves with the exit code. */
export async function runTransferCommand(options: TransferCommandOptions): Promise<number> {
  const { output, flags, endpointOptions, work } = options;
  const giveUpMs = (flags.giveUp ?? GIVE_UP_SECONDS) * 1000;
  const stopping = new Stopping();
  let endpoint: TransferEndpoint | undefined;
  try {
    const receipts = new Receipts(flags.receipt);
    endpoint = await createEndpoint({ ...engineOptionsOf(flags), ...(await endpointOptions()) });
    endpoint.on('traceFailed', ({ message }) => {
      output.problem(safeLine`upd ${output.command}: ${message}`);
    });
    if (stopping.exitCode !== undefined) return stopping.exitCode;
    return await work({ output, receipts, endpoint, stopping, giveUpMs });
  } catch (error) {
    const failure = endpoint === undefined ? withPortAdvice(asError(error)) : asError(error);
    return output.failure(failure, stopping.exitCode ?? exitCodeOfError(failure.code));
  } finally {
    await endpoint?.close();
    stopping.end();
  }
}

/** Whoever waits for others hears of an endpoint that has failed only so: nobody comes to it any more. */
export function rejectOnFailure(endpoint: TransferEndpoint, reject: (error: Error) => void): void {
  endpoint.on('close', (error) => {
    if (error !== undefined) reject(error);
  });
}
