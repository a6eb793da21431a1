import assert from 'node:assert/strict';
import { AccountDesk, type AccountDeskOptions, type DeskStep } from './account-desk.ts';
import { BoardDesk } from './board-desk.ts';
import type { ChangeOutcome, Effect, PasswordChange, PasswordOutcome } from './effect.ts';
import { EffectList } from './effect-list.ts';
import { IntroductionDesk } from './introduction-desk.ts';
import type { WallClock } from './local-time.ts';
import { userLogLine } from './log-lines.ts';
import { pagesOf } from './pages.ts';
import {
  HEARTBEAT_MS,
  PRESENCE_TIMEOUT_MS,
  type ClientFrame,
  type ServerFrame,
} from './protocol.ts';
import { type NamedSession, SessionTable, type Session } from './session-table.ts';

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
  readonly #effects: EffectList = new EffectList();
  readonly #board: BoardDesk;
  readonly #introductions: IntroductionDesk;

  constructor(options: ChatRoomOptions) {
    assert(options.allowedFailures >= 1, 'at least one password may be tried');
    this.#options = options;
    this.#desk = new AccountDesk(options);
    this.#board = new BoardDesk(this.#effects, options.wallClock);
    this.#introductions = new IntroductionDesk(this.#effects, this.#active, options.randomHex);
  }

  /** What is to be done, in order; empties the list. */
  takeEffects(): readonly Effect[] {
    return this.#effects.take();
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
    if (!session.user) this.#effects.log(event, undefined, session.address);
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
      this.#effects.send(session, { type: 'ended', body: { reason: 'stopping' } });
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
    if (isEntering && session.user) this.#effects.refuse(session, request, 'already-logged-in');
    else if (!isEntering && !session.user) this.#effects.refuse(session, request, 'not-logged-in');
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
        this.#board.change(session, frame);
        break;
      case 'read':
        this.#board.read(session, frame);
        break;
      case 'users':
        this.#listUsers(session, frame.body.request, false);
        break;
      case 'introduce':
        this.#introductions.introduce(session, frame, nowMs);
        break;
      case 'decline':
        this.#introductions.decline(session, frame, nowMs);
        break;
      case 'compare':
        this.#introductions.compare(session, frame, nowMs);
        break;
      case 'saw':
        this.#introductions.saw(session, frame, nowMs);
        break;
      case 'logout':
        this.#effects.send(session, { type: 'bye', body: { request: frame.body.request } });
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
      const { user, password, udpPort, publicKey, compares } = frame.body;
      session.publicKey = publicKey;
      session.compares = compares === true;
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
    if (step.do === 'refuse') this.#effects.log(`refused: ${step.reason}`, user, address);
    if (step.do === 'confirm-change') this.#effects.log('changed the password', user, address);
    if (step.do === 'log-in' && step.isNewUser) this.#effects.log('registered', user, address);
    const session = this.#sessions.get(connection);
    if (!session) return; // whoever left while the old password was checked changes nothing
    if (step.do === 'save-password') {
      this.#effects.push(step);
      return;
    }
    session.isLoggingIn = false;
    session.idleSinceMs = nowMs;
    if (step.do === 'refuse') this.#effects.refuse(session, request, step.reason);
    else if (step.do === 'log-in') this.#welcome(session, user, step.udpPort, request);
    else this.#effects.send(session, { type: 'password-changed', body: { request } });
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
    this.#effects.log('logged in', user, session.address);
    this.#listUsers(session, request, true);
    this.#tellOthers(user, { type: 'joined', body: session.user });
  }

  #post(session: NamedSession, frame: FrameOf<'post'>): void {
    const view = this.#board.post(session, frame);
    if (view) this.#tellOthers(session.user.user, { type: 'posted', body: view });
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

  /** Tells why, then closes. */
  #end(session: Session, reason: 'replaced' | 'idle'): void {
    this.#effects.send(session, { type: 'ended', body: { reason } });
    this.#remove(session, reason);
    this.#effects.push({ do: 'close', connection: session.id });
  }

  #remove(session: Session, event: string): void {
    this.#sessions.remove(session);
    this.#desk.withdraw(session.id);
    if (!session.user) return; // strangers come and go without filling the log
    const { user } = session.user;
    this.#effects.log(event, user, session.address);
    this.#active.delete(user);
    this.#introductions.forget(user);
    this.#effects.push({ do: 'save-users' });
    this.#tellOthers(user, { type: 'left', body: { user } });
  }

  #tellOthers(user: string, frame: ServerFrame): void {
    for (const [name, session] of this.#active)
      if (name !== user) this.#effects.send(session, frame);
  }
}

function isNamed(session: Session): session is NamedSession {
  return session.user !== undefined;
}

function isIdle(session: Session): boolean {
  return !session.user && !session.isLoggingIn;
}
