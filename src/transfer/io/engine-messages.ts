import { inspect } from 'node:util';
import { TransferError, type TransferErrorCode } from '../files/transfer-error.ts';
import type {
  Introduction,
  SocketAddress,
  TransferProgress,
  TransferResult,
  TransferState,
} from '../files/transfer.ts';
import type {
  DirectMessage,
  EndpointOptions,
  IntroductionPurpose,
  MessageRequest,
  Offer,
  SendRequest,
} from './transfer-endpoint.ts';

/**
 * What the caller's thread and the engine's thread tell each other. All of it can be cloned.
 *
 * ```
 *   caller's thread                                    engine's thread
 *   ThreadedEndpoint  ── open, send, cancel, expect, ─▶  EngineHost
 *                        ticket, named, read, close
 *                    ◀── ready | failed, naming,
 *                        received, progress, ended
 *                    and of direct messages:
 *                    ── send-message, cancel-message, shown ─▶
 *                    ◀── message, message-ended
 * ```
 *
 * A transfer has a key on both sides: the caller numbers what it sends from 1 upward, the engine what
 * it receives from -1 downward.
 */
export type ToEngine =
  /** First of all, and once. */
  | { readonly type: 'open'; readonly options: PortableOptions }
  | { readonly type: 'send'; readonly key: number; readonly request: SendRequest }
  /** Lets the holders of a ticket in: the caller's thread has made it. */
  | { readonly type: 'ticket'; readonly secret: Uint8Array }
  | { readonly type: 'cancel'; readonly key: number }
  | {
      readonly type: 'expect';
      readonly introduction: Introduction;
      readonly from: string;
      readonly purpose: IntroductionPurpose;
    }
  /** Keys of messages are counted like those of what is sent. */
  | { readonly type: 'send-message'; readonly key: number; readonly request: MessageRequest }
  | { readonly type: 'cancel-message'; readonly key: number }
  /** The answer to `message`; with an error when it was not shown. */
  | { readonly type: 'shown'; readonly question: number; readonly error?: PortableError }
  /** The answer to `naming`. */
  | { readonly type: 'named'; readonly question: number; readonly storedName: string }
  | { readonly type: 'unnamed'; readonly question: number; readonly error: string }
  /** The last `progress` was read: another may come. */
  | { readonly type: 'read' }
  /** Last of all: when everything has ended, so does the thread. */
  | { readonly type: 'close' };

export type FromEngine =
  | {
      readonly type: 'ready';
      readonly address: SocketAddress;
      readonly publicKey: string;
      readonly receiveBufferBytes: number;
    }
  /** In place of `ready`. */
  | { readonly type: 'failed'; readonly error: PortableError }
  /** Asks the caller's `storedName`. */
  | { readonly type: 'naming'; readonly question: number; readonly offer: Offer }
  /** Asks the caller to show a direct message. */
  | { readonly type: 'message'; readonly question: number; readonly message: DirectMessage }
  /** Of a direct message that was sent; without an error it was shown. */
  | { readonly type: 'message-ended'; readonly key: number; readonly error?: PortableError }
  | ({ readonly type: 'received'; readonly peer: string; readonly name: string } & Standing)
  /** Of transfers that went on since the last one. At most one is on its way unread. */
  | { readonly type: 'progress'; readonly standings: readonly Standing[] }
  | ({ readonly type: 'ended'; readonly outcome: PortableOutcome } & Standing);

/** How far a transfer is. */
export interface Standing {
  readonly key: number;
  readonly state: TransferState;
  readonly progress: TransferProgress;
}

export type PortableOutcome =
  { readonly result: TransferResult } | { readonly error: PortableError };

/** Functions stay in the caller's thread. */
export type PortableOptions = Omit<EndpointOptions, 'createSocket' | 'storedName'> & {
  /** The caller has a `storedName`. */
  readonly isNaming: boolean;
};

/** A `TransferError` as it travels. */
export interface PortableError {
  readonly code: TransferErrorCode;
  readonly message: string;
  readonly cause: { readonly message: string; readonly code: string | undefined } | undefined;
}

export function toPortableError({ code, message, cause }: TransferError): PortableError {
  if (cause === undefined) return { code, message, cause: undefined };
  if (!(cause instanceof Error)) {
    return { code, message, cause: { message: inspect(cause), code: undefined } };
  }
  const systemCode = (cause as NodeJS.ErrnoException).code;
  return { code, message, cause: { message: cause.message, code: systemCode } };
}

/** The cause keeps its text and the system's code. */
export function fromPortableError({ code, message, cause }: PortableError): TransferError {
  if (cause === undefined) return new TransferError(code, message);
  const error = new Error(cause.message);
  if (cause.code !== undefined) Object.assign(error, { code: cause.code });
  return new TransferError(code, message, { cause: error });
}
