import type { TransferError, TransferErrorCode } from './transfer-error.ts';
import type { TransferLimit } from './transfer-limit.ts';

/** What an introduction gives a side: with whom, and under which key, one connection may be opened. */
export interface Introduction {
  /** 16 hex digits (8 bytes); OPEN names it. */
  readonly keyId: string;
  /** 64 hex digits (32 bytes), the same on both sides. */
  readonly secret: string;
  /** `publicKey` of the other side's endpoint: 64 hex digits. */
  readonly peerKey: string;
}

/** Where a UDP socket is. */
export interface SocketAddress {
  /** An IPv4 or IPv6 literal. */
  readonly address: string;
  /** 1 to 65,535. */
  readonly port: number;
}

/** The way of a transfer: straight from one machine to the other. */
export interface TransferRoute {
  /** Where the other side's datagrams come from. */
  readonly peer: SocketAddress;
  /** Milliseconds there and back, smoothed (RFC 9002 §5.3); absent before it was measured. */
  readonly roundTripMs?: number;
}

/** How far a transfer is, at one moment. */
export interface TransferProgress {
  /** Bytes of content that the other side holds (sending) or that arrived in order (receiving). */
  readonly transferredBytes: number;
  /** Undefined while a stream has not ended. */
  readonly totalBytes: number | undefined;
  /** Over about the last second. */
  readonly bytesPerSec: number;
  /** Milliseconds without progress; 0 unless the transfer is stalled. */
  readonly stalledMs: number;
  /** Why nothing goes on. Undefined unless `stalled`. */
  readonly stallReason?: StallReason;
  /** Why it waits: the receiver's disk is full, or a person said so. Undefined unless `paused`. */
  readonly pauseReason?: PauseReason;
  /** Absent until the connection is open. */
  readonly route?: TransferRoute;
}

/** Why a transfer waits: the receiver's disk is full, or a person said so. */
export type PauseReason = 'no-space' | 'user';

/**
 * Why nothing goes on. `no-answer`: the other side is not heard, it is asked again and again.
 * `not-accepted`: the receiver has not answered the offer. `sender`: the sending side has nothing to send,
 * its source gives nothing. `receiver`: the receiving side takes nothing, its disk is at work.
 */
export type StallReason = 'no-answer' | 'not-accepted' | 'sender' | 'receiver';

/** A file below a folder that was delivered. */
export interface FileResult {
  /** As it was offered: from the base name of the folder, parted by `/`. Not safe to print. */
  readonly name: string;
  /** Of its content. */
  readonly sizeBytes: number;
  /** SHA-256 of its content as 64 hex digits, equal on both sides. */
  readonly sha256: string;
}

/** One of the paths that a transfer was asked to send, as it was delivered. */
export interface ItemResult {
  /** A folder stands for all that lies below it. */
  readonly kind: 'file' | 'folder';
  /** Its base name as it was offered. Not safe to print. */
  readonly name: string;
  /**
   * Where the receiver stored it (receiving side), or the source's path (sending side); empty on a side
   * where it was a stream.
   */
  readonly path: string;
  /** Of the files of it that were delivered. */
  readonly totalBytes: number;
  /** Files of it that were delivered. */
  readonly fileCount: number;
  /** SHA-256 of a file's content as 64 hex digits, equal on both sides. */
  readonly sha256?: string;
  /** Of a folder: what was delivered of it, in the order of the offer; the first of the transfer's. */
  readonly files?: readonly FileResult[];
}

/** A file or folder that was not delivered while others were. */
export interface EntryFailure {
  /** Relative, from the base name of what was sent, parted by `/`. Not safe to print. */
  readonly name: string;
  /** As that of a `TransferError`. */
  readonly code: TransferErrorCode;
  /** A clause for people. Not safe to print: the other side may have written it. */
  readonly reason: string;
}

/** Failures, and links, that a result lists; `failedCount` and `skippedCount` count the others too. */
export const MAX_LISTED_FAILURES = 1_000;
/** Items that a result lists; what was sent as one folder is one. */
export const MAX_LISTED_ITEMS = 10_000;
/** Files below folders that a result lists, of all folders together; `fileCount` counts the others too. */
export const MAX_LISTED_FILES = 10_000;

/** At least one file, or an empty folder, was delivered. */
export interface TransferResult {
  /** Of the files that were delivered. */
  readonly totalBytes: number;
  /** Milliseconds since the connection was opened, without a second or more that a person took to accept it. */
  readonly elapsedMs: number;
  /** `path` of the first item. */
  readonly path: string;
  /** SHA-256 of the content as 64 hex digits, equal on both sides; empty unless it is one file. */
  readonly sha256: string;
  /** What was delivered, in the order of the paths. */
  readonly items: readonly ItemResult[];
  /** Files that were delivered. */
  readonly fileCount: number;
  /** What was not delivered. Scripts are told with exit code 23. */
  readonly failures: readonly EntryFailure[];
  /** Of all failures, listed or not. */
  readonly failedCount: number;
  /** Symbolic links inside folders, which were left out (sending side). */
  readonly skippedLinks: readonly string[];
  /** Of all such links, listed or not. */
  readonly skippedCount: number;
  /** Content bytes that were sent more than once (sending side). */
  readonly retransmittedBytes: number;
  /** Packets that the sender declared lost (sending side). */
  readonly packetsLostCount: number;
  /** What limited it, the same on both sides; absent where the other side did not say. */
  readonly limit?: TransferLimit;
  /** The way that it took, as it was at the end. */
  readonly route?: TransferRoute;
}

/** `checking`: all has arrived, and content that was sent before is still read for its hash. */
export type TransferState =
  'waiting' | 'opening' | 'running' | 'stalled' | 'paused' | 'checking' | 'done' | 'failed';

/** A transfer as its engine has it. `done` settles once; nothing is reported after it. */
export interface EngineTransfer {
  /** Counts from 1 within an endpoint. */
  readonly id: number;
  readonly direction: 'send' | 'receive';
  /** Whom the caller named in `send` or `expect`; of a ticket's holder its public key, 64 hex digits. */
  readonly peer: string;
  /** The name that was offered: base name of the source; of several, the first and how many more. */
  readonly name: string;
  readonly state: TransferState;
  readonly progress: TransferProgress;
  /** Rejects with a `TransferError`. */
  readonly done: Promise<TransferResult>;
  /** Ends it and tells the peer; `done` then rejects with `cancelled`. */
  cancel(): void;
}

export type { TransferError };
