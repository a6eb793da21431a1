import type { TransportConnection } from '../../core/index.ts';
import type { Introduction, SocketAddress } from '../../files/transfer.ts';
import type { X25519KeyPair } from '../../secure/noise/x25519.ts';
import { peerKeyOf } from '../../secure/sealed-session.ts';
import type { IntroductionPurpose, TicketOptions } from '../transfer-endpoint.ts';
import type { SocketEngine } from '../udp/socket-engine.ts';
import { ticketExpectation, transportIntroduction } from './introductions.ts';
import { TicketMaker } from './ticket-maker.ts';

/** Introductions that may wait for their opener. */
export const MAX_INTRODUCED = 256;

/** Who has opened a connection, and for what. */
export interface ExpectedPeer {
  /** Whom `expect` has named, or the key of a ticket's holder. */
  readonly from: string;
  readonly purpose: IntroductionPurpose;
  /** What one peer's connections are counted by: `from`, or the key id of the ticket. */
  readonly origin: string;
}

/** Whom an endpoint lets in: each that was introduced once, and whoever holds one of its tickets. */
export class ExpectedPeers {
  readonly #engine: Pick<SocketEngine, 'expect' | 'expectMany'>;
  readonly #key: X25519KeyPair;
  readonly #tickets: TicketMaker;
  /** Key id to what was given in `expect`, the oldest first. */
  readonly #introduced: Map<string, Omit<ExpectedPeer, 'origin'>> = new Map();

  /** `address`: what `engine` listens on. */
  constructor(
    engine: Pick<SocketEngine, 'expect' | 'expectMany'>,
    address: SocketAddress,
    key: X25519KeyPair,
  ) {
    this.#engine = engine;
    this.#key = key;
    this.#tickets = new TicketMaker(address, Buffer.from(key.publicKey).toString('hex'));
  }

  expect(introduction: Introduction, from: string, purpose: IntroductionPurpose): void {
    const expected = transportIntroduction(introduction, this.#key);
    if (expected === undefined || !this.#engine.expect(expected)) return;
    this.#introduced.set(introduction.keyId, { from, purpose });
    if (this.#introduced.size <= MAX_INTRODUCED) return;
    const [oldest] = this.#introduced.keys();
    this.#introduced.delete(oldest!);
  }

  ticket(options: TicketOptions): string {
    const { text, introduction } = this.#tickets.make(options);
    // The same once more is known already.
    this.#engine.expectMany(ticketExpectation(introduction, this.#key));
    return text;
  }

  /** Whose connection this is; an introduction is used up by it. Undefined when nobody is expected. */
  take(connection: Pick<TransportConnection, 'keyId' | 'session'>): ExpectedPeer | undefined {
    const { keyId, session } = connection;
    const isTicket = this.#tickets.has(keyId);
    const expected = this.#introduced.get(keyId) ?? (isTicket ? holderOf(session) : undefined);
    this.#introduced.delete(keyId);
    return expected && { ...expected, origin: isTicket ? keyId : expected.from };
  }
}

/** Of a ticket nothing is known but the key. */
function holderOf(session: TransportConnection['session']): Omit<ExpectedPeer, 'origin'> {
  return { from: Buffer.from(peerKeyOf(session)!).toString('hex'), purpose: 'files' };
}
