import type { Introduction, SocketAddress } from '../../files/transfer.ts';
import { ticketKeyId } from '../../secure/key-schedule.ts';
import { decodeTicket } from './ticket-text.ts';

/** Whom to send to, under an introduction. */
export interface IntroducedPeer {
  /** What both sides were given; the other side has called `expect` with it. */
  readonly introduction: Introduction;
  /** Tried in turn; at most 4. */
  readonly addresses: readonly SocketAddress[];
  /** How the peer is called in `Transfer.peer`. */
  readonly peer: string;
}

/** Whom to send to, with a ticket of theirs. */
export interface TicketHolder {
  /** The word that `TransferEndpoint.ticket` made. */
  readonly ticket: string;
  /** How the peer is called in `Transfer.peer`; default its first address and port. */
  readonly peer?: string;
}

/** Whom to send to: under an introduction, or with a ticket. */
export type SendTarget = IntroducedPeer | TicketHolder;

/** What a ticket says, without its secret. */
export interface TicketContent {
  /** Where its receiver may be reached, the likeliest first. */
  readonly addresses: readonly SocketAddress[];
  /** `publicKey` of its receiver's endpoint: 64 hex digits. */
  readonly receiverKey: string;
}

/** What `ticket` says; undefined when it is none, or has a typo. */
export function readTicket(ticket: string): TicketContent | undefined {
  const decoded = decodeTicket(ticket);
  if (decoded === undefined) return undefined;
  const { addresses, port, receiverKey } = decoded;
  return {
    addresses: addresses.map((address) => ({ address, port })),
    receiverKey: Buffer.from(receiverKey).toString('hex'),
  };
}

/** The introduction that a ticket stands for. Throws a `TypeError` when it is none. */
export function introducedPeer(target: SendTarget): IntroducedPeer {
  if (!('ticket' in target)) return target;
  const decoded = decodeTicket(target.ticket);
  if (decoded === undefined) throw new TypeError('the ticket is not valid');
  const { addresses, port, receiverKey, secret } = decoded;
  return {
    introduction: ticketIntroduction(secret, Buffer.from(receiverKey).toString('hex')),
    addresses: addresses.map((address) => ({ address, port })),
    peer: target.peer ?? placeOf(addresses[0]!, port),
  };
}

/** `peerKey`: 64 hex digits. */
export function ticketIntroduction(secret: Uint8Array, peerKey: string): Introduction {
  return {
    keyId: Buffer.from(ticketKeyId(secret)).toString('hex'),
    secret: Buffer.from(secret).toString('hex'),
    peerKey,
  };
}

function placeOf(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
