import { inspect } from 'node:util';
import { TransferError, type TransferErrorCode } from '../../files/transfer-error.ts';
import type {
  Introduction,
  SocketAddress,
  TransferProgress,
  TransferResult,
  TransferState,
} from '../../files/transfer.ts';
import type { EnginePeer } from '../engine-endpoint.ts';
import type {
  DirectMessage,
  EndpointOptions,
  IntroductionPurpose,
  MessageRequest,
  Offer,
  OpeningNotes,
} from '../transfer-endpoint.ts';

/**
 * What the caller's thread and the engine's thread tell each other. All of it can be cloned.
 *
 * ```
 *   caller's thread                                    engine's thread
 *   ThreadedEndpoint  ── open, send, cancel, expect, ─▶  EngineHost
 *                        ticket, answer, read, close
 *                    ◀── ready | failed, offered, withdrawn,
 *                        received, progress, ended,
 *                        trace-failed
 *                    and of streams:
 *                    ── chunk ─▶ ◀── pull, unpull      sent
 *                    ── taken ─▶ ◀── sink              received
 *                    and of direct messages:
 *                    ── send-message, cancel-message, shown ─▶
 *                    ◀── message, message-ended
 *                    and of openings:
 *                    ── ask-notes ─▶ ◀── notes
 * ```
 *
 * A transfer has a key on both sides: the caller numbers what it sends from 1 upward, the engine what
 * it receives from -1 downward.
 */
export type ToEngine =
  /** First of all, and once. */
  | { readonly type: 'open'; readonly options: PortableOptions }
  | { readonly type: 'send'; readonly key: number; readonly request: PortableSendRequest }
  /** Lets the holders of a ticket in: the caller's thread has made it. */
  | { readonly type: 'ticket'; readonly secret: Uint8Array }
  | { readonly type: 'cancel'; readonly key: number }
  | {
      readonly type: 'expect';
      readonly introduction: Introduction;
      readonly from: string;
      readonly purpose: IntroductionPurpose;
    }
  /** `notes` answers it. */
  | { readonly type: 'ask-notes'; readonly question: number; readonly keyId: string }
  /** Keys of messages are counted like those of what is sent. */
  | { readonly type: 'send-message'; readonly key: number; readonly request: MessageRequest }
  | { readonly type: 'cancel-message'; readonly key: number }
  /** The answer to `message`; with an error when it was not shown. */
  | { readonly type: 'shown'; readonly question: number; readonly error?: PortableError }
  /** The answer to `offered`. */
  | { readonly type: 'answer'; readonly question: number; readonly answer: PortableAnswer }
  | ({ readonly type: 'chunk' } & ChunkRead)
  | ({ readonly type: 'taken' } & SinkAnswer)
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
  /** Asks the caller's `onOffer`. */
  | { readonly type: 'offered'; readonly question: number; readonly offer: PortableOffer }
  /** Nobody waits for the answer to that `offered` any more; it is given all the same. */
  | { readonly type: 'withdrawn'; readonly question: number }
  /** Asks for the next bytes of the stream that the transfer of this key sends; a `chunk` answers. */
  | { readonly type: 'pull'; readonly key: number }
  /** No more is asked of it. */
  | { readonly type: 'unpull'; readonly key: number }
  | ({ readonly type: 'sink' } & SinkAsk)
  /** Asks the caller to show a direct message. */
  | { readonly type: 'message'; readonly question: number; readonly message: DirectMessage }
  /** Of a direct message that was sent; without an error it was shown. */
  | { readonly type: 'message-ended'; readonly key: number; readonly error?: PortableError }
  | { readonly type: 'notes'; readonly question: number; readonly notes: OpeningNotes }
  /** The trace cannot be written any further. */
  | { readonly type: 'trace-failed'; readonly error: PortableError }
  | ({ readonly type: 'received'; readonly peer: string; readonly name: string } & Standing)
  /** Of transfers that went on since the last one. At most one is on its way unread. */
  | { readonly type: 'progress'; readonly standings: readonly Standing[] }
  | ({ readonly type: 'ended'; readonly outcome: PortableOutcome } & Standing);

/** Bytes of a stream that is sent; none at its end, or where it has failed. */
export interface ChunkRead {
  readonly key: number;
  readonly bytes?: Uint8Array;
  readonly error?: PortableError;
}

/** Something for the stream that the answer to `question` named: bytes, its end, or its failure. */
export type SinkAsk = { readonly question: number } & (
  | { readonly ask: 'write'; readonly bytes: Uint8Array }
  | { readonly ask: 'end' }
  /** Nothing answers it. */
  | { readonly ask: 'abort'; readonly error: PortableError }
);

/** The last `write` or `end` was taken, or could not be. */
export interface SinkAnswer {
  readonly question: number;
  readonly error?: PortableError;
}

/** How far a transfer is. */
export interface Standing {
  readonly key: number;
  readonly state: TransferState;
  readonly progress: TransferProgress;
}

export type PortableOutcome =
  { readonly result: TransferResult } | { readonly error: PortableError };

/** Functions stay in the caller's thread. */
export type PortableOptions = Omit<EndpointOptions, 'createSocket' | 'onOffer'> & {
  /** The caller has an `onOffer`. */
  readonly isAsking: boolean;
};

/** What `onOffer` is asked about; its signal is made in the caller's thread. */
export type PortableOffer = Omit<Offer, 'signal'>;

/** The caller's thread reads the stream. */
export type PortableSendRequest = EnginePeer &
  ({ readonly paths: readonly string[] } | { readonly streamName: string });

/** What the caller's `onOffer` says; it has the stream. */
export interface PortableAnswer {
  readonly storedName?: string;
  readonly refuse?: string;
  readonly isStream?: boolean;
  /** It has thrown. */
  readonly error?: string;
}

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
