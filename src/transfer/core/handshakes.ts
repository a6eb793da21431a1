import assert from 'node:assert/strict';
import type { Connection } from './connection/connection.ts';
import type { ConnectionOptions } from './connection/connection-options.ts';
import { type CreditLedger, OPENING_CREDIT_BYTES } from './connection/credit-ledger.ts';
import type { EndpointCounters } from './endpoint-counters.ts';
import type { Expectation } from './expectation.ts';
import { Expectations, INTRODUCTION_US } from './expectations.ts';
import { HalfOpen } from './half-open.ts';
import type { ResponderHandshake, TransportIntroduction } from './introduction.ts';
import { type OpenAnswer, Opening, type OpeningTarget } from './opening.ts';
import type { Path } from './path/path.ts';
import { CloseCode, type PeerAddress } from './transport.ts';
import {
  decodeOpen,
  decodeOpenAck,
  encodeHeader,
  encodeOpenAck,
  headerBytes,
} from './wire/codec.ts';
import {
  decodeOpenAnswer,
  decodeOpenParameters,
  encodeOpenAnswer,
  encodeOpenParameters,
  type OpenAckParameters,
  type OpenParameters,
} from './wire/open-parameters.ts';
import { COMMON_HEADER_BYTES, MIN_OPEN_BYTES, PacketType } from './wire/packet.ts';
import type { PacketHeader } from './wire/packet.ts';

/** Versions of the protocol that this side speaks, the best first. */
export const PROTOCOL_VERSIONS: readonly number[] = [1];
/** Connections whose opener has not been heard again yet (DESIGN §9). */
export const MAX_HALF_OPEN = 64;

const ONE_KIND = 'the introductions of one endpoint all have tags, or none has';

/** How a connection is opened. */
export interface OpenOptions {
  /** Its holders may open many connections: an OPEN that nobody answers is followed by others. */
  readonly isTicket?: boolean;
  /** After this long without an answer it is given up; default the endpoint's. */
  readonly timeoutUs?: number;
}

/** What the handshakes need of their endpoint. */
export interface HandshakeHost {
  readonly nowUs: number;
  readonly counters: EndpointCounters;
  readonly ledger: CreditLedger;
  readonly socketShareBytes: number;
  /** Largest datagram that this side takes. */
  readonly maxReceivedDatagramBytes: number;
  /** Whether one more connection may be opened. */
  readonly hasRoom: boolean;
  /** Datagrams that `send` takes now. */
  readonly outboxRoom: number;
  drawConnectionId(): number;
  drawFirstPacketNumber(): number;
  pathTo(address: PeerAddress): Path;
  connect(options: ConnectionOptions): Connection;
  send(datagram: Uint8Array, to: PeerAddress): void;
  onOpened(connection: Connection): void;
  onUnopened(handle: number, code: CloseCode, reason: string, byPeer: boolean): void;
}

/**
 * Both sides of every opening: OPENs that wait for their answer, and introductions that wait for
 * their OPEN. Silent to strangers: an OPEN that no live introduction covers is counted, no more.
 */
export class Handshakes {
  readonly #host: HandshakeHost;
  readonly #openTimeoutUs: number;
  readonly #tagBytes: number;
  /** By our connection id. */
  readonly #openings: Map<number, Opening> = new Map();
  readonly #expectations: Expectations = new Expectations();

  constructor(host: HandshakeHost, openTimeoutUs: number, tagBytes: number) {
    this.#host = host;
    this.#openTimeoutUs = openTimeoutUs;
    this.#tagBytes = tagBytes;
  }

  get openingCount(): number {
    return this.#openings.size;
  }

  get expectedCount(): number {
    return this.#expectations.count;
  }

  get halfOpenCount(): number {
    return this.#expectations.halfOpenCount;
  }

  hasOpening(connectionId: number): boolean {
    return this.#openings.has(connectionId);
  }

