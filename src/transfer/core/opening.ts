import type { OpenerHandshake, TransportIntroduction } from './introduction.ts';
import type { PeerAddress } from './transport.ts';
import type { OpeningSent } from './opening-notes.ts';
import { encodeHeader, encodeScout, encodeOpen, headerBytes } from './wire/codec.ts';
import type { OpenAckParameters } from './wire/open-parameters.ts';
import { COMMON_HEADER_BYTES, SCOUT_BYTES, MIN_OPEN_BYTES, PacketType } from './wire/packet.ts';

/** First wait before OPEN is sent again (research: a lost first packet should not cost a second). */
const FIRST_RESEND_US = 250_000;
/** The wait doubles up to this. */
const MAX_RESEND_US = 4_000_000;
/** Addresses of one peer that are tried (DESIGN §7). */
export const MAX_ADDRESSES = 4;
/**
 * How long the OPEN of a ticket's holder is repeated before another is made. Its receiver answers one for
 * so long; if all those answers were lost it is spent, and repeated in vain.
 */
export const TICKET_RENEWAL_US = 60_000_000;
/** From this round on each OPEN has a SCOUT behind it: two losses in a row are rare, a deaf way is not. */
const FIRST_SCOUT_ROUND = 3;
/** Times that OPEN is sent again before an answer is taken from an address that it never went to. */
export const STRANGE_ANSWER_ROUNDS = 2;

/** That the peer accepted, and from where it said so. */
export interface OpenAnswer {
  readonly parameters: OpenAckParameters;
  readonly from: PeerAddress;
}

/** Whom to open to, and under which numbers. */
export interface OpeningTarget {
  readonly handle: number;
  readonly introduction: TransportIntroduction;
  readonly addresses: readonly PeerAddress[];
  /** Another OPEN may be made in place of one that stays without an answer. */
  readonly isTicket: boolean;
  /** SCOUTs go out too. */
  readonly isCompared: boolean;
  /** When it is given up. */
  readonly deadlineUs: number;
  /** By which this side will be addressed. */
  readonly connectionId: number;
  readonly firstPacketNumber: number;
}

/**
 * A connection that this side wants to open: OPEN is made once and resent byte for byte, to each of
 * the peer's addresses, until an OPEN_ACK verifies or the time is up.
 *
 * A peer with several addresses may answer from another than it was asked at, and so may somebody who
 * saw its answer and wants what follows to go elsewhere. So an answer from a strange address is kept
 * while the peer is asked again, which it answers with the same bytes from where it really is.
 */
export class Opening {
  readonly handle: number;
  readonly introduction: TransportIntroduction;
  readonly handshake: OpenerHandshake;
  readonly connectionId: number;
  readonly firstPacketNumber: number;
  readonly addresses: readonly PeerAddress[];
  readonly datagram: Uint8Array;
  readonly isTicket: boolean;
  readonly deadlineUs: number;
  readonly #renewAtUs: number;
  readonly isCompared: boolean;
  readonly #startedAtUs: number;
  #scout: Uint8Array | undefined;
  #nextSendAtUs: number;
  #resendUs = FIRST_RESEND_US;
  #roundCount = 0;
  #scoutRoundCount = 0;
  #sentAtUs = 0;
  #strange: OpenAnswer | undefined;
  /** `#roundCount` at which the strange answer is taken. */
  #strangeFromRound = 0;

  constructor(target: OpeningTarget, parameters: Uint8Array, nowUs: number) {
    this.handle = target.handle;
    this.introduction = target.introduction;
    this.addresses = target.addresses.slice(0, MAX_ADDRESSES);
    this.connectionId = target.connectionId;
    this.firstPacketNumber = target.firstPacketNumber;
    this.#startedAtUs = nowUs;
    this.#nextSendAtUs = nowUs;
    this.isTicket = target.isTicket;
    this.isCompared = target.isCompared;
    this.deadlineUs = target.deadlineUs;
    this.#renewAtUs = target.isTicket ? nowUs + TICKET_RENEWAL_US : Infinity;
    const buffer = new Uint8Array(MIN_OPEN_BYTES);
    const { keyId, openerCheck } = target.introduction;
    encodeHeader(buffer, PacketType.open, 0, Number.parseInt(keyId.slice(8), 16));
    this.handshake = target.introduction.createOpener(headerBytes(buffer));
    const message = this.handshake.writeOpen(parameters);
    const length = encodeOpen(buffer, COMMON_HEADER_BYTES + openerCheck.tagBytes, keyId, message);
    openerCheck.write(buffer, length, 0);
    this.datagram = buffer.subarray(0, length);
  }

