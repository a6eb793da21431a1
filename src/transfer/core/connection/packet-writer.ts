import type { PacketCheck } from '../wire/packet-check.ts';
import type { PacketType } from '../wire/packet.ts';
import { COMMON_HEADER_BYTES } from '../wire/packet.ts';
import { encodeHeader } from '../wire/codec.ts';

/** Writes what every packet of one connection has in common: header, tag and checksum. */
export class PacketWriter {
  /** Where a packet's body begins. */
  readonly bodyAt: number;
  readonly check: PacketCheck;
  readonly peerConnectionId: number;

  constructor(peerConnectionId: number, check: PacketCheck) {
    this.peerConnectionId = peerConnectionId;
    this.check = check;
    this.bodyAt = COMMON_HEADER_BYTES + check.tagBytes;
  }

  begin(buffer: Uint8Array, type: PacketType, flags: number): void {
    encodeHeader(buffer, type, flags, this.peerConnectionId);
  }

  /** `number` is the packet number or ackSeq whose high bits the tag covers; 0 where there is none. */
  complete(buffer: Uint8Array, length: number, number: number): void {
    this.check.write(buffer, length, Math.floor(number / 2 ** 32));
  }
}
