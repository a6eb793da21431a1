import type { TransferError } from './transfer-error.ts';

/** What an introduction gives a side: with whom, and under which key, one connection may be opened. */
export interface Introduction {
  /** 16 hex digits (8 bytes); OPEN names it. */
  readonly keyId: string;
  /** 64 hex digits (32 bytes), the same on both sides. */
  readonly secret: string;
  /** `publicKey` of the other side's endpoint: 64 hex digits. */
  readonly peerKey: string;
}

export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

export interface TransferProgress {
  /** Bytes of content that the other side holds (sending) or that arrived in order (receiving). */
  readonly transferredBytes: number;
  readonly totalBytes: number;
  /** Over about the last second. */
  readonly bytesPerSec: number;
  /** Milliseconds without progress; 0 unless the transfer is stalled. */
  readonly stalledMs: number;
}

export interface TransferResult {
  readonly totalBytes: number;
  readonly elapsedMs: number;
  /** Where the receiver stored it (receiving side), or the source's path (sending side). */
  readonly path: string;
  /** SHA-256 of the content as 64 hex digits, equal on both sides. */
  readonly sha256: string;
  /** Content bytes sent more than once, and packets the sender declared lost (sending side). */
  readonly retransmittedBytes: number;
  readonly packetsLostCount: number;
}

export type TransferState = 'waiting' | 'opening' | 'running' | 'stalled' | 'done' | 'failed';

/** One file on its way. `done` settles exactly once; nothing is reported after it. */
export interface Transfer {
  /** Counts from 1 within an endpoint. */
  readonly id: number;
  readonly direction: 'send' | 'receive';
  /** Whom the caller named in `send` or `expect`. */
  readonly peer: string;
  /** The name that was offered: base name of the source, as the sender gave it. */
  readonly name: string;
  readonly state: TransferState;
  readonly progress: TransferProgress;
  /** Rejects with a `TransferError`. */
  readonly done: Promise<TransferResult>;
  /** Ends it and tells the peer; `done` then rejects with `cancelled`. */
  cancel(): void;
}

export type { TransferError };