  get nextTimeoutUs(): number {
    return Math.min(this.#nextSendAtUs, this.#renewAtUs, this.deadlineUs);
  }

  get sent(): OpeningSent {
    return {
      startedAtUs: this.#startedAtUs,
      openCount: this.#roundCount * this.addresses.length,
      scoutCount: this.#scoutRoundCount * this.addresses.length,
    };
  }

  isOver(nowUs: number): boolean {
    return nowUs >= this.deadlineUs;
  }

  /** Another OPEN should take the place of this one, unless there is an answer that may be taken. */
  isRenewalDue(nowUs: number): boolean {
    return nowUs >= this.#renewAtUs && this.#strange === undefined;
  }

  /** OPEN has been sent. */
  get hasAsked(): boolean {
    return this.#roundCount > 0;
  }

  /** OPEN was sent once, and need not be sent again so far. */
  isAwaited(nowUs: number): boolean {
    return this.#roundCount === 1 && nowUs < this.#nextSendAtUs;
  }

  /** Whether OPEN went there. */
  isAsked({ address, port }: PeerAddress): boolean {
    return this.addresses.some((asked) => asked.port === port && asked.address === address);
  }

  /** What the peer answered, if it is known only from a strange address so far. */
  get strangeAnswer(): OpenAnswer | undefined {
    return this.#strange;
  }

  keepStrange(answer: OpenAnswer): void {
    if (this.#strange !== undefined) return;
    this.#strange = answer;
    this.#strangeFromRound = this.#roundCount + STRANGE_ANSWER_ROUNDS;
  }

  /** The strange answer, once OPEN was sent again often enough and that was waited for, or time is up. */
  dueStrangeAnswer(nowUs: number): OpenAnswer | undefined {
    const isWaitedFor = nowUs >= this.#nextSendAtUs && this.#roundCount >= this.#strangeFromRound;
    return isWaitedFor || this.isOver(nowUs) ? this.#strange : undefined;
  }

  /** Datagrams that the next `takeSend` may ask for. */
  get nextDatagramCount(): number {
    return this.addresses.length * (this.#isScoutNext ? 2 : 1);
  }

  get #isScoutNext(): boolean {
    return this.isCompared && this.#roundCount + 1 >= FIRST_SCOUT_ROUND;
  }

  /** What is to be sent now, each to every address; arms the next time. */
  takeSend(nowUs: number): readonly Uint8Array[] {
    if (nowUs < this.#nextSendAtUs) return [];
    const scout = this.#isScoutNext ? (this.#scout ??= buildScout(this.introduction)) : undefined;
    this.#roundCount++;
    this.#sentAtUs = nowUs;
    this.#nextSendAtUs = nowUs + this.#resendUs;
    this.#resendUs = Math.min(2 * this.#resendUs, MAX_RESEND_US);
    if (scout === undefined) return [this.datagram];
    this.#scoutRoundCount++;
    return [this.datagram, scout];
  }

  /** A round trip, if OPEN left only once; it is ambiguous otherwise. */
  roundTripUs(nowUs: number): number | undefined {
    return this.#roundCount === 1 ? nowUs - this.#sentAtUs : undefined;
  }
}

function buildScout({ keyId, openerCheck }: TransportIntroduction): Uint8Array {
  const buffer = new Uint8Array(SCOUT_BYTES);
  encodeHeader(buffer, PacketType.scout, 0, Number.parseInt(keyId.slice(8), 16));
  const length = encodeScout(buffer, COMMON_HEADER_BYTES + openerCheck.tagBytes, keyId);
  openerCheck.write(buffer, length, 0);
  return buffer;
}
