import assert from 'node:assert/strict';
import type { Connection } from './connection/connection.ts';
import type { Expectation } from './expectation.ts';
import { Expectations, INTRODUCTION_US } from './expectations.ts';
import { HalfOpen } from './half-open.ts';
import {
  type HandshakeHost,
  handshakeLimits,
  learnRoundTrip,
  PROTOCOL_VERSIONS,
} from './handshake-host.ts';
import type { ResponderHandshake, TransportIntroduction } from './introduction.ts';
import type { OpeningNotes } from './opening-notes.ts';
import { Openings, type OpenOptions } from './openings.ts';
import { CloseCode, type PeerAddress } from './transport.ts';
import { decodeScout, decodeOpen, encodeHeader, encodeOpenAck, headerBytes } from './wire/codec.ts';
import {
  decodeOpenParameters,
  encodeOpenAnswer,
  type OpenParameters,
} from './wire/open-parameters.ts';
import { COMMON_HEADER_BYTES, MIN_OPEN_BYTES, PacketType } from './wire/packet.ts';
import type { PacketHeader } from './wire/packet.ts';

/** Connections whose opener has not been heard again yet (DESIGN §9). */
export const MAX_HALF_OPEN = 64;

const ONE_KIND = 'the introductions of one endpoint all have tags, or none has';

/**
 * Both sides of every opening: OPENs that wait for their answer, and introductions that wait for
 * their OPEN. Silent to strangers: an OPEN that no live introduction covers is counted, no more.
 */
export class Handshakes {
  readonly #host: HandshakeHost;
  readonly #tagBytes: number;
  readonly #openings: Openings;
  readonly #expectations: Expectations = new Expectations();

  constructor(host: HandshakeHost, openTimeoutUs: number, tagBytes: number) {
    this.#host = host;
    this.#openings = new Openings(host, openTimeoutUs);
    this.#tagBytes = tagBytes;
  }

  get openingCount(): number {
    return this.#openings.count;
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

  /** What both sides of an opening under this introduction can compare. */
  notesOf(keyId: string): OpeningNotes {
    return { sent: this.#openings.sentUnder(keyId), seen: this.#expectations.find(keyId)?.seen };
  }

  nextTimeoutUs(): number {
    return Math.min(this.#openings.nextTimeoutUs(), this.#expectations.nextTimeoutUs());
  }

  handleTimeout(nowUs: number): void {
    this.#openings.handleTimeout(nowUs);
    this.#expectations.handleTimeout(nowUs);
  }

  // ---- the opener

  open(
    handle: number,
    introduction: TransportIntroduction,
    addresses: readonly PeerAddress[],
    options?: OpenOptions,
  ): void {
    assert(introduction.openerCheck.tagBytes === this.#tagBytes, ONE_KIND);
    this.#openings.open(handle, introduction, addresses, options);
  }

  /** Gives up an opening; nothing is told. */
  abandon(handle: number): void {
    this.#openings.abandon(handle);
  }

  handleOpenAck(header: PacketHeader, datagram: Uint8Array, from: PeerAddress): void {
    this.#openings.handleAnswer(header, datagram, from);
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
    expectation.seen.openCount++;
    if (expectation.isOver) {
      counters.strangers++;
      return;
    }
    const openHash = introduction.hashOpen(open.message);
    const halfOpen = expectation.halfOpenOf(openHash);
    if (halfOpen !== undefined) {
      const answer = halfOpen.answerTo(from, nowUs);
      if (answer === undefined) counters.strangers++;
      else this.#answer(expectation, answer, from);
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
      this.#answer(expectation, buildOpenAck(offered, expectation, message), from);
      return;
    }
    const connectionId = host.drawConnectionId();
    const firstPacketNumber = host.drawFirstPacketNumber();
    const limits = handshakeLimits(host, connectionId, firstPacketNumber);
    const message = handshake.writeOpenAck(encodeOpenAnswer({ version, ...limits }));
    const path = host.pathTo(from);
    path.mtu.peerBytes = offered.maxDatagramBytes;
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
    this.#answer(expectation, halfOpen.answerTo(from, host.nowUs)!, from);
  }

  #answer(expectation: Expectation, answer: Uint8Array, to: PeerAddress): void {
    expectation.seen.answerCount++;
    this.#host.send(answer, to);
  }

  /** Only counted: what both sides compare when the opening does not come about. */
  handleScout(datagram: Uint8Array): void {
    const { counters } = this.#host;
    const keyId = decodeScout(datagram, COMMON_HEADER_BYTES + this.#tagBytes);
    if (keyId === undefined) {
      counters.malformed++;
      return;
    }
    const expectation = this.#expectations.find(keyId);
    if (expectation === undefined) {
      counters.strangers++;
      return;
    }
    const verdict = expectation.introduction.responderCheck.verify(datagram, 0);
    if (verdict === 'ok') expectation.seen.scoutCount++;
    else counters[verdict]++;
  }

  /** The opener of this connection was heard again: its address is its own. */
  onConfirmed(connection: Connection): void {
    const halfOpen = this.#expectations.confirm(connection);
    if (halfOpen === undefined) return;
    const { nowUs } = this.#host;
    learnRoundTrip(connection.path, halfOpen.roundTripUs(nowUs), nowUs);
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
