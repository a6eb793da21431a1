/**
 * What the core shows to the layers above and to its driver. `Endpoint` implements `Transport`,
 * `Connection` implements `TransportConnection`.
 */

import type { ConnectionStats, HeldTimes } from './connection/connection-stats.ts';
import type { PacketSession } from './wire/packet-session.ts';

export type { ConnectionStats, HeldTimes };

/** One side of a UDP path as the operating system names it. */
export interface PeerAddress {
  readonly address: string;
  readonly port: number;
}

/** A lent buffer that `pollTransmit` fills with one datagram. */
export interface Transmit {
  /** At least as long as the largest datagram; the datagram stands in its first `length` bytes. */
  readonly buffer: Uint8Array;
  length: number;
  /** Where the datagram goes. */
  to: PeerAddress;
}

/** Why a connection ended. `ok` and `partly` are the only good ones. Stable: travels in CLOSE. */
export const CloseCode = {
  ok: 0,
  cancelled: 1,
  refused: 2,
  /** The peer broke the protocol. */
  violation: 3,
  /** No checked packet for the idle time: said by our own side only, never sent. */
  vanished: 4,
  /** The opening was never answered: said by our own side only, never sent. */
  unanswered: 5,
  version: 6,
  /** No room for another connection now; trying again later may work. */
  busy: 7,
  internal: 8,
  integrity: 9,
  /** The peer answered, and nothing went on for too long. */
  stalled: 10,
  /** The receiver's disk was full for too long. */
  noSpace: 11,
  /** All that was to be sent is over, and some of it was left out. */
  partly: 12,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

const closeCodes = new Set<number>(Object.values(CloseCode));

/** What a CLOSE of the peer says: one of a later version, or one that is never sent, is `internal`. */
export function closeCodeOfPeer(code: number): CloseCode {
  const isSent = code !== CloseCode.vanished && code !== CloseCode.unanswered;
  return isSent && closeCodes.has(code) ? (code as CloseCode) : CloseCode.internal;
}

export interface CloseReason {
  readonly code: CloseCode;
  /** At most 256 bytes of UTF-8 from whoever closed. Not safe to print. */
  readonly reason: string;
  /** Whether the peer said it (by CLOSE) or this side did. */
  readonly byPeer: boolean;
}

/**
 * A reliable, ordered, flow-controlled byte stream in both directions.
 *
 * All methods run to completion. After any of them the driver drains the endpoint again.
 */
export interface TransportConnection {
  /** Unique within the endpoint and never reused. */
  readonly handle: number;
  /** True on the side that called `open`. */
  readonly isOpener: boolean;
  /** The key id of the introduction that opened it, as 16 hex digits. */
  readonly keyId: string;
  /** What its handshake has settled; the layer above knows how to seal its records under it. */
  readonly session: PacketSession;
  readonly peerAddress: PeerAddress;
  readonly isClosed: boolean;
  readonly stats: ConnectionStats;

  /**
   * Bytes that `write` should add at most now; 0 means: wait for `writable`. It bounds what stands
   * unsent. Bytes in flight are bounded by the peer's credit.
   */
  readonly writeRoomBytes: number;
  /** Bytes the peer has acknowledged, counted from the start of the stream without gaps. */
  readonly acknowledgedBytes: number;
  /**
   * Largest record (header and tag included) that should be started at the end of what was written
   * so far, so that it fits the peer's credit twice (DESIGN §3, Records). Never under 4 KiB.
   */
  readonly recordLimitBytes: number;
  /**
   * Appends to the stream. The bytes are not copied: they must not change until they are
   * acknowledged. Ignored after `close`.
   */
  write(chunk: Uint8Array): void;
  /** Marks the end of a turn: the last packet asks for an ACK at once and the tail rule applies. */
  flush(): void;
  /** Ends this direction: FIN at the end of what was written. */
  finish(): void;

  /** Next unread bytes, contiguous; a view that is valid until `consume`. Empty when none. */
  peek(): Uint8Array;
  /** Bytes readable in order, over all segments. */
  readonly readableBytes: number;
  /** Gives `byteCount` bytes back: they count as read, and their credit returns to the peer. */
  consume(byteCount: number): void;
  /** True once the peer's FIN and every byte before it have been consumed. */
  readonly isReadFinished: boolean;

  /** When the last packet came that passed its check and was no copy of another, microseconds of the endpoint's clock. */
  readonly silentSinceUs: number;
  /** Asks the peer for a sign of life. */
  ping(): void;
  /**
   * Sends one MTU probe, where one is due, though nothing else is to be sent; false when a larger datagram
   * than `stats.datagramBytes` can no longer be found. That one was lost is learnt from what is sent after it.
   */
  probeMtu(): boolean;

  /**
   * From now on the peer may fill a share of the endpoint's memory; before, 64 KiB. To be called
   * when its transfer was accepted. False when there is no room now: ask again.
   */
  raiseCredit(): boolean;

  /**
   * From now on the peer owes something: when nothing is heard of it, it is asked, and its silence is
   * told as `stalled`. Without it only a side that waits for an acknowledgement is.
   */
  expectPeer(): void;

  /**
   * Ends the connection in both directions and tells the peer; with `ok` only after all that was
   * written is acknowledged (or the peer stays silent). A second call does nothing.
   */
  close(code: CloseCode, reason: string): void;
}

export type TransportEvent =
  /** The handshake is complete; on the responder's side this is how a connection appears. */
  | { readonly type: 'opened'; readonly connection: TransportConnection }
  /** An opening failed: `handle` is what `open` returned. */
  | { readonly type: 'unopened'; readonly handle: number; readonly reason: CloseReason }
  /** More bytes (or FIN) can be read than at the last `readable`. */
  | { readonly type: 'readable'; readonly connection: TransportConnection }
  /** `writeRoomBytes` has become positive again. */
  | { readonly type: 'writable'; readonly connection: TransportConnection }
  /** All that was written, FIN included, is acknowledged. */
  | { readonly type: 'sent'; readonly connection: TransportConnection }
  /** No progress for max(5 s, 10 probe timeouts), or progress again. */
  | {
      readonly type: 'stalled' | 'resumed';
      readonly connection: TransportConnection;
      /** When the last checked packet came. */
      readonly sinceUs: number;
    }
  /** The end for the user of the connection. The core may still linger to answer the peer. */
  | {
      readonly type: 'closed';
      readonly connection: TransportConnection;
      readonly reason: CloseReason;
    };

/**
 * The four verbs of the core and its news.
 *
 * Contract: after inputs or commands drain `pollTransmit` until it returns false, then drain
 * `pollEvent`, then read `nextTimeoutUs`; again if an event led to commands. Time never goes back.
 */
export interface Transport {
  /** Strangers' and damaged bytes are counted, never thrown at, never answered. */
  handleDatagram(datagram: Uint8Array, from: PeerAddress, nowUs: number): void;
  handleTimeout(nowUs: number): void;
  /** Fills the lent buffer with one datagram; false when nothing may leave now. */
  pollTransmit(transmit: Transmit, nowUs: number): boolean;
  /** When `handleTimeout` wants to be called; Infinity when no timer is armed. */
  nextTimeoutUs(): number;
  pollEvent(): TransportEvent | undefined;
}
