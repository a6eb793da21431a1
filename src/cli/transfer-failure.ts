import { TransferError } from '../transfer/index.ts';
import { formatDuration } from '../text/measures.ts';

/** Why a transfer failed, as a clause that names the next step where there is one. */
export function failureClause(
  { code, message }: TransferError,
  peer: string,
  giveUpMs: number,
): string {
  switch (code) {
    case 'unanswered':
      return `no answer for ${formatDuration(giveUpMs)}; is upd receive still running there, and was this its last ticket?`;
    case 'lost':
      return `${peer} vanished ${formatDuration(giveUpMs)} ago`;
    default:
      return message;
  }
}

/** What has arrived is kept, so that the next try goes on from there. */
export function isResumable({ code }: TransferError): boolean {
  return code === 'lost' || code === 'cancelled' || code === 'no-space';
}

export function asError(error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  return new TransferError('internal', (error as Error).message, { cause: error });
}
