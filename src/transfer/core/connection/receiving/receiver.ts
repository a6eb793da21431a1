import { decodeDataOffset, decodeMark, encodeAck } from '../../wire/codec.ts';
import type { PacketHeader } from '../../wire/packet.ts';
import { DATA_HEADER_BYTES, PacketFlag, PacketType } from '../../wire/packet.ts';
import { AckTracker } from './ack-tracker.ts';
import { CreditGrant } from './credit-grant.ts';
import type { CreditAccount, CreditLedger } from '../credit-ledger.ts';
import type { PacketWriter } from '../packet-writer.ts';
import { ReceiveStream } from './receive-stream.ts';
import type { SegmentPool } from './segment-pool.ts';

export interface ReceiverOptions {
  readonly writer: PacketWriter;
  /** The number that the peer starts with. */
  readonly peerFirstPacketNumber: number;
  readonly account: CreditAccount;
  readonly ledger: CreditLedger;
  readonly pool: SegmentPool;
  readonly startUs: number;
}

/**
 * The receiving side of a connection: takes numbered packets in, each once, keeps their bytes, and
 * says in ACKs what has come and how much more may.
 */
export class Receiver {
  readonly stream: ReceiveStream;
  readonly #acks: AckTracker;
  readonly #grant: CreditGrant;
  readonly #writer: PacketWriter;
  readonly #startUs: number;
  #ackSeq = 0;
  #newestMarkSeq = -1;
  /** How much of the stream the user was told of; FIN counts as one more. */
  #toldTo = 0;

  constructor(options: ReceiverOptions) {
    this.stream = new ReceiveStream(options.pool, options.account.grantedBytes);
    this.#acks = new AckTracker(options.peerFirstPacketNumber);
    this.#grant = new CreditGrant(options.ledger, options.account, this.stream);
    this.#writer = options.writer;
    this.#startUs = options.startUs;
  }

  /** For expanding the numbers of packets that come. */
  get expectedNumber(): number {
    return this.#acks.largest + 1;
  }

  get receivedCount(): number {
    return this.#acks.receivedCount;
  }

  get duplicateCount(): number {
    return this.#acks.duplicateCount;
  }

  isNew(number: number): boolean {
    return this.#acks.isNew(number);
  }

  /** When an ACK should leave; Infinity when none is owed. */
  get ackAtUs(): number {
    return this.#acks.ackAtUs;
  }

  get nextTimeoutUs(): number {
    return Math.min(this.#acks.ackAtUs, this.#grant.repeatAtUs);
  }

  handleTimeout(nowUs: number): void {
    if (nowUs >= this.#grant.repeatAtUs && this.#grant.takeRepeat(nowUs)) this.#acks.owe(nowUs);
  }

  /** DATA, PING or MTU_PROBE with its expanded number. */
  handleNumbered(
    header: PacketHeader,
    datagram: Uint8Array,
    number: number,
    nowUs: number,
  ): 'taken' | 'malformed' | 'violation' {
    if (!this.#acks.isNew(number)) {
      this.#acks.onDuplicate(nowUs);
      return 'taken';
    }
    if (header.type === PacketType.data) {
      const at = this.#writer.bodyAt;
      const offset = decodeDataOffset(datagram, at);
      if (offset === undefined) return 'malformed';
      const isFin = (header.flags & PacketFlag.fin) !== 0;
      const verdict = this.stream.onData(offset, datagram, at + DATA_HEADER_BYTES, isFin);
      if (verdict === 'violation') return 'violation';
    }
    this.#acks.onReceived(number, (header.flags & PacketFlag.ackNow) !== 0, nowUs);
    return 'taken';
  }

  /** True when more can be read, or FIN was reached, since this was true last. */
  takeReadable(): boolean {
    const end = this.stream.contiguousEnd + (this.stream.isComplete ? 1 : 0);
    if (end <= this.#toldTo) return false;
    this.#toldTo = end;
    this.#grant.onHeard();
    return true;
  }

  handleMark(datagram: Uint8Array): 'taken' | 'malformed' {
    const mark = decodeMark(datagram, this.#writer.bodyAt, this.expectedNumber);
    if (mark === undefined) return 'malformed';
    if (mark.markSeq > this.#newestMarkSeq) {
      this.#newestMarkSeq = mark.markSeq;
      this.#acks.onMark(mark.una, mark);
    }
    return 'taken';
  }

  /** The user has read; an ACK is owed when the peer should hear of its new credit at once. */
  consume(byteCount: number, nowUs: number): void {
    this.stream.consume(byteCount);
    if (this.#grant.onConsumed(byteCount)) this.#acks.owe(nowUs);
  }

  /** From the opening's credit to a share of the pool; false when it does not fit now. */
  raiseCredit(nowUs: number): boolean {
    if (!this.#grant.promote()) return false;
    this.#acks.owe(nowUs);
    return true;
  }

  /** Writes the ACK that is owed, at most `limit` bytes; 0 when none can be written. */
  buildAck(buffer: Uint8Array, limit: number, socketShareBytes: number, nowUs: number): number {
    const acks = this.#acks;
    if (!acks.hasReceived) {
      acks.onAckSent();
      return 0;
    }
    this.#grant.raise(nowUs);
    const writer = this.#writer;
    const ackSeq = this.#ackSeq++;
    writer.begin(buffer, PacketType.ack, 0);
    const fields = {
      ackSeq,
      largest: acks.largest,
      ackDelayUs: nowUs - acks.largestAtUs,
      receivedAtUs: acks.largestAtUs - this.#startUs,
      creditOffset: this.stream.creditOffset,
      receivedCount: acks.countAtLargest,
      socketShareBytes,
    };
    const length = encodeAck(buffer, writer.bodyAt, limit, fields, acks.ranges);
    writer.complete(buffer, length, ackSeq);
    acks.onAckSent();
    return length;
  }

  /** What the peer may still make this side hold. */
  get grantedBytes(): number {
    return this.stream.creditOffset - this.stream.readOffset;
  }

  close(): void {
    this.stream.abandon();
    this.#grant.close();
  }
}
