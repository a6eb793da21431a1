import { TICKET_OPENINGS } from './expectation.ts';
import {
  type HandshakeHost,
  handshakeLimits,
  learnRoundTrip,
  PROTOCOL_VERSIONS,
} from './handshake-host.ts';
import type { TransportIntroduction } from './introduction.ts';
import { type OpenAnswer, Opening, type OpeningTarget } from './opening.ts';
import type { OpeningSent } from './opening-notes.ts';
import { CloseCode, type PeerAddress } from './transport.ts';
import { decodeOpenAck } from './wire/codec.ts';
import { decodeOpenAnswer, encodeOpenParameters } from './wire/open-parameters.ts';
import { COMMON_HEADER_BYTES, type PacketHeader } from './wire/packet.ts';

/**
 * OPENs under one ticket that wait for a first answer. Their receiver has room for twice as many: it may
 * not have heard an opener again when the OPEN of the next one comes.
 */
export const MAX_ASKED_AT_ONCE: number = TICKET_OPENINGS.halfOpen / 2;

/** How a connection is opened. */
export interface OpenOptions {
  /** Its holders may open many connections: an OPEN that nobody answers is followed by others. */
  readonly isTicket?: boolean;
  /** The two sides can compare what was sent and seen: SCOUTs go out too. */
  readonly isCompared?: boolean;
  /** After this long without an answer it is given up; default the endpoint's. */
  readonly timeoutUs?: number;
}

/** The openings of this side that wait for their answer. */
export class Openings {
  readonly #host: HandshakeHost;
  readonly #openTimeoutUs: number;
  /** By our connection id. */
  readonly #openings: Map<number, Opening> = new Map();

  constructor(host: HandshakeHost, openTimeoutUs: number) {
    this.#host = host;
    this.#openTimeoutUs = openTimeoutUs;
  }

  get count(): number {
    return this.#openings.size;
  }

  has(connectionId: number): boolean {
    return this.#openings.has(connectionId);
  }

  /** What was sent under this introduction and waits for an answer. */
  sentUnder(keyId: string): OpeningSent | undefined {
    for (const opening of this.#openings.values()) {
      if (opening.introduction.keyId === keyId) return opening.sent;
    }
    return undefined;
  }

  nextTimeoutUs(): number {
    if (this.#openings.size === 0) return Infinity;
    const asked = this.#askedCounts(this.#host.nowUs);
    let next = Infinity;
    for (const opening of this.#openings.values()) {
      const atUs = mayAsk(opening, asked) ? opening.nextTimeoutUs : opening.deadlineUs;
      next = Math.min(next, atUs);
    }
    return next;
  }

  /** OPENs that were sent once and are waited for, by the key id of their ticket. */
  #askedCounts(nowUs: number): Map<string, number> {
    const counts = new Map<string, number>();
    for (const opening of this.#openings.values()) {
      if (opening.isAwaited(nowUs)) countAsked(counts, opening);
    }
    return counts;
  }

  handleTimeout(nowUs: number): void {
    const asked = this.#askedCounts(nowUs);
    for (const opening of this.#openings.values()) {
      const strange = opening.dueStrangeAnswer(nowUs);
      if (strange !== undefined) this.#establish(opening, strange);
      else if (opening.isOver(nowUs)) {
        this.#fail(opening, CloseCode.unanswered, 'no answer', false);
      } else if (opening.isRenewalDue(nowUs)) this.#renew(opening);
      else if (mayAsk(opening, asked) && this.#send(opening, nowUs)) countAsked(asked, opening);
    }
  }

  /**
   * Without room for all it stays due: what is dropped now would be dropped at every resending. True for
   * the first OPEN.
   */
  #send(opening: Opening, nowUs: number): boolean {
    const host = this.#host;
    if (opening.nextDatagramCount > host.outboxRoom) return false;
    const isFirst = !opening.hasAsked;
    for (const datagram of opening.takeSend(nowUs)) {
      for (const to of opening.addresses) host.send(datagram, to);
    }
    return isFirst && opening.hasAsked;
  }

  open(
    handle: number,
    introduction: TransportIntroduction,
    addresses: readonly PeerAddress[],
    { isTicket = false, isCompared = false, timeoutUs = this.#openTimeoutUs }: OpenOptions = {},
  ): void {
    const deadlineUs = this.#host.nowUs + timeoutUs;
    this.#begin({ handle, introduction, addresses, isTicket, isCompared, deadlineUs });
  }

  /** An OPEN of its own again: ephemeral key, connection id and packet numbers are new. */
  #renew(opening: Opening): void {
    this.#openings.delete(opening.connectionId);
    this.#begin(opening);
  }

