import type dgram from 'node:dgram';
import type { ConflictPolicy } from '../files/disk.ts';
import type { Introduction, SocketAddress, Transfer } from '../files/transfer.ts';
import type { SendTarget } from './send-target.ts';

export type CongestionName = 'bbr' | 'cubic' | 'ledbat' | 'fixed';

/** What is offered before the first byte, once for each file or folder that was named; a receiver decides on it. */
export interface Offer {
  /** As named in `expect`; with a ticket the sender's public key, 64 hex digits. */
  readonly from: string;
  /** Validated base name as the sender gave it (NFC); not yet made safe for a terminal. */
  readonly name: string;
  /** Of all files together. */
  readonly sizeBytes: number;
  readonly kind: 'file' | 'folder';
}

export interface EndpointOptions {
  /** Address the listening socket binds; default 127.0.0.1. */
  readonly host?: string;
  /** UDP port that receives openings; 0 (default) takes a free one. */
  readonly port?: number;
  /** 32 bytes by which peers know this endpoint again (X25519). Default: drawn, for this endpoint. */
  readonly privateKey?: Uint8Array;
  /** Where received files are published; must exist. Without it every offer is refused. */
  readonly inbox?: string;
  /** The name under which an accepted offer is stored, before it is made unique. Default: its name. */
  readonly storedName?: (offer: Offer) => string | Promise<string>;
  /** Larger offers are refused. Default: no limit. */
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
  /** After this long without an answer from the peer a transfer fails. Default 300,000. */
  readonly giveUpMs?: number;
  /**
   * An opening fails after this long without an answer, and after `giveUpMs` at the latest. Default: under
   * an introduction 60,000; with a ticket `giveUpMs`.
   */
  readonly openTimeoutMs?: number;
  /**
   * Makes the datagram sockets; a test or demo may hand in ones that misbehave. The engine then runs
   * in the caller's thread.
   */
  readonly createSocket?: (options: dgram.SocketOptions) => dgram.Socket;
}

/** What to send. */
export interface SendOptions {
  /** What to send in one transfer, in this order: at least one. */
  readonly paths: readonly string[];
}

export type SendRequest = SendTarget & SendOptions;

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

/** Sends and receives files over UDP: one listening port, one socket more for each peer sent to. */
export interface TransferEndpoint {
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
  /** Throws a `TypeError` when it is given a ticket that is not valid. */
  send(request: SendRequest): Transfer;
  sendMessage(request: MessageRequest): SentMessage;
  /** The one listener of direct messages; without it they are refused. */
  onMessage(listener: MessageListener): void;
  /** Called for each incoming transfer once its offer was accepted. */
  onReceive(listener: (transfer: Transfer) => void): void;
  /** Running transfers, both directions; an incoming one once its offer was accepted. */
  readonly transfers: readonly Transfer[];
  /** Cancels what runs, tells the peers, waits for the lingers, closes the sockets. */
  close(): Promise<void>;
}
