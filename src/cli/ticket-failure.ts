import { failureClause } from '../report/transfer-failure.ts';
import { formatDuration } from '../text/measures.ts';
import type { TransferError } from '../transfer/index.ts';

/** As `failureClause`, where a ticket names the peer: also what to look at when nobody answers. */
export function ticketFailureClause(error: TransferError, peer: string, giveUpMs: number): string {
  if (error.code !== 'unanswered') return failureClause(error, peer, giveUpMs);
  return `no answer for ${formatDuration(giveUpMs)}; is upd receive still running there, and was this its last ticket?`;
}
