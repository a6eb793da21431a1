import assert from 'node:assert/strict';
import { AccountDesk, type AccountDeskOptions, type DeskStep } from './account-desk.ts';
import type { ChangeOutcome, Effect, PasswordChange, PasswordOutcome } from './effect.ts';
import { IntroductionLedger } from './introduction-ledger.ts';
import { parseTime, type WallClock } from './local-time.ts';
import { messageLogLine, userLogLine } from './log-lines.ts';
import { MessageBoard, type BoardAnswer } from './message-board.ts';
import { pagesOf } from './pages.ts';
import {
  HEARTBEAT_MS,
  PRESENCE_TIMEOUT_MS,
  type ClientFrame,
  type IntroductionKey,
  type Refusal,
  type ServerFrame,
  type UserView,
} from './protocol.ts';
import { SessionTable, type Session } from './session-table.ts';

/** What a room needs from the world. */
export interface ChatRoomOptions extends AccountDeskOptions {
  readonly wallClock: WallClock;
  /** So many random bytes as hex digits, unpredictable. */
  readonly randomHex: (byteCount: number) => string;
}

/** How often `handleTick` is called; the silent are gone at the last tick before their time is up. */
export const TICK_MS = 250;
/** A connection that makes no attempt to log in for so long is closed. */
export const LOGIN_TIMEOUT_MS = 60_000;

type FrameOf<Type extends ClientFrame['type']> = Extract<ClientFrame, { type: Type }>;
/** What the desk answers. */
type AccountFrame = FrameOf<'login' | 'register' | 'change-password'>;
type NamedSession = Session & { readonly user: UserView };

/**
 * The chat server without its sockets and files: takes what happened, gives what is to be done.
 *
 * After every `handle…` drain `pollEffect`. Times are ms of a clock that never goes back. Frames of
 * one connection are handed in one at a time: the next after `resume`.
 */
export class ChatRoom {
  readonly #options: ChatRoomOptions;
  readonly #desk: AccountDesk;
  readonly #sessions = new SessionTable();
  /** Logged-in sessions by user, in the order of login. */
  readonly #active = new Map<string, NamedSession>();
  readonly #board = new MessageBoard();
  readonly #introductions: IntroductionLedger;
  #effects: Effect[] = [];

  constructor(options: ChatRoomOptions) {
    assert(options.allowedFailures >= 1, 'at least one password may be tried');
    this.#options = options;
    this.#desk = new AccountDesk(options);
    this.#introductions = new IntroductionLedger(options.randomHex);
  }

  /** What is to be done, in order; empties the list. */
  takeEffects(): readonly Effect[] {
    return this.#effects.splice(0);
  }

  /** The lines of userlog.txt as of now. */
  userLines(): Iterable<string> {
    return [...this.#active.values()].map(({ user }, index) => userLogLine(index + 1, user));
  }

  /** The lines of messagelog.txt as of now. */
  messageLines(): Iterable<string> {
    return this.#board.logLines();
  }

  /** `id` is new for every connection; `address` as logs and other users see it. */
  handleConnect(id: number, address: string, nowMs: number): void {
    const { evicted, isFull } = this.#sessions.makeRoom(address);
    if (isFull) {
      this.#effects.push(
        { do: 'log', entry: { event: 'refused: too many connections', address } },
        { do: 'close', connection: id },
      );
      return;
    }
    if (evicted) this.#end(evicted, 'idle');
    this.#sessions.add(id, address, nowMs);
  }

  /** The peer is alive: a frame came, or the server itself keeps it from being read. */
  handleSign(id: number, nowMs: number): void {
    const session = this.#sessions.get(id);
    if (session) session.heardAtMs = nowMs;
  }

  /** The connection has ended. */
  handleDisconnect(id: number): void {
    const session = this.#sessions.get(id);
    if (session) this.#remove(session, 'left');
  }

