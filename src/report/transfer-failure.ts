import { formatDuration } from '../text/measures.ts';
import { TransferError } from '../transfer/index.ts';

/**
 * Why a transfer with `peer` failed, as a clause. The engine says that nobody answered; how long it
 * waited is what it was told.
 */
export function failureClause(
  { code, message }: TransferError,
  peer: string,
  giveUpMs: number,
): string {
  return code === 'lost' ? `${peer} vanished ${formatDuration(giveUpMs)} ago` : message;
}

/** The same failure, with what is told of it. */
export function explained(error: TransferError, clause: string): TransferError {
  return clause === error.message ? error : new TransferError(error.code, clause, { cause: error });
}

/** What has arrived is kept, so that the next try goes on from there. */
export function isResumable({ code }: TransferError): boolean {
  return ['lost', 'stalled', 'cancelled', 'no-space'].includes(code);
}

export function asError(error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  return new TransferError('internal', (error as Error).message, { cause: error });
}
