import type { Address } from '../path/path-member.ts';
import { DecodedAck, decodeAck, decodePacketNumber } from '../wire/codec.ts';
import { expandPacketNumber } from '../wire/packet-number.ts';
import { type PacketHeader, PacketType } from '../wire/packet.ts';
import type { PacketWriter } from './packet-writer.ts';
import type { Receiver } from './receiver.ts';
import type { Sender } from './sender.ts';

/** A packet of a connection that has passed its check. */
export interface ReceivedPacket {
  readonly header: PacketHeader;
  readonly datagram: Uint8Array;
  /** In full; `ackSeq` of an ACK. */
  readonly number: number;
  readonly from: Address;
}

/**
 * Reads the number of each packet in full, before it is checked: the tag covers the part that does not
 * travel.
 */
export class PacketNumbers {
  /** The last ACK that was read. */
  readonly ack: DecodedAck = new DecodedAck();
  readonly #writer: PacketWriter;
  readonly #sender: Sender;
  readonly #receiver: Receiver;

  constructor(writer: PacketWriter, sender: Sender, receiver: Receiver) {
    this.#writer = writer;
    this.#sender = sender;
    this.#receiver = receiver;
  }

  /** Packet number, or `ackSeq` of an ACK; 0 where there is none. Undefined when malformed. */
  read(header: PacketHeader, datagram: Uint8Array): number | undefined {
    const at = this.#writer.bodyAt;
    if (header.type === PacketType.ack) {
      const { expectedLargest, expectedAckSeq } = this.#sender;
      const isRead = decodeAck(datagram, at, expectedLargest, expectedAckSeq, this.ack);
      return isRead ? this.ack.ackSeq : undefined;
    }
    if (!isNumbered(header.type)) return 0;
    const truncated = decodePacketNumber(datagram, at);
    if (truncated === undefined) return undefined;
    return expandPacketNumber(truncated, this.#receiver.expectedNumber);
  }

  /** Whether no packet of its kind with this number or a higher one has come; to be asked before it is taken in. */
  isNewest(header: PacketHeader, number: number): boolean {
    if (header.type === PacketType.ack) return number >= this.#sender.expectedAckSeq;
    return isNumbered(header.type) && number >= this.#receiver.expectedNumber;
  }
}

function isNumbered(type: PacketType): boolean {
  return type !== PacketType.mark && type !== PacketType.close;
}