  /** The peer broke a rule and is cut off; `event` says which, for the log. */
  handleFault(id: number, event: string): void {
    const session = this.#sessions.get(id);
    if (!session) return;
    if (!session.user) this.#log(event, undefined, session.address);
    this.#remove(session, event);
    this.#effects.push({ do: 'close', connection: id });
  }

  handleFrame(id: number, frame: ClientFrame, nowMs: number): void {
    const session = this.#sessions.get(id);
    if (!session) return;
    const isAnswered = this.#request(session, frame, nowMs);
    if (isAnswered) this.#effects.push({ do: 'resume', connection: id });
  }

  /** The answer to `check-password`. */
  handlePasswordChecked(id: number, outcome: PasswordOutcome, nowMs: number): void {
    for (const step of this.#desk.handleChecked(id, outcome, nowMs)) this.#deskStep(step, nowMs);
  }

  /** The answer to `save-password`. */
  handlePasswordSaved(change: PasswordChange, outcome: ChangeOutcome, nowMs: number): void {
    this.#deskStep(this.#desk.handleSaved(change, outcome), nowMs);
  }

  handleTick(nowMs: number): void {
    for (const session of this.#sessions.all()) {
      if (nowMs - session.heardAtMs > PRESENCE_TIMEOUT_MS - TICK_MS) {
        this.#remove(session, 'gone silent');
        this.#effects.push({ do: 'close', connection: session.id });
      } else if (isIdle(session) && nowMs - session.idleSinceMs >= LOGIN_TIMEOUT_MS) {
        this.#end(session, 'idle');
      } else if (nowMs - session.pingedAtMs >= HEARTBEAT_MS) {
        session.pingedAtMs = nowMs;
        this.#effects.push({ do: 'ping', to: session.id });
      }
    }
  }

  /** Everybody is told and closed. */
  handleStop(): void {
    for (const session of this.#sessions.all()) {
      this.#send(session, { type: 'ended', body: { reason: 'stopping' } });
      this.#effects.push({ do: 'close', connection: session.id });
      this.#sessions.remove(session);
    }
    this.#active.clear();
    this.#effects.push({ do: 'save-users' });
  }

  /** Whether it is answered already. */
  #request(session: Session, frame: ClientFrame, nowMs: number): boolean {
    if (frame.type === 'pong') return true;
    const { request } = frame.body;
    const isEntering = frame.type === 'login' || frame.type === 'register';
    if (isEntering && session.user) this.#refuse(session, request, 'already-logged-in');
    else if (!isEntering && !session.user) this.#refuse(session, request, 'not-logged-in');
    else if (isEntering || frame.type === 'change-password') {
      this.#askDesk(session, frame, nowMs);
      return false;
    } else {
      assert(isNamed(session), 'only who has logged in gives commands');
      this.#command(session, frame, nowMs);
    }
    return true;
  }

