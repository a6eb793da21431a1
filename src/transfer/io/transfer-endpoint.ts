import type dgram from 'node:dgram';
import type { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { ConflictPolicy } from '../files/disk.ts';
import type { TransferError } from '../files/transfer-error.ts';
import type {
  Introduction,
  SocketAddress,
  TransferProgress,
  TransferResult,
  TransferState,
} from '../files/transfer.ts';
import type { SendTarget } from './ticket/send-target.ts';

/**
 * Who decides how fast a connection sends. `bbr`: BBRv3 (draft-ietf-ccwg-bbr), which keeps its speed where
 * datagrams are lost; `cubic`: RFC 9438; `ledbat`: LEDBAT++ (draft-irtf-iccrg-ledbat-plus-plus), which gives
 * way to others; `fixed`: a window that never changes.
 */
export type CongestionName = 'bbr' | 'cubic' | 'ledbat' | 'fixed';

/** What is offered before the first byte, once for each file or folder that was named; a receiver decides on it. */
export interface Offer {
  /** As named in `expect`; with a ticket the sender's public key, 64 hex digits. */
  readonly from: string;
  /** Validated base name as the sender gave it (NFC); not yet made safe for a terminal. */
  readonly name: string;
  /** Of all files together; undefined for a stream, whose end tells. */
  readonly sizeBytes: number | undefined;
  /** A stream is a file. */
  readonly kind: 'file' | 'folder';
  /** Nothing else is sent with it. */
  readonly isAlone: boolean;
  /**
   * Aborted when nobody waits for the answer any more: the sender is gone or has cancelled, or the
   * endpoint closes. For whoever asks a person.
   */
  readonly signal: AbortSignal;
}

/**
 * What becomes of an offer: stored in the inbox under its own name (undefined) or another one, refused
 * with a reason that both sides see, or, of a file, written into a stream.
 *
 * A stream gets the bytes as they come, before the whole file was checked: only `done` says that they
 * were all and right. It is ended when they were, and destroyed with a `TransferError` when not.
 */
export type OfferAnswer =
  | undefined
  | {
      /** Under which it is stored; made storable, then unique. */
      readonly storedName: string;
    }
  | {
      /** Why not: a clause that both sides show. */
      readonly refuse: string;
    }
  | {
      /** Takes the bytes of a file; of a folder there is no such stream. */
      readonly into: Writable;
    };

/** How an endpoint is made; all of it may be left out. */
export interface EndpointOptions {
  /** Address the listening socket binds; default 127.0.0.1. */
  readonly host?: string;
  /** UDP port that receives openings; 0 (default) takes a free one. */
  readonly port?: number;
  /** 32 bytes by which peers know this endpoint again (X25519). Default: drawn, for this endpoint. */
  readonly privateKey?: Uint8Array;
  /** Where received files are published; must exist. Without it every offer is refused. */
  readonly inbox?: string;
  /**
   * Asked for every file and folder that is offered; what it throws refuses that. Default: all is
   * stored under its own name. A name that it answers is made storable, then unique.
   */
  readonly onOffer?: (offer: Offer) => OfferAnswer | Promise<OfferAnswer>;
  /** Larger offers are refused, and longer streams. Default: no limit, but 5 % of the disk stays free. */
  readonly maxSizeBytes?: number;
  /** Default `rename`. */
  readonly conflict?: ConflictPolicy;
  /** Default `bbr`; `fixed` needs `windowPackets`. */
  readonly congestion?: CongestionName;
  /** Window of `fixed`, in packets a connection; 1 is stop-and-wait. */
  readonly windowPackets?: number;
  /** To each peer at most this many bytes a second leave, headers of UDP and IP not counted. */
  readonly maxBytesPerSec?: number;
  /** No larger IP packet is sent, 1,228 to 65,535. Default: what interface and path carry. */
  readonly mtuBytes?: number;
  /** After this long without an answer from the peer, or in which nothing goes on, a transfer fails. Default 300,000. */
  readonly giveUpMs?: number;
  /**
   * An opening fails after this long without an answer, and after `giveUpMs` at the latest. Default: under
   * an introduction 60,000; with a ticket `giveUpMs`.
   */
  readonly openTimeoutMs?: number;
  /**
   * File that gets a trace of every packet (qlog, JSON-SEQ; docs/trace.md), made anew with mode 0600. An older
   * trace is replaced; anything else that stands there makes `createEndpoint` reject with `local-file`.
   */
  readonly trace?: string;
  /**
   * Makes the datagram sockets; a test or demo may hand in ones that misbehave. The engine then runs
   * in the caller's thread. Default: `dgram.createSocket`.
   */
  readonly createSocket?: (options: dgram.SocketOptions) => dgram.Socket;
}

/** What to send: files and folders by their paths, or one stream under a name. */
export type SendContent =
  | {
      /** What to send in one transfer, in this order: at least one. */
      readonly paths: readonly string[];
    }
  | {
      /**
       * Bytes (or text, as UTF-8) of unknown length. It is read as fast as the receiver takes them,
       * and destroyed when the transfer ends before it. Its transfer never goes on where an earlier
       * one stood.
       */
      readonly stream: Readable;
      /** Under which it is offered: a name without a folder, at most 255 bytes. */
      readonly name: string;
    };

/** What may be said of any send. */
export interface SendOptions {
  /** Aborting it cancels the transfer: `done` rejects with `cancelled`, whose `cause` is the reason. */
  readonly signal?: AbortSignal;
}

/** @throws `TypeError` from `send` when a ticket or a name is not valid */
export type SendRequest = SendTarget & SendContent & SendOptions;

/** How a ticket is made. */
export interface TicketOptions {
  /**
   * IP literals under which this endpoint may be reached, 1 to 4. Default: what it is bound to, or this
   * machine's addresses.
   */
  readonly addresses?: readonly string[];
  /** 32 bytes that nobody guesses; the same gives the same ticket. Default: drawn. */
  readonly secret?: Uint8Array;
}

/** What a connection is introduced for: files and folders, or one direct message. */
export type IntroductionPurpose = 'files' | 'message';

/** Datagrams of an opening, of two sizes. */
export interface OpeningCounts {
  /** OPENs, of 1,200 bytes: each asks for an answer. */
  readonly openCount: number;
  /** SCOUTs, of 548 bytes: only counted. */
  readonly scoutCount: number;
}

/**
 * What one side knows of an opening under an introduction. When it does not come about, the two sides
 * together know why: nothing arrived, nothing came back, or only what is small arrived.
 */
export interface OpeningNotes {
  /** This side opened, and the other one has answered. */
  readonly isAnswered: boolean;
  /** What left here, over all addresses, when this side opens and has no answer. */
  readonly sent?: OpeningCounts & {
    /** Since the first of them. */
    readonly sinceMs: number;
  };
  /** What came here with the tag of the introduction's holder, when this side expects it. */
  readonly seen?: OpeningCounts & {
    /** Answers that left. */
    readonly answerCount: number;
  };
}

/** A direct message to send. */
export interface MessageRequest {
  /** The other side expects it for a message. */
  readonly introduction: Introduction;
  /** Tried in turn; at most 4. */
  readonly addresses: readonly SocketAddress[];
  /** At most 12,288 bytes of UTF-8, not empty. */
  readonly text: string;
}

/** A direct message on its way. */
export interface SentMessage {
  /** Resolves once the other side's listener has shown it; rejects with a `TransferError`. */
  readonly done: Promise<void>;
  /** Ends it; `done` then rejects with `cancelled`. */
  cancel(): void;
}

/** A direct message that has come. */
export interface DirectMessage {
  /** As named in `expect`. */
  readonly from: string;
  /** As the sender gave it: not safe to print. */
  readonly text: string;
}

/**
 * Shows a direct message to a person. The sender is told that it was delivered when this has returned
 * or its promise is fulfilled; what it throws, when that is a `TransferError`, is told instead.
 */
export type MessageListener = (message: DirectMessage) => void | Promise<void>;

/** What a transfer emits. Nothing comes after `done` or `failed`. */
export interface TransferEvents {
  /** It got further, or `bytesPerSec` or `stalledMs` changed; at most ten times a second. */
  progress: [progress: TransferProgress];
  /** It is in another state now. */
  state: [state: TransferState];
  /** As the promise `done` resolves. */
  done: [result: TransferResult];
  /** As the promise `done` rejects; unlike `error`, whoever does not listen misses nothing. */
  failed: [error: TransferError];
}

/**
 * Files and folders, or a stream, on their way together.
 *
 * Iterating over it gives its progress: the newest each time, however slow the loop. The loop ends when
 * the transfer is done, and throws its `TransferError` if it fails; leaving the loop cancels nothing.
 */
export interface Transfer extends EventEmitter<TransferEvents>, AsyncIterable<TransferProgress> {
  /** Counts from 1 within an endpoint. */
  readonly id: number;
  /** As this endpoint takes part in it. */
  readonly direction: 'send' | 'receive';
  /** Whom the caller named in `send` or `expect`; of a ticket's holder its public key, 64 hex digits. */
  readonly peer: string;
  /** The name that was offered: base name of the source; of several, the first and how many more. */
  readonly name: string;
  /** At most 0.1 s old. */
  readonly state: TransferState;
  /** At most 0.1 s old. */
  readonly progress: TransferProgress;
  /**
   * Settles once; rejects with a `TransferError`, which is no unhandled rejection when nobody asks.
   * Resolves only when the receiver has all bytes verified and durable, or handed to its stream.
   */
  readonly done: Promise<TransferResult>;
  /** Ends it and tells the peer; `done` then rejects with `cancelled`, and `reason` as its `cause`. */
  cancel(reason?: unknown): void;
}

/** What an endpoint emits. */
export interface EndpointEvents {
  /**
   * An incoming transfer, once: when its offer was accepted (`running`), waits for room on the disk
   * (`paused`), or was refused. Of a refused one `state` is `failed` already, its `done` rejects with
   * the reason that the sender is told too, and its name may be empty, for an offer that cannot be read.
   */
  transfer: [transfer: Transfer];
  /** The trace cannot be written any further, and ends whole where it is; transfers go on. At most once. */
  traceFailed: [error: TransferError];
  /** It is closed; with an error when its engine failed. */
  close: [error?: TransferError];
}

/** Sends and receives files over UDP: one listening port, one socket more for each peer sent to. */
export interface TransferEndpoint extends EventEmitter<EndpointEvents>, AsyncDisposable {
  /** What the listening socket is bound to. */
  readonly address: SocketAddress;
  /** What introductions of this endpoint's peers name: 64 hex digits. */
  readonly publicKey: string;
  /** Bytes of receive buffer that the kernel granted the listening socket. */
  readonly receiveBufferBytes: number;
  /** Lets the holder of this introduction open one connection within 60 s; for files by default. */
  expect(introduction: Introduction, from: string, purpose?: IntroductionPurpose): void;
  /**
   * A word whose holders may send here until this endpoint closes, 65,536 transfers in all. Their name
   * is their public key: 64 hex digits. Throws when there are 16 already.
   */
  ticket(options?: TicketOptions): string;
  /** Returns at once; whatever goes wrong later rejects `done`. */
  send(request: SendRequest): Transfer;
  /** Returns at once; whatever goes wrong later rejects `done`. Needs an introduction for a message. */
  sendMessage(request: MessageRequest): SentMessage;
  /** What is known here of the opening under the introduction with this key id. */
  openingNotes(keyId: string): Promise<OpeningNotes>;
  /** The one listener of direct messages; without it they are refused. */
  onMessage(listener: MessageListener): void;
  /** Transfers that are not over, both directions; an incoming one since its event `transfer`. */
  readonly transfers: readonly Transfer[];
  /** Cancels what runs, tells the peers, waits for the lingers, closes the sockets. Also `await using`. */
  close(): Promise<void>;
}
