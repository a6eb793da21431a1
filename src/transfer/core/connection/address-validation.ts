import type { Address } from '../path/path-member.ts';
import { PATH_PACKET_BODY_BYTES } from '../wire/codec.ts';
import { PacketType } from '../wire/packet.ts';
import type { Sender } from './sending/sender.ts';

/** Challenges to one address before it is given up (RFC 9000 §8.2.4: after three probe timeouts). */
export const MAX_CHALLENGES = 3;
/** Least time between two of them: nothing is known of the way there. */
const MIN_CHALLENGE_INTERVAL_US = 250_000;
/** Bytes that may go to an address for each that came from there (RFC 9000 §8.1). */
const MAX_AMPLIFICATION = 3;
const TOKEN_BYTES = 8;

/** A packet of path validation, and where it goes. */
export interface PathPacket {
  readonly type: typeof PacketType.pathChallenge | typeof PacketType.pathResponse;
  readonly token: Uint8Array;
  readonly to: Address;
}

/** An address that has answered. */
export interface ValidatedAddress {
  readonly address: Address;
  /** Undefined when it is not known which challenge was answered. */
  readonly roundTripUs: number | undefined;
}

/** Where the peer may have moved to. */
interface Candidate {
  readonly address: Address;
  readonly token: Uint8Array;
  readonly intervalUs: number;
  receivedBytes: number;
  sentBytes: number;
  challengeCount: number;
  challengedAtUs: number;
  /** When to challenge it again, or give it up after the last time. */
  nextAtUs: number;
}

/**
 * Notices that a peer speaks from a new address, and asks there before anything else is sent to it.
 *
 * Only the newest packet so far that passed its check makes an address a candidate: a copy of an
 * older one proves nothing. One candidate at a time; it is sent at most three bytes for each that came
 * from it, and becomes the peer's address when it returns the token that went there.
 */
export class AddressValidation {
  readonly #random: () => number;
  /** Size of a challenge on the wire. */
  readonly #challengeBytes: number;
  readonly #sender: Pick<Sender, 'probeTimeoutUs'>;
  #isPeerElsewhere = false;
  #candidate: Candidate | undefined;
  /** Owed to whoever challenged us last. */
  #response: PathPacket | undefined;

  /** `bodyAt`: bytes of every packet before its body. */
  constructor(random: () => number, bodyAt: number, sender: Pick<Sender, 'probeTimeoutUs'>) {
    this.#random = random;
    this.#challengeBytes = bodyAt + PATH_PACKET_BODY_BYTES;
    this.#sender = sender;
  }

  get nextTimeoutUs(): number {
    return this.#candidate?.nextAtUs ?? Infinity;
  }

  /** The newest packet came from elsewhere than where the path leads. */
  get isPeerElsewhere(): boolean {
    return this.#isPeerElsewhere;
  }

  /** A checked packet came; `home` is where the peer is known to be. */
  onPacket(
    from: Address,
    home: Address,
    sizeBytes: number,
    isNewest: boolean,
    nowUs: number,
  ): void {
    const isForeign = !isSame(from, home);
    if (isNewest) this.#isPeerElsewhere = isForeign;
    if (!isForeign) return;
    this.handleTimeout(nowUs);
    if (this.#candidate === undefined && isNewest) {
      this.#candidate = {
        address: from,
        token: this.#drawToken(),
        intervalUs: Math.max(MIN_CHALLENGE_INTERVAL_US, this.#sender.probeTimeoutUs),
        receivedBytes: 0,
        sentBytes: 0,
        challengeCount: 0,
        challengedAtUs: 0,
        nextAtUs: nowUs,
      };
    }
    if (this.#candidate !== undefined && isSame(this.#candidate.address, from)) {
      this.#candidate.receivedBytes += sizeBytes;
    }
  }

  /** The path leads to the peer again. */
  onMoved(): void {
    this.#isPeerElsewhere = false;
    this.#candidate = undefined;
  }

  /** Gives a candidate up that has not answered its last challenge. */
  handleTimeout(nowUs: number): void {
    const candidate = this.#candidate;
    if (candidate === undefined || nowUs < candidate.nextAtUs) return;
    if (candidate.challengeCount === MAX_CHALLENGES) {
      this.#candidate = undefined;
    } else if (!this.#isChallengeDue(nowUs)) {
      // Too little came from there: this challenge is left out.
      candidate.challengeCount++;
      candidate.nextAtUs = nowUs + candidate.intervalUs;
    }
  }

  /**
   * A challenge is answered once, to where it came from. Returns where the peer has moved to if this is
   * the response of the candidate, from its own address and with its own token.
   */
  onPathPacket(
    type: PacketType,
    token: Uint8Array,
    from: Address,
    nowUs: number,
  ): ValidatedAddress | undefined {
    if (type === PacketType.pathChallenge) {
      this.#response = { type: PacketType.pathResponse, token: token.slice(), to: from };
      return undefined;
    }
    const candidate = this.#candidate;
    if (candidate === undefined || !isSame(candidate.address, from)) return undefined;
    if (!candidate.token.every((byte, index) => byte === token[index])) return undefined;
    this.#candidate = undefined;
    const roundTripUs =
      candidate.challengeCount === 1 ? nowUs - candidate.challengedAtUs : undefined;
    return { address: from, roundTripUs };
  }

  /** Whether `take` has a packet to send now. */
  isDue(nowUs: number): boolean {
    return this.#response !== undefined || this.#isChallengeDue(nowUs);
  }

  take(nowUs: number): PathPacket | undefined {
    const response = this.#response;
    this.#response = undefined;
    if (response !== undefined) return response;
    const candidate = this.#candidate;
    if (candidate === undefined || !this.#isChallengeDue(nowUs)) return undefined;
    candidate.challengeCount++;
    candidate.challengedAtUs = nowUs;
    candidate.nextAtUs = nowUs + candidate.intervalUs;
    candidate.sentBytes += this.#challengeBytes;
    return { type: PacketType.pathChallenge, token: candidate.token, to: candidate.address };
  }

  #isChallengeDue(nowUs: number): boolean {
    const candidate = this.#candidate;
    if (candidate === undefined || nowUs < candidate.nextAtUs) return false;
    if (candidate.challengeCount === MAX_CHALLENGES) return false;
    const allowedBytes = MAX_AMPLIFICATION * candidate.receivedBytes;
    return candidate.sentBytes + this.#challengeBytes <= allowedBytes;
  }

  #drawToken(): Uint8Array {
    return Uint8Array.from({ length: TOKEN_BYTES }, () => Math.floor(this.#random() * 256));
  }
}

/** Whether both are the same place. */
export function isSame(one: Address, other: Address): boolean {
  return one === other || (one.port === other.port && one.address === other.address);
}
