import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { ChatRoom, TICK_MS } from './core/chat-room.ts';
import type { Effect, PasswordChange } from './core/effect.ts';
import type { Fingerprint } from './core/fingerprint.ts';
import { serverLogLine, type LogEntry } from './core/log-lines.ts';
import type { WallClock } from './core/local-time.ts';
import type { ServerFrame } from './core/protocol.ts';
import { SCRYPT_COST, type ScryptCost } from './core/stored-password.ts';
import { ClientConnection } from './io/client-connection.ts';
import { localWallClock, systemClock, type Clock } from './io/clock.ts';
import { CredentialsFile } from './io/credentials-file.ts';
import { DeliveryQueue } from './io/delivery-queue.ts';
import { encodeFrame } from './io/frame-decoder.ts';
import { listen, type Listener } from './io/listener.ts';
import { PasswordOffice } from './io/password-office.ts';
import { openServerKey, type ServerKey } from './io/server-key.ts';
import { ServerStartError } from './io/server-start-error.ts';
import { StateFile } from './io/state-file.ts';
import type { SafeText } from '../text/safe-text.ts';

export { hostAndPort } from './core/host-and-port.ts';
export { ServerStartError, type ServerStartErrorCode } from './io/server-start-error.ts';

export interface ChatServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Holds credentials.txt and the server's key; userlog.txt and messagelog.txt are emptied there. */
  readonly dir: string;
  /** Wrong passwords in a row that block a user from an address: 1 to 5. */
  readonly allowedFailures: number;
  readonly blockMs: number;
  /** Whether strangers may become users; absent: they may. */
  readonly takesNewUsers?: boolean;
  /** Called with each line of the server's log, without its newline. */
  readonly onLog?: (line: SafeText) => void;
  /** The machine's when absent. */
  readonly clock?: Clock;
  /** Of new password hashes; `SCRYPT_COST` when absent. */
  readonly scryptCost?: ScryptCost;
}

/** A server that takes clients. */
export interface ChatServer {
  readonly host: string;
  readonly port: number;
  /** What clients compare; it stays as long as the file with the key. */
  readonly fingerprint: Fingerprint;
  /** Tells all clients, writes the files, and resolves when no socket is left. */
  close(): Promise<void>;
}

/** Rejects with a `ServerStartError` that says in one line why it cannot start. */
export async function startServer(options: ChatServerOptions): Promise<ChatServer> {
  const credentials = new CredentialsFile(join(options.dir, 'credentials.txt'));
  const wallClock = localWallClock(options.clock ?? systemClock);
  const room = new ChatRoom({
    users: await credentials.read(),
    allowedFailures: options.allowedFailures,
    blockMs: options.blockMs,
    takesNewUsers: options.takesNewUsers ?? true,
    wallClock,
    randomHex: (byteCount) => randomBytes(byteCount).toString('hex'),
  });
  const key = await openServerKey(join(options.dir, 'server.pem'));
  const server = new RunningServer(options, room, credentials, key, wallClock);
  await server.open();
  return server;
}

/** Joins the room to sockets, files and clock: carries in what happens, carries out effects. */
class RunningServer implements ChatServer {
  readonly host: string;
  readonly #options: ChatServerOptions;
  readonly #clock: Clock;
  readonly #wallClock: WallClock;
  readonly #room: ChatRoom;
  readonly #credentials: CredentialsFile;
  readonly #key: ServerKey;
  readonly #passwords: PasswordOffice;
  readonly #userLog: StateFile;
  readonly #messageLog: StateFile;
  readonly #deliveries: DeliveryQueue;
  readonly #connections = new Map<number, ClientConnection>();
  readonly #sockets = new Set<Socket>();
  #nextConnection = 1;
  #listener: Listener | undefined;
  #isReady = false;
  #isStopping = false;
  #cancelTick: () => void = () => undefined;
  #lastEncoded: { readonly frame: ServerFrame; readonly text: string } | undefined;