  #begin(asked: Omit<OpeningTarget, 'connectionId' | 'firstPacketNumber'>): void {
    const host = this.#host;
    const { handle, introduction, addresses, isTicket, isCompared, deadlineUs } = asked;
    const connectionId = host.drawConnectionId();
    const firstPacketNumber = host.drawFirstPacketNumber();
    const parameters = encodeOpenParameters({
      versions: PROTOCOL_VERSIONS,
      ...handshakeLimits(host, connectionId, firstPacketNumber),
    });
    const opening = new Opening(
      {
        ...{ handle, introduction, addresses, isTicket, isCompared, deadlineUs },
        ...{ connectionId, firstPacketNumber },
      },
      parameters,
      host.nowUs,
    );
    this.#openings.set(connectionId, opening);
  }

  /** Gives up an opening; nothing is told. */
  abandon(handle: number): void {
    for (const opening of this.#openings.values()) {
      if (opening.handle === handle) this.#openings.delete(opening.connectionId);
    }
  }

  /** What an OPEN_ACK says. */
  handleAnswer(header: PacketHeader, datagram: Uint8Array, from: PeerAddress): void {
    const { counters } = this.#host;
    const opening = this.#openings.get(header.connectionId);
    if (opening === undefined) {
      counters.unknownConnection++;
      return;
    }
    const check = opening.introduction.openerCheck;
    const verdict = check.verify(datagram, 0);
    if (verdict !== 'ok') {
      counters[verdict]++;
      return;
    }
    if (opening.strangeAnswer !== undefined) {
      // The stored answer once more: its tag says so, and what it says is known.
      const { parameters } = opening.strangeAnswer;
      if (opening.isAsked(from)) this.#establish(opening, { parameters, from });
      return;
    }
    const sealed = decodeOpenAck(datagram, COMMON_HEADER_BYTES + check.tagBytes);
    const message = sealed && opening.handshake.readOpenAck(sealed);
    const answer = message && decodeOpenAnswer(message);
    if (answer === undefined) {
      counters.malformed++;
    } else if ('refusal' in answer) {
      const code = answer.refusal === CloseCode.version ? CloseCode.version : CloseCode.busy;
      const reason = code === CloseCode.version ? 'no common version' : 'no room for a connection';
      this.#fail(opening, code, reason, true);
    } else if (!PROTOCOL_VERSIONS.includes(answer.version)) {
      counters.malformed++;
    } else if (opening.isAsked(from)) {
      this.#establish(opening, { parameters: answer, from });
    } else {
      opening.keepStrange({ parameters: answer, from });
    }
  }

  #establish(opening: Opening, { parameters: answer, from }: OpenAnswer): void {
    const host = this.#host;
    const account = host.ledger.open();
    if (account === undefined) {
      this.#fail(opening, CloseCode.busy, 'no memory for a connection here', false);
      return;
    }
    const path = host.pathTo(from);
    path.mtu.peerBytes = answer.maxDatagramBytes;
    learnRoundTrip(path, opening.roundTripUs(host.nowUs), host.nowUs);
    this.#openings.delete(opening.connectionId);
    const connection = host.connect({
      handle: opening.handle,
      keyId: opening.introduction.keyId,
      isOpener: true,
      path,
      localConnectionId: opening.connectionId,
      peerConnectionId: answer.connectionId,
      session: opening.handshake.session,
      firstPacketNumber: opening.firstPacketNumber,
      peerFirstPacketNumber: answer.firstPacketNumber,
      peerCreditBytes: answer.creditBytes,
      peerSocketShareBytes: answer.socketShareBytes,
      account,
      nowUs: host.nowUs,
    });
    host.onOpened(connection);
    connection.greet();
  }

  #fail(opening: Opening, code: CloseCode, reason: string, byPeer: boolean): void {
    this.#openings.delete(opening.connectionId);
    this.#host.onUnopened(opening.handle, code, reason, byPeer);
  }
}

/** Whether OPEN may leave, as far as others under the same ticket go. */
function mayAsk(opening: Opening, asked: ReadonlyMap<string, number>): boolean {
  if (!opening.isTicket || opening.hasAsked) return true;
  return (asked.get(opening.introduction.keyId) ?? 0) < MAX_ASKED_AT_ONCE;
}

function countAsked(counts: Map<string, number>, { introduction: { keyId } }: Opening): void {
  counts.set(keyId, (counts.get(keyId) ?? 0) + 1);
}
