/** Stable codes of why a transfer failed; PRODUCT's exit codes are derived from them. */
export const transferErrorCodes = [
  'local-file', // no such file, unreadable, a device, FIFO or socket, a failed disk operation
  'refused', // by the other side: its user, its policy, --max-size, a name it cannot store
  'unanswered', // never connected
  'lost', // connected, then the peer vanished
  'stalled', // connected and answered, and nothing went on for too long
  'cancelled', // by this side's user or the other's
  'source-changed', // the source changed while being sent
  'integrity', // what arrived is not what was sent
  'no-space', // disk full for too long
  'version', // no common protocol version
  'exists', // the name exists and the receiver skips
  'protocol', // the peer broke the protocol
  'internal', // our fault
] as const;
/** One of `transferErrorCodes`; docs/library.md says what each means. */
export type TransferErrorCode = (typeof transferErrorCodes)[number];

/** Why a transfer failed: the peer's or the world's fault, never a bug of ours (those assert). */
export class TransferError extends Error {
  /** The same for each, so that a log tells it from other errors. */
  override readonly name = 'TransferError';
  /** What to decide by: it never changes its meaning, as texts may. */
  readonly code: TransferErrorCode;

  constructor(code: TransferErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A disk rejects with `TransferError` only; anything else is a bug of ours and says so. */
export function asTransferError(error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  return new TransferError('internal', 'an unexpected failure', { cause: error });
}
