import { readU32, writeU32 } from './bytes.ts';
import { crc32 } from './checksum.ts';
import { COMMON_HEADER_BYTES } from './packet.ts';

/** `damaged`: the network's fault. `forged`: whole, but not from the peer. */
export type CheckVerdict = 'ok' | 'damaged' | 'forged';

/** Seals and checks whole datagrams, so that the core needs to know no key. */
export interface PacketCheck {
  /** Bytes between the common header and the body: 8 with keys, 0 without. */
  readonly tagBytes: number;
  /**
   * Completes a datagram whose header and body are written: tag (if any), then CRC over
   * [4, length). `numberHigh`: the high bits of the expanded packet number or ackSeq, not sent,
   * covered by the tag.
   */
  write(datagram: Uint8Array, length: number, numberHigh: number): void;
  verify(datagram: Uint8Array, numberHigh: number): CheckVerdict;
}

/** The CRC covers everything after itself. */
const CRC_BYTES = 4;

/** CRC only: finds damage, cannot tell who sent it. For the simulator and benches. */
export const crcCheck: PacketCheck = {
  tagBytes: 0,
  write(datagram, length) {
    writeU32(datagram, 0, crc32(datagram, CRC_BYTES, length));
  },
  verify(datagram) {
    if (datagram.length < COMMON_HEADER_BYTES) return 'damaged';
    const isIntact = readU32(datagram, 0) === crc32(datagram, CRC_BYTES, datagram.length);
    return isIntact ? 'ok' : 'damaged';
  },
};
