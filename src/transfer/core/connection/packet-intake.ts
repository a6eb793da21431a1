import type { Address } from '../path/path-member.ts';
import { DecodedAck, decodeAck, decodePacketNumber, decodePathToken } from '../wire/codec.ts';
import { expandPacketNumber, packetNumberHigh } from '../wire/packet-number.ts';
import { type PacketHeader, PacketType } from '../wire/packet.ts';
import type { DatagramVerdict } from './connection-host.ts';
import type { Ending } from './ending.ts';
import type { PacketTap } from './packet-tap.ts';
import type { PacketWriter } from './packet-writer.ts';
import type { Receiver } from './receiving/receiver.ts';
import type { Route } from './route.ts';
import type { Sender } from './sending/sender.ts';

/** The parts of a connection that packets are for. */
export interface PacketIntakeParts {
  readonly writer: PacketWriter;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly route: Route;
  readonly ending: Ending;
  /** Hears of every packet that passed its check. */
  readonly tap?: PacketTap | undefined;
}

/** What the connection itself does about packets that came. */
export interface PacketIntakeOwner {
  /** A packet passed its check; a fresh one is no copy of another that came before. */
  onChecked(isFresh: boolean, nowUs: number): void;
  /** An ACK was taken in. */
  onAcked(nowUs: number): void;
  /** A numbered packet was taken in. */
  onNumbered(): void;
  /** A packet of path validation came: an answer may be owed, or the path is another now. */
  onPathPacket(): void;
}

/**
 * Takes in what comes for a connection: reads the number of each packet in full, checks the packet, and
 * hands it to the part that it is for.
 *
 * The number is read before the check, which covers the part of it that does not travel.
 */
export class PacketIntake {
  readonly #owner: PacketIntakeOwner;
  readonly #writer: PacketWriter;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  readonly #route: Route;
  readonly #ending: Ending;
  readonly #tap: PacketTap | undefined;
  /** The last ACK that was read. */
  readonly #ack: DecodedAck = new DecodedAck();

  constructor(owner: PacketIntakeOwner, parts: PacketIntakeParts) {
    this.#owner = owner;
    this.#writer = parts.writer;
    this.#sender = parts.sender;
    this.#receiver = parts.receiver;
    this.#route = parts.route;
    this.#ending = parts.ending;
    this.#tap = parts.tap;
  }

  handleDatagram(
    header: PacketHeader,
    datagram: Uint8Array,
    from: Address,
    nowUs: number,
  ): DatagramVerdict {
    const number = this.#readNumber(header, datagram);
    const verdict = this.#writer.check.verify(datagram, packetNumberHigh(number ?? 0));
    if (verdict !== 'ok') return verdict;
    if (number === undefined) return 'malformed';
    this.#tap?.onReceived({ header, datagram, number }, this.#ack, nowUs);
    this.#owner.onChecked(this.#isFresh(header, number), nowUs);
    if (header.type === PacketType.close) return this.#ending.handleClose(datagram, nowUs);
    if (this.#ending.isClosed) {
      this.#ending.onLatePacket();
      return 'taken';
    }
    const isNewest = this.#isNewest(header, number);
    this.#route.onPacket(from, datagram.length, isNewest, nowUs);
    if (this.#route.isDue(nowUs)) this.#owner.onPathPacket();
    return this.#take({ header, datagram, number, from }, nowUs);
  }

  /** Packet number, or `ackSeq` of an ACK; 0 where there is none. Undefined when malformed. */
  #readNumber(header: PacketHeader, datagram: Uint8Array): number | undefined {
    const at = this.#writer.bodyAt;
    if (header.type === PacketType.ack) {
      const { expectedLargest, expectedAckSeq } = this.#sender;
      const isRead = decodeAck(datagram, at, expectedLargest, expectedAckSeq, this.#ack);
      return isRead ? this.#ack.ackSeq : undefined;
    }
    if (!isNumbered(header.type)) return 0;
    const truncated = decodePacketNumber(datagram, at);
    if (truncated === undefined) return undefined;
    return expandPacketNumber(truncated, this.#receiver.expectedNumber);
  }

  /** Whether it shows that the peer is there now: anybody can send a copy of what came before. */
  #isFresh(header: PacketHeader, number: number): boolean {
    if (header.type === PacketType.ack) return number >= this.#sender.expectedAckSeq;
    return isNumbered(header.type) && this.#receiver.isNew(number);
  }

  /** Whether no packet of its kind with this number or a higher one has come. */
  #isNewest(header: PacketHeader, number: number): boolean {
    if (header.type === PacketType.ack) return number >= this.#sender.expectedAckSeq;
    return isNumbered(header.type) && number >= this.#receiver.expectedNumber;
  }

  #take(packet: CheckedPacket, nowUs: number): DatagramVerdict {
    switch (packet.header.type) {
      case PacketType.ack:
        this.#takeAck(nowUs);
        return 'taken';
      case PacketType.mark:
        return this.#receiver.handleMark(packet.datagram);
      case PacketType.pathChallenge:
      case PacketType.pathResponse:
        return this.#takePathPacket(packet, nowUs);
      case PacketType.data:
      case PacketType.ping:
      case PacketType.mtuProbe:
        return this.#takeNumbered(packet, nowUs);
      default:
        return 'malformed';
    }
  }

  #takeAck(nowUs: number): void {
    this.#route.onAck(this.#ack.ackSeq, this.#ack.socketShareBytes);
    if (this.#sender.handleAck(this.#ack, nowUs)) this.#owner.onAcked(nowUs);
    else this.#ending.onViolation('acknowledged what was never sent', nowUs);
  }

  #takePathPacket(packet: CheckedPacket, nowUs: number): DatagramVerdict {
    const { header, datagram, number, from } = packet;
    const token = decodePathToken(datagram, this.#writer.bodyAt);
    if (token === undefined) return 'malformed';
    if (this.#receiver.isNew(number)) {
      this.#route.onPathPacket(header.type, token, from, nowUs);
      this.#owner.onPathPacket();
    }
    return this.#takeNumbered(packet, nowUs);
  }

  #takeNumbered(packet: CheckedPacket, nowUs: number): DatagramVerdict {
    const { header, datagram, number } = packet;
    const verdict = this.#receiver.handleNumbered(header, datagram, number, nowUs);
    if (verdict === 'violation') {
      this.#ending.onViolation('stream limits exceeded', nowUs);
      return 'taken';
    }
    this.#owner.onNumbered();
    return verdict;
  }
}

/** A packet of a connection that has passed its check. */
interface CheckedPacket {
  readonly header: PacketHeader;
  readonly datagram: Uint8Array;
  /** In full; `ackSeq` of an ACK. */
  readonly number: number;
  readonly from: Address;
}

function isNumbered(type: PacketType): boolean {
  return type !== PacketType.mark && type !== PacketType.close;
}
