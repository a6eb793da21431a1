import { CloseCode, type CloseReason } from '../core/transport.ts';
import type { FailureMessage } from './records/message.ts';
import { cleanReason } from './records/reason.ts';
import { TransferError, type TransferErrorCode } from './transfer-error.ts';

interface Meaning {
  readonly code: TransferErrorCode;
  /** Said when the close carries no reason. */
  readonly text: string;
}

const meanings: Record<CloseCode, Meaning> = {
  [CloseCode.ok]: { code: 'protocol', text: 'the peer ended the connection too early' },
  [CloseCode.cancelled]: { code: 'cancelled', text: 'cancelled' },
  [CloseCode.refused]: { code: 'refused', text: 'refused by the peer' },
  [CloseCode.violation]: { code: 'protocol', text: 'the protocol was broken' },
  [CloseCode.vanished]: { code: 'lost', text: 'the peer vanished' },
  [CloseCode.unanswered]: { code: 'unanswered', text: 'no answer from the peer' },
  [CloseCode.version]: { code: 'version', text: 'no common protocol version' },
  [CloseCode.busy]: { code: 'refused', text: 'the peer has no room for another transfer now' },
  [CloseCode.internal]: { code: 'internal', text: 'the peer failed' },
  [CloseCode.integrity]: { code: 'integrity', text: 'what arrived is not what was sent' },
  [CloseCode.stalled]: { code: 'stalled', text: 'nothing went on for too long' },
  [CloseCode.noSpace]: { code: 'no-space', text: 'the disk was full for too long' },
  [CloseCode.partly]: { code: 'protocol', text: 'the peer ended the connection too early' },
};

/** What the end of its connection means for a transfer that is not over. */
export function errorOfClose(close: CloseReason): TransferError {
  const { code, text } = meanings[close.code];
  // A good end of an unfinished transfer is the peer's mistake, whatever it says of it.
  const isGood = close.code === CloseCode.ok || close.code === CloseCode.partly;
  const reason = isGood ? '' : cleanReason(close.reason);
  return new TransferError(code, reason === '' ? text : reason);
}

/**
 * What a peer's REJECT or FAIL means here. Its local file is not ours: seen from here the other side
 * could not take part, so scripts that look for a local mistake are not misled.
 */
export function errorOfFailure(message: FailureMessage): TransferError {
  const code = message.code === 'local-file' ? 'refused' : message.code;
  return new TransferError(code, message.reason === '' ? 'refused by the peer' : message.reason);
}

/** With which code a connection is closed when its transfer has failed. */
export function closeCodeOf(code: TransferErrorCode): CloseCode {
  switch (code) {
    case 'refused':
    case 'exists':
      return CloseCode.refused;
    case 'integrity':
      return CloseCode.integrity;
    case 'version':
      return CloseCode.version;
    case 'protocol':
      return CloseCode.violation;
    case 'internal':
      return CloseCode.internal;
    case 'stalled':
      return CloseCode.stalled;
    case 'no-space':
      return CloseCode.noSpace;
    default:
      return CloseCode.cancelled;
  }
}
