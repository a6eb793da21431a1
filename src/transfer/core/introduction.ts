import { crcCheck, type PacketCheck } from './wire/packet-check.ts';

export type { PacketCheck };

/** The opener's half of a handshake: one message each way. */
export interface OpenerHandshake {
  /** The message of OPEN around `parameters`; called once, resent byte for byte. */
  writeOpen(parameters: Uint8Array): Uint8Array;
  /** What the message of OPEN_ACK says; undefined when it was not made for this OPEN. */
  readOpenAck(message: Uint8Array): Uint8Array | undefined;
  /** The check of all later packets; from `readOpenAck` on. */
  readonly check: PacketCheck;
}

/** The responder's half. */
export interface ResponderHandshake {
  /** What the message of OPEN says; undefined when it does not open, and nothing has changed then. */
  readOpen(message: Uint8Array): Uint8Array | undefined;
  writeOpenAck(parameters: Uint8Array): Uint8Array;
  /** The check of all later packets; from `writeOpenAck` on. */
  readonly check: PacketCheck;
}

/**
 * What both sides know of each other before the first datagram: a key id that OPEN names, the check
 * that OPEN and OPEN_ACK must pass, and how the handshake goes. The core knows no key.
 */
export interface TransportIntroduction {
  /** 16 hex digits. */
  readonly keyId: string;
  /** Of OPEN and OPEN_ACK. */
  readonly check: PacketCheck;
  createOpener(): OpenerHandshake;
  createResponder(): ResponderHandshake;
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
    check: crcCheck,
  };
  return {
    keyId,
    check: crcCheck,
    createOpener: () => handshake,
    createResponder: () => handshake,
  };
}
