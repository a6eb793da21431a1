import type { Address } from '../path/path-member.ts';
import { PacketType } from '../wire/packet.ts';

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
  #candidate: Candidate | undefined;
  /** Owed to whoever challenged us last. */
  #response: PathPacket | undefined;

  constructor(random: () => number, challengeBytes: number) {
    this.#random = random;
    this.#challengeBytes = challengeBytes;
  }

  /** An address is being asked. */
  get isRunning(): boolean {
    return this.#candidate !== undefined;
  }

  get nextTimeoutUs(): number {
    return this.#candidate?.nextAtUs ?? Infinity;
  }

  /** A checked packet came from where the peer is not known to be. */
  onForeignPacket(
    from: Address,
    sizeBytes: number,
    isNewest: boolean,
    probeTimeoutUs: number,
    nowUs: number,
  ): void {
    this.handleTimeout(nowUs);
    if (this.#candidate === undefined && isNewest) {
      this.#candidate = {
        address: from,
        token: this.#drawToken(),
        intervalUs: Math.max(MIN_CHALLENGE_INTERVAL_US, probeTimeoutUs),
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

  /** Someone asks whether we are here: it is told there, once. */
  onChallenge(token: Uint8Array, from: Address): void {
    this.#response = { type: PacketType.pathResponse, token: token.slice(), to: from };
  }

  /** The candidate's address if it answers for itself; else undefined. */
  onResponse(token: Uint8Array, from: Address, nowUs: number): ValidatedAddress | undefined {
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
