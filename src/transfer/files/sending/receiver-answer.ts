import { errorOfFailure } from '../close-meaning.ts';
import { decodeLimit } from '../records/limit-message.ts';
import {
  type AcceptMessage,
  decodeAccept,
  decodeAgain,
  decodeFailure,
  decodeMiss,
  decodePause,
  MessageType,
} from '../records/message.ts';
import type { TransferError } from '../transfer-error.ts';
import type { TransferLimit } from '../transfer-limit.ts';
import type { PauseReason } from '../transfer.ts';

/** A record of the receiver, as `ReceiverAnswers` wrote it. */
export type ReceiverAnswer =
  | { readonly kind: 'accept'; readonly accept: AcceptMessage }
  | { readonly kind: 'again'; readonly entryIndex: number }
  | { readonly kind: 'miss'; readonly entryIndex: number; readonly error: TransferError }
  | { readonly kind: 'pause'; readonly reason: PauseReason }
  | { readonly kind: 'resume' }
  | { readonly kind: 'working' }
  | { readonly kind: 'limit'; readonly limit: TransferLimit }
  | { readonly kind: 'done' }
  | { readonly kind: 'failure'; readonly error: TransferError };

/** Undefined for a record that a receiver does not write, or that is broken. */
export function decodeAnswer(type: number, body: Uint8Array): ReceiverAnswer | undefined {
  switch (type) {
    case MessageType.accept: {
      const accept = decodeAccept(body);
      return accept && { kind: 'accept', accept };
    }
    case MessageType.again: {
      const entryIndex = decodeAgain(body);
      return entryIndex === undefined ? undefined : { kind: 'again', entryIndex };
    }
    case MessageType.miss: {
      const miss = decodeMiss(body);
      return miss && { kind: 'miss', entryIndex: miss.entryIndex, error: errorOfFailure(miss) };
    }
    case MessageType.pause: {
      const reason = decodePause(body);
      return reason && { kind: 'pause', reason };
    }
    case MessageType.resume:
      return body.length > 0 ? undefined : { kind: 'resume' };
    case MessageType.working:
      return body.length > 0 ? undefined : { kind: 'working' };
    case MessageType.limit: {
      const limit = decodeLimit(body);
      return limit && { kind: 'limit', limit };
    }
    case MessageType.done:
      return body.length > 0 ? undefined : { kind: 'done' };
    case MessageType.reject:
    case MessageType.fail: {
      const failure = decodeFailure(body);
      return failure && { kind: 'failure', error: errorOfFailure(failure) };
    }
    default:
      return undefined;
  }
}