  #command(
    session: NamedSession,
    frame: Exclude<ClientFrame, AccountFrame | { type: 'pong' }>,
    nowMs: number,
  ): void {
    switch (frame.type) {
      case 'post':
        this.#post(session, frame);
        break;
      case 'edit':
      case 'delete':
        this.#change(session, frame);
        break;
      case 'read':
        this.#read(session, frame);
        break;
      case 'users':
        this.#listUsers(session, frame.body.request, false);
        break;
      case 'introduce':
        this.#introduce(session, frame, nowMs);
        break;
      case 'decline':
        this.#decline(session, frame, nowMs);
        break;
      case 'logout':
        this.#send(session, { type: 'bye', body: { request: frame.body.request } });
        this.#remove(session, 'logged out');
        this.#effects.push({ do: 'close', connection: session.id });
        break;
    }
  }

  #askDesk(session: Session, frame: AccountFrame, nowMs: number): void {
    session.isLoggingIn = true;
    const { id: connection, address } = session;
    const { request } = frame.body;
    let step: DeskStep | undefined;
    if (frame.type === 'change-password') {
      const origin = { connection, request, address, user: session.user!.user };
      const { oldPassword, newPassword } = frame.body;
      step = this.#desk.changePassword(origin, oldPassword, newPassword, nowMs);
    } else {
      const { user, password, udpPort, publicKey } = frame.body;
      session.publicKey = publicKey;
      const origin = { connection, request, address, user };
      step =
        frame.type === 'login'
          ? this.#desk.logIn(origin, password, udpPort, nowMs)
          : this.#desk.register(origin, password, udpPort, nowMs);
    }
    if (step) this.#deskStep(step, nowMs);
  }

  #deskStep(step: DeskStep, nowMs: number): void {
    if (step.do === 'check-password') {
      this.#effects.push(step);
      return;
    }
    const origin = step.do === 'save-password' ? step.change : step.origin;
    const { user, address, connection, request } = origin;
    if (step.do === 'refuse') this.#log(`refused: ${step.reason}`, user, address);
    if (step.do === 'confirm-change') this.#log('changed the password', user, address);
    if (step.do === 'log-in' && step.isNewUser) this.#log('registered', user, address);
    const session = this.#sessions.get(connection);
    if (!session) return; // whoever left while the old password was checked changes nothing
    if (step.do === 'save-password') {
      this.#effects.push(step);
      return;
    }
    session.isLoggingIn = false;
    session.idleSinceMs = nowMs;
    if (step.do === 'refuse') this.#refuse(session, request, step.reason);
    else if (step.do === 'log-in') this.#welcome(session, user, step.udpPort, request);
    else this.#send(session, { type: 'password-changed', body: { request } });
    this.#effects.push({ do: 'resume', connection });
  }

  #welcome(session: Session, user: string, udpPort: number, request: number): void {
    const older = this.#active.get(user);
    if (older) this.#end(older, 'replaced');
    const since = this.#options.wallClock.now().text;
    this.#sessions.name(session, { user, address: session.address, udpPort, since });
    assert(isNamed(session), 'a session that was named has a name');
    this.#active.set(user, session);
    this.#effects.push({ do: 'save-users' });
    this.#log('logged in', user, session.address);
    this.#listUsers(session, request, true);
    this.#tellOthers(user, { type: 'joined', body: session.user });
  }

  #post(session: NamedSession, { body }: FrameOf<'post'>): void {
    const { user } = session.user;
    const answer = this.#board.post(user, body.text, this.#options.wallClock.now());
    if ('refusal' in answer) {
      this.#refuse(session, body.request, answer.refusal);
      return;
    }
    const { view } = answer;
    this.#effects.push(
      answer.hasForgotten === true
        ? { do: 'save-messages' }
        : { do: 'save-messages', added: messageLogLine(view) },
    );
    this.#log(`posted #${view.number}`, user, session.address);
    const { number, time } = view;
    this.#send(session, { type: 'done', body: { request: body.request, number, time } });
    this.#tellOthers(user, { type: 'posted', body: view });
  }

  #change(session: NamedSession, frame: FrameOf<'edit' | 'delete'>): void {
    const { request, number, time } = frame.body;
    const { user } = session.user;
    const now = this.#options.wallClock.now();
    const answer: BoardAnswer =
      frame.type === 'edit'
        ? this.#board.edit(number, time, user, frame.body.text, now)
        : this.#board.delete(number, time, user);
    if ('refusal' in answer) {
      this.#refuse(session, request, answer.refusal);
      return;
    }
    this.#effects.push({ do: 'save-messages' });
    this.#log(`${frame.type === 'edit' ? 'edited' : 'deleted'} #${number}`, user, session.address);
    this.#send(session, { type: 'done', body: { request, number, time: now.text } });
  }

  #read(session: NamedSession, { body: { request, since } }: FrameOf<'read'>): void {
    const time = parseTime(since);
    if (!time) {
      this.#refuse(session, request, 'bad-time');
      return;
    }
    const views = this.#board.laterThan(this.#options.wallClock.secondOf(time));
    const pages = pagesOf(views, (messages, more) => ({
      type: 'messages',
      body: { request, messages, more },
    }));
    this.#effects.push({ do: 'send-pages', to: session.id, pages });
  }

  /** The first page of a welcome is the welcome. */
  #listUsers(session: Session, request: number, isWelcome: boolean): void {
    const own = session.user!.user;
    const others = [...this.#active.values()].map(({ user }) => user);
    const pages = pagesOf(
      others.filter(({ user }) => user !== own),
      (users, more, pageIndex): ServerFrame =>
        isWelcome && pageIndex === 0
          ? { type: 'welcome', body: { request, user: own, users, more } }
          : { type: 'users', body: { request, users, more } },
    );
    this.#effects.push({ do: 'send-pages', to: session.id, pages });
  }

  #introduce(session: NamedSession, { body }: FrameOf<'introduce'>, nowMs: number): void {
    const { request, to, purpose } = body;
    const from = session.user.user;
    const receiver = this.#active.get(to);
    if (!receiver || to === from) {
      this.#refuse(session, request, receiver ? 'yourself' : 'not-online');
      return;
    }
    const shared = this.#introductions.enter(from, to, nowMs);
    if (typeof shared === 'string') {
      this.#refuse(session, request, shared);
      return;
    }
    const { address, udpPort } = receiver.user;
    const keyFor = (peer: Session): IntroductionKey => ({ ...shared, peerKey: peer.publicKey });
    // The receiver first: it should expect the key before the sender can use it.
    this.#send(receiver, { type: 'expect', body: { from, purpose, key: keyFor(session) } });
    this.#send(session, {
      type: 'introduced',
      body: { request, to, key: keyFor(receiver), addresses: [{ address, port: udpPort }] },
    });
    this.#log(`introduced to ${to}`, from, session.address);
  }

  #decline(session: NamedSession, { body }: FrameOf<'decline'>, nowMs: number): void {
    const { request, keyId } = body;
    const { user } = session.user;
    const from = this.#introductions.decline(keyId, user, nowMs);
    const sender = from === undefined ? undefined : this.#active.get(from);
    if (sender) {
      this.#send(sender, { type: 'declined', body: { keyId } });
      this.#log(`declined ${from!}`, user, session.address);
    }
    this.#send(session, { type: 'declining', body: { request } });
  }

  /** Tells why, then closes. */
  #end(session: Session, reason: 'replaced' | 'idle'): void {
    this.#send(session, { type: 'ended', body: { reason } });
    this.#remove(session, reason);
    this.#effects.push({ do: 'close', connection: session.id });
  }

  #remove(session: Session, event: string): void {
    this.#sessions.remove(session);
    this.#desk.withdraw(session.id);
    if (!session.user) return; // strangers come and go without filling the log
    const { user } = session.user;
    this.#log(event, user, session.address);
    this.#active.delete(user);
    this.#introductions.forget(user);
    this.#effects.push({ do: 'save-users' });
    this.#tellOthers(user, { type: 'left', body: { user } });
  }

  #tellOthers(user: string, frame: ServerFrame): void {
    for (const [name, session] of this.#active) if (name !== user) this.#send(session, frame);
  }

  #refuse(session: Session, request: number, reason: Refusal): void {
    this.#send(session, { type: 'refused', body: { request, reason } });
  }

  #send(session: Session, frame: ServerFrame): void {
    this.#effects.push({ do: 'send', to: session.id, frame });
  }

  #log(event: string, user: string | undefined, address: string): void {
    this.#effects.push({ do: 'log', entry: { event, user, address } });
  }
}

function isNamed(session: Session): session is NamedSession {
  return session.user !== undefined;
}

function isIdle(session: Session): boolean {
  return !session.user && !session.isLoggingIn;
}