  constructor(
    options: ChatServerOptions,
    room: ChatRoom,
    credentials: CredentialsFile,
    key: ServerKey,
    wallClock: WallClock,
  ) {
    this.host = options.host;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#wallClock = wallClock;
    this.#room = room;
    this.#credentials = credentials;
    this.#key = key;
    const cost = options.scryptCost ?? SCRYPT_COST;
    this.#passwords = new PasswordOffice(credentials, cost, this.#clock, (event) => {
      this.#log({ event });
    });
    this.#userLog = this.#stateFile('userlog.txt', () => room.userLines());
    this.#messageLog = this.#stateFile('messagelog.txt', () => room.messageLines());
    this.#deliveries = new DeliveryQueue([this.#userLog, this.#messageLog]);
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get fingerprint(): Fingerprint {
    return this.#key.fingerprint;
  }

  async open(): Promise<void> {
    const { host, port, dir } = this.#options;
    // The port first: if another server has it, its log files must not be emptied.
    const early: (() => void)[] = [];
    this.#listener = await listen({
      host,
      port,
      key: this.#key,
      clock: this.#clock,
      onSocket: (socket, address) => {
        this.#sockets.add(socket);
        socket.on('error', () => undefined); // 'close' follows
        socket.once('close', () => this.#sockets.delete(socket));
        if (this.#isReady) this.#accept(socket, address);
        else {
          early.push(() => {
            this.#accept(socket, address);
          });
        }
      },
      onTurnedAway: (event, address) => {
        this.#log({ event, address });
      },
    });
    try {
      await this.#userLog.create();
      await this.#messageLog.create();
    } catch (error) {
      this.#listener.close();
      for (const socket of this.#sockets) socket.destroy();
      const message = `cannot write the log files in ${dir}: ${(error as Error).message}`;
      throw new ServerStartError('file', message, { cause: error });
    }
    this.#isReady = true;
    for (const accept of early) accept();
    this.#tick();
  }

  async close(): Promise<void> {
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.#cancelTick();
      this.#listener?.close();
      this.#room.handleStop();
      this.#act();
      this.#log({ event: 'stopping' });
    }
    await this.#userLog.settled();
    await this.#messageLog.settled();
    await this.#credentials.settled();
    const closing = [...this.#sockets].filter((socket) => !socket.closed);
    await Promise.all(
      closing.map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    );
  }

  #stateFile(name: string, lines: () => Iterable<string>): StateFile {
    return new StateFile(join(this.#options.dir, name), lines, {
      onSaved: () => {
        this.#deliveries.deliverSaved();
      },
      onError: (error) => {
        this.#log({ event: `${name} cannot be written: ${error.message}` });
      },
    });
  }

  #accept(socket: Socket, address: string): void {
    if (socket.destroyed || this.#isStopping) {
      socket.destroy();
      return;
    }
    const id = this.#nextConnection;
    this.#nextConnection += 1;
    const connection = new ClientConnection(socket, this.#clock, {
      onFrame: (frame) => {
        this.#room.handleFrame(id, frame, this.#clock.monotonicMs());
        this.#act();
      },
      onSign: () => {
        this.#room.handleSign(id, this.#clock.monotonicMs());
      },
      onFault: (event) => {
        this.#room.handleFault(id, event);
        this.#act();
      },
      onEnd: () => {
        this.#room.handleDisconnect(id);
        this.#act();
      },
    });
    socket.once('close', () => this.#connections.delete(id));
    this.#connections.set(id, connection);
    this.#room.handleConnect(id, address, this.#clock.monotonicMs());
    this.#act();
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [id, connection] of this.#connections) {
      if (connection.isHeldUp) this.#room.handleSign(id, nowMs);
    }
    this.#room.handleTick(nowMs);
    this.#act();
    this.#userLog.retry();
    this.#messageLog.retry();
    this.#cancelTick = this.#clock.after(TICK_MS, () => {
      this.#tick();
    });
  }

  /** Does what the room decided: files first, so that every frame waits for its change. */
  #act(): void {
    const effects = this.#room.takeEffects();
    const deliveries: Effect[] = [];
    for (const effect of effects) {
      switch (effect.do) {
        case 'save-users':
          this.#userLog.rewrite();
          break;
        case 'save-messages':
          if (effect.added === undefined) this.#messageLog.rewrite();
          else this.#messageLog.append(effect.added);
          break;
        case 'check-password':
          this.#checkLater(effect);
          break;
        case 'save-password':
          void this.#savePassword(effect.change);
          break;
        case 'ping':
          this.#connections.get(effect.to)?.send(this.#encode({ type: 'ping', body: {} }));
          break;
        case 'log':
          this.#log(effect.entry);
          break;
        default:
          deliveries.push(effect);
      }
    }
    if (deliveries.length === 0) return;
    this.#deliveries.push(() => {
      for (const effect of deliveries) this.#deliver(effect);
    });
  }

  #deliver(effect: Effect): void {
    switch (effect.do) {
      case 'send':
        this.#connections.get(effect.to)?.send(this.#encode(effect.frame));
        break;
      case 'send-pages':
        this.#connections.get(effect.to)?.sendPages(effect.pages);
        break;
      case 'resume':
        this.#connections.get(effect.connection)?.resume();
        break;
      case 'close':
        this.#connections.get(effect.connection)?.close();
        break;
      default:
    }
  }

  /** A frame to everybody is made into text once. */
  #encode(frame: ServerFrame): string {
    if (this.#lastEncoded?.frame !== frame) {
      this.#lastEncoded = { frame, text: encodeFrame(frame) };
    }
    return this.#lastEncoded.text;
  }

  #checkLater({ attempt, stored, delayMs }: Extract<Effect, { do: 'check-password' }>): void {
    const check = async (): Promise<void> => {
      const outcome = await this.#passwords.check(attempt, stored);
      const { connection } = attempt;
      this.#room.handlePasswordChecked(connection, outcome, this.#clock.monotonicMs());
      if (outcome.verdict === 'right') this.#connections.get(connection)?.allowLargeFrames();
      this.#act();
    };
    if (delayMs === 0) void check();
    else this.#clock.after(delayMs, () => void check());
  }

  async #savePassword(change: PasswordChange): Promise<void> {
    const outcome = await this.#passwords.save(change);
    this.#room.handlePasswordSaved(change, outcome, this.#clock.monotonicMs());
    if (outcome.verdict === 'saved') this.#connections.get(change.connection)?.allowLargeFrames();
    this.#act();
  }

  #log(entry: LogEntry): void {
    this.#options.onLog?.(serverLogLine(this.#wallClock.now().text, entry));
  }
}