  nextTimeoutUs(): number {
    let next = this.#expectations.nextTimeoutUs();
    for (const opening of this.#openings.values()) next = Math.min(next, opening.nextTimeoutUs);
    return next;
  }

  handleTimeout(nowUs: number): void {
    for (const opening of this.#openings.values()) {
      const strange = opening.dueStrangeAnswer(nowUs);
      if (strange !== undefined) this.#establish(opening, strange);
      else if (opening.isOver(nowUs)) {
        this.#fail(opening, CloseCode.unanswered, 'no answer', false);
      } else if (opening.isRenewalDue(nowUs)) this.#renew(opening);
      // Without room for all it stays due: what is dropped now would be dropped at every resending.
      else if (opening.addresses.length <= this.#host.outboxRoom && opening.takeSend(nowUs)) {
        for (const to of opening.addresses) this.#host.send(opening.datagram, to);
      }
    }
    this.#expectations.handleTimeout(nowUs);
  }

  // ---- the opener

  open(
    handle: number,
    introduction: TransportIntroduction,
    addresses: readonly PeerAddress[],
    { isTicket = false, timeoutUs = this.#openTimeoutUs }: OpenOptions = {},
  ): void {
    assert(introduction.openerCheck.tagBytes === this.#tagBytes, ONE_KIND);
    const deadlineUs = this.#host.nowUs + timeoutUs;
    this.#begin({ handle, introduction, addresses, isTicket, deadlineUs });
  }

  /** An OPEN of its own again: ephemeral key, connection id and packet numbers are new. */
  #renew(opening: Opening): void {
    this.#openings.delete(opening.connectionId);
    this.#begin(opening);
  }

  #begin(asked: Omit<OpeningTarget, 'connectionId' | 'firstPacketNumber'>): void {
    const host = this.#host;
    const { handle, introduction, addresses, isTicket, deadlineUs } = asked;
    const connectionId = host.drawConnectionId();
    const firstPacketNumber = host.drawFirstPacketNumber();
    const parameters = encodeOpenParameters({
      versions: PROTOCOL_VERSIONS,
      ...this.#limits(connectionId, firstPacketNumber),
    });
    const opening = new Opening(
      {
        ...{ handle, introduction, addresses, isTicket, deadlineUs },
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

  handleOpenAck(header: PacketHeader, datagram: Uint8Array, from: PeerAddress): void {
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
    path.peerDatagramBytes = answer.maxDatagramBytes;
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

  // ---- the responder

  /** False when too many introductions wait, or this one does already. */
  expect(introduction: TransportIntroduction): boolean {
    assert(introduction.responderCheck.tagBytes === this.#tagBytes, ONE_KIND);
    return this.#expectations.addIntroduction(introduction, this.#host.nowUs);
  }

  /** Lets its holders open many connections; false when there are too many tickets, or this one is. */
  expectMany(ticket: TransportIntroduction): boolean {
    assert(ticket.responderCheck.tagBytes === this.#tagBytes, ONE_KIND);
    return this.#expectations.addTicket(ticket);
  }

  handleOpen(datagram: Uint8Array, from: PeerAddress): void {
    const { counters, nowUs } = this.#host;
    const open = decodeOpen(datagram, COMMON_HEADER_BYTES + this.#tagBytes);
    const expectation = open && this.#expectations.find(open.keyId);
    if (open === undefined || expectation === undefined) {
      counters.strangers++;
      return;
    }
    const { introduction } = expectation;
    const verdict = introduction.responderCheck.verify(datagram, 0);
    if (verdict !== 'ok') {
      counters[verdict]++;
      return;
    }
    if (expectation.isOver) {
      counters.strangers++;
      return;
    }
    const openHash = introduction.hashOpen(open.message);
    const halfOpen = expectation.halfOpenOf(openHash);
    if (halfOpen !== undefined) {
      const answer = halfOpen.answerTo(from, nowUs);
      if (answer === undefined) counters.strangers++;
      else this.#host.send(answer, from);
      return;
    }
    const permission = expectation.mayOpen(openHash);
    if (permission === 'later' || this.#host.ledger.room === 'later') {
      counters.deferred++;
      return;
    }
    if (permission === 'never' || !expectation.takeAttempt(nowUs)) {
      counters.strangers++;
      return;
    }
    const handshake = introduction.createResponder(headerBytes(datagram));
    const message = handshake.readOpen(open.message);
    const offered = message && decodeOpenParameters(message);
    if (offered === undefined) counters.malformed++;
    else this.#accept({ expectation, openHash, handshake, offered }, from);
  }

  #accept({ expectation, openHash, handshake, offered }: OpenedOpen, from: PeerAddress): void {
    const host = this.#host;
    const version = PROTOCOL_VERSIONS.find((known) => offered.versions.includes(known));
    const hasRoom = this.halfOpenCount < MAX_HALF_OPEN && host.hasRoom;
    const account = version !== undefined && hasRoom ? host.ledger.open() : undefined;
    if (version === undefined || account === undefined) {
      const refusal = version === undefined ? CloseCode.version : CloseCode.busy;
      const message = handshake.writeOpenAck(encodeOpenAnswer({ refusal }));
      host.send(buildOpenAck(offered, expectation, message), from);
      return;
    }
    const connectionId = host.drawConnectionId();
    const firstPacketNumber = host.drawFirstPacketNumber();
    const limits = this.#limits(connectionId, firstPacketNumber);
    const message = handshake.writeOpenAck(encodeOpenAnswer({ version, ...limits }));
    const path = host.pathTo(from);
    path.peerDatagramBytes = offered.maxDatagramBytes;
    const connection = host.connect({
      handle: 0,
      keyId: expectation.introduction.keyId,
      isOpener: false,
      path,
      localConnectionId: connectionId,
      peerConnectionId: offered.connectionId,
      session: handshake.session,
      firstPacketNumber,
      peerFirstPacketNumber: offered.firstPacketNumber,
      peerCreditBytes: offered.creditBytes,
      peerSocketShareBytes: offered.socketShareBytes,
      account,
      nowUs: host.nowUs,
    });
    const expiresAtUs = Math.min(expectation.expiresAtUs, host.nowUs + INTRODUCTION_US);
    const answer = buildOpenAck(offered, expectation, message);
    const halfOpen = new HalfOpen(connection, answer, expiresAtUs);
    this.#expectations.accept(expectation, openHash, halfOpen);
    host.send(halfOpen.answerTo(from, host.nowUs)!, from);
  }

  /** The opener of this connection was heard again: its address is its own. */
  onConfirmed(connection: Connection): void {
    const halfOpen = this.#expectations.settle(connection);
    if (halfOpen === undefined) return;
    const { nowUs } = this.#host;
    learnRoundTrip(connection.path, halfOpen.roundTripUs(nowUs), nowUs);
  }

  #limits(connectionId: number, firstPacketNumber: number): Omit<OpenAckParameters, 'version'> {
    return {
      connectionId,
      firstPacketNumber,
      creditBytes: OPENING_CREDIT_BYTES,
      socketShareBytes: this.#host.socketShareBytes,
      maxDatagramBytes: this.#host.maxReceivedDatagramBytes,
    };
  }
}

/** An OPEN whose handshake has opened it. */
interface OpenedOpen {
  readonly expectation: Expectation;
  readonly openHash: string;
  readonly handshake: ResponderHandshake;
  readonly offered: OpenParameters;
}

function buildOpenAck(
  offered: OpenParameters,
  expectation: Expectation,
  message: Uint8Array,
): Uint8Array {
  const check = expectation.introduction.responderCheck;
  const buffer = new Uint8Array(MIN_OPEN_BYTES);
  encodeHeader(buffer, PacketType.openAck, 0, offered.connectionId);
  const length = encodeOpenAck(buffer, COMMON_HEADER_BYTES + check.tagBytes, message);
  check.write(buffer, length, 0);
  return buffer.subarray(0, length);
}

/** A handshake's round trip starts an RTT that knows nothing; DATA's samples replace it. */
function learnRoundTrip(path: Path, roundTripUs: number | undefined, nowUs: number): void {
  if (roundTripUs === undefined || path.rtt.hasSample) return;
  path.rtt.onSample(roundTripUs, 0, 0, nowUs);
}
