import { crcCheck, type PacketCheck } from './packet-check.ts';

/** How the reason in CLOSE travels: what people said is nobody else's business. */
export interface CloseSeal {
  /** Bytes that sealing adds. */
  readonly overheadBytes: number;
  /** Called once a connection: what is sent again are the sealed bytes. `code` travels in the clear. */
  seal(code: number, reason: Uint8Array): Uint8Array;
  /** Undefined when the peer did not seal it with this code. */
  open(code: number, sealed: Uint8Array): Uint8Array | undefined;
}

/** What a handshake has settled for the packets of one connection. */
export interface PacketSession {
  readonly check: PacketCheck;
  readonly closeSeal: CloseSeal;
}

export const plainCloseSeal: CloseSeal = {
  overheadBytes: 0,
  seal: (_code, reason) => reason,
  open: (_code, sealed) => sealed,
};

/** Packets in the clear: damage is found, forgery is not. */
export const plainSession: PacketSession = { check: crcCheck, closeSeal: plainCloseSeal };
