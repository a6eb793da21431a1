import {
  type AckFields,
  DecodedAck,
  decodeAck,
  decodeDataOffset,
  decodeHeader,
  decodeMark,
  decodePacketNumber,
  type MarkFields,
} from '../wire/codec.ts';
import { expandPacketNumber } from '../wire/packet-number.ts';
import { DATA_HEADER_BYTES, type PacketHeader, PacketType } from '../wire/packet.ts';
import type { ConnectionTrace, TracedPacket } from './connection-trace.ts';
import type { PacketWriter } from './packet-writer.ts';
import type { Receiver } from './receiving/receiver.ts';
import type { Sender } from './sending/sender.ts';

/** As it stands on the wire; the number in full, `ackSeq` of an ACK. */
export interface NumberedPacket {
  readonly header: PacketHeader;
  readonly datagram: Uint8Array;
  readonly number: number;
}

/** Reads the packets of a connection that is traced, as they stand on the wire, and tells its trace. */
export class PacketTap {
  readonly #trace: ConnectionTrace;
  readonly #bodyAt: number;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  readonly #packet = new Packet();
  readonly #sentAck: DecodedAck = new DecodedAck();
  #nextAckSeq = 0;
  #hasSent = false;

  constructor(trace: ConnectionTrace, writer: PacketWriter, sender: Sender, receiver: Receiver) {
    this.#trace = trace;
    this.#bodyAt = writer.bodyAt;
    this.#sender = sender;
    this.#receiver = receiver;
  }

  /** `buffer` holds a whole packet of `length` bytes. */
  onSent(buffer: Uint8Array, length: number, nowUs: number): void {
    const datagram = buffer.subarray(0, length);
    const header = decodeHeader(datagram);
    if (header === undefined) return;
    const newestNumber = this.#sender.expectedLargest;
    let number = 0;
    let ack: DecodedAck | undefined;
    if (header.type === PacketType.ack) {
      ack = this.#sentAck;
      const newestReceived = this.#receiver.expectedNumber - 1;
      decodeAck(datagram, this.#bodyAt, newestReceived, this.#nextAckSeq, ack);
      number = ack.ackSeq;
      this.#nextAckSeq = number + 1;
    } else if (header.type !== PacketType.mark && header.type !== PacketType.close) {
      number = expandPacketNumber(decodePacketNumber(datagram, this.#bodyAt)!, newestNumber);
    }
    this.#fill({ header, datagram, number }, ack, newestNumber);
    if (!this.#hasSent) this.#sender.tellStanding(nowUs);
    this.#hasSent = true;
    this.#trace.onSent(this.#packet, nowUs);
  }

  /** Checked, with its number in full; `ack` is what was read if it is one. */
  onReceived(packet: NumberedPacket, ack: DecodedAck, nowUs: number): void {
    const isAck = packet.header.type === PacketType.ack;
    this.#fill(packet, isAck ? ack : undefined, this.#receiver.expectedNumber);
    this.#trace.onReceived(this.#packet, nowUs);
  }

  #fill(
    { header, datagram, number }: NumberedPacket,
    ack: DecodedAck | undefined,
    expectedUna: number,
  ): void {
    const packet = this.#packet;
    const isData = header.type === PacketType.data;
    packet.type = header.type;
    packet.flags = header.flags;
    packet.number = number;
    packet.sizeBytes = datagram.length;
    packet.offset = isData ? (decodeDataOffset(datagram, this.#bodyAt) ?? 0) : 0;
    packet.payloadBytes = isData
      ? Math.max(0, datagram.length - this.#bodyAt - DATA_HEADER_BYTES)
      : 0;
    packet.ack = ack;
    packet.mark =
      header.type === PacketType.mark ? decodeMark(datagram, this.#bodyAt, expectedUna) : undefined;
  }
}

class Packet implements TracedPacket {
  type: PacketType = PacketType.data;
  flags = 0;
  number = 0;
  sizeBytes = 0;
  offset = 0;
  payloadBytes = 0;
  ack: (AckFields & Pick<DecodedAck, 'rangeCount' | 'rangeStarts' | 'rangeEnds'>) | undefined;
  mark: MarkFields | undefined;
}
