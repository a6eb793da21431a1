import { crcCheck, type PacketCheck } from './wire/packet-check.ts';
import { type PacketSession, plainSession } from './wire/packet-session.ts';

export type { PacketCheck, PacketSession };

/** The opener's half of a handshake: one message each way. */
export interface OpenerHandshake {
  /** The message of OPEN around `parameters`; called once, resent byte for byte. */
  writeOpen(parameters: Uint8Array): Uint8Array;
  /** What the message of OPEN_ACK says; undefined when it was not made for this OPEN. */
  readOpenAck(message: Uint8Array): Uint8Array | undefined;
  /** For all later packets; from `readOpenAck` on. */
  readonly session: PacketSession;
}

/** The responder's half, for one OPEN. */
export interface ResponderHandshake {
  /** What the message of OPEN says; undefined when it does not open. */
  readOpen(message: Uint8Array): Uint8Array | undefined;
  writeOpenAck(parameters: Uint8Array): Uint8Array;
  /** For all later packets; from `writeOpenAck` on. */
  readonly session: PacketSession;
}

/**
 * What both sides know of each other before the first datagram: a key id that OPEN names, the checks
 * that OPEN and OPEN_ACK must pass, and how the handshake goes. The core knows no key.
 */
export interface TransportIntroduction {
  /** 16 hex digits. */
  readonly keyId: string;
  /** Of the opener: writes OPEN, verifies OPEN_ACK. */
  readonly openerCheck: PacketCheck;
  /** Of the responder: verifies OPEN, writes OPEN_ACK. */
  readonly responderCheck: PacketCheck;
  /** @param openHeader of the OPEN, behind its checksum: what is not sealed must not be changed either */
  createOpener(openHeader: Uint8Array): OpenerHandshake;
  createResponder(openHeader: Uint8Array): ResponderHandshake;
  /** By which the message of an OPEN is known when it comes again, whatever it is wrapped in. */
  hashOpen(message: Uint8Array): string;
}

/**
 * An introduction without keys: a damaged packet is noticed, a forged one is not. For the simulator,
 * for benches of the core, and wherever sealing is not wanted.
 */
export function plainIntroduction(keyId: string): TransportIntroduction {
  const handshake: OpenerHandshake & ResponderHandshake = {
    writeOpen: (parameters) => parameters,
    readOpenAck: (message) => message,
    readOpen: (message) => message,
    writeOpenAck: (parameters) => parameters,
    session: plainSession,
  };
  return {
    keyId,
    openerCheck: crcCheck,
    responderCheck: crcCheck,
    createOpener: () => handshake,
    createResponder: () => handshake,
    hashOpen: (message) => String.fromCharCode(...message),
  };
}
