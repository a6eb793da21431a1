import type { EffectList } from './effect-list.ts';
import { IntroductionLedger } from './introduction-ledger.ts';
import type { ClientFrame, IntroductionKey } from './protocol.ts';
import type { NamedSession, Session } from './session-table.ts';

type FrameOf<Type extends ClientFrame['type']> = Extract<ClientFrame, { type: Type }>;

/** Introduces one user to another, and carries what the two have to say of that introduction. */
export class IntroductionDesk {
  readonly #effects: EffectList;
  /** By user. */
  readonly #active: ReadonlyMap<string, NamedSession>;
  readonly #ledger: IntroductionLedger;

  constructor(
    effects: EffectList,
    active: ReadonlyMap<string, NamedSession>,
    randomHex: (byteCount: number) => string,
  ) {
    this.#effects = effects;
    this.#active = active;
    this.#ledger = new IntroductionLedger(randomHex);
  }

  introduce(session: NamedSession, { body }: FrameOf<'introduce'>, nowMs: number): void {
    const { request, to, purpose } = body;
    const from = session.user.user;
    const receiver = this.#active.get(to);
    if (!receiver || to === from) {
      this.#effects.refuse(session, request, receiver ? 'yourself' : 'not-online');
      return;
    }
    const shared = this.#ledger.enter(from, to, nowMs);
    if (typeof shared === 'string') {
      this.#effects.refuse(session, request, shared);
      return;
    }
    const { address, udpPort } = receiver.user;
    const { compares } = receiver;
    const keyFor = (peer: Session): IntroductionKey => ({ ...shared, peerKey: peer.publicKey });
    // The receiver first: it should expect the key before the sender can use it.
    this.#effects.send(receiver, { type: 'expect', body: { from, purpose, key: keyFor(session) } });
    const addresses = [{ address, port: udpPort }];
    this.#effects.send(session, {
      type: 'introduced',
      body: { request, to, key: keyFor(receiver), addresses, compares },
    });
    this.#effects.log(`introduced to ${to}`, from, session.address);
  }

  decline(session: NamedSession, { body }: FrameOf<'decline'>, nowMs: number): void {
    const { request, keyId } = body;
    const { user } = session.user;
    const from = this.#ledger.decline(keyId, user, nowMs);
    const sender = from === undefined ? undefined : this.#active.get(from);
    if (sender) {
      this.#effects.send(sender, { type: 'declined', body: { keyId } });
      this.#effects.log(`declined ${from!}`, user, session.address);
    }
    this.#effects.send(session, { type: 'declining', body: { request } });
  }

  /** Only to a client that understands it, which an older one would take for a broken server. */
  compare(session: NamedSession, { body }: FrameOf<'compare'>, nowMs: number): void {
    const { request, to, keyId, sent } = body;
    const from = session.user.user;
    const receiver = this.#active.get(to);
    const mayAsk = receiver?.compares === true && this.#ledger.compare(keyId, from, to, nowMs);
    if (!mayAsk) {
      this.#effects.refuse(session, request, receiver ? 'busy' : 'not-online');
      return;
    }
    const { openCount, scoutCount, addresses } = sent;
    // What more a client may have put into its frame goes no further.
    const counts = {
      openCount,
      scoutCount,
      addresses: addresses.map(({ address, port }) => ({ address, port })),
    };
    this.#effects.send(receiver, { type: 'compare', body: { from, keyId, sent: counts } });
    this.#effects.send(session, { type: 'comparing', body: { request } });
    this.#effects.log(`hears nothing of ${to} over UDP`, from, session.address);
  }

  saw(session: NamedSession, { body }: FrameOf<'saw'>, nowMs: number): void {
    const { request, keyId, seen } = body;
    const from = this.#ledger.saw(keyId, session.user.user, nowMs);
    const sender = from === undefined ? undefined : this.#active.get(from);
    if (!sender) {
      this.#effects.refuse(session, request, 'not-online');
      return;
    }
    const { openCount, scoutCount, answerCount } = seen;
    const counts = { openCount, scoutCount, answerCount };
    this.#effects.send(sender, { type: 'saw', body: { keyId, seen: counts } });
    this.#effects.send(session, { type: 'comparing', body: { request } });
  }

  /** The receiver has left: its engine expects nothing more. */
  forget(receiver: string): void {
    this.#ledger.forget(receiver);
  }
}
