import { join } from 'node:path';
import {
  clientExitCodes,
  type Ending,
  exitCodeOf,
  lostEnding,
  type Stopping,
} from './core/client-ending.ts';
import { COMMAND_PROMPT, type ClientConsole, type Question } from './core/client-console.ts';
import { answerTypes, doneLine, requestOf, type ServerCommand } from './core/client-requests.ts';
import { messageLine, NO_NEW_MESSAGE, refusalText } from './core/client-texts.ts';
import { type Command, commandHelp, parseCommand } from './core/command.ts';
import { completionOf } from './core/completion.ts';
import { hostAndPort } from './core/host-and-port.ts';
import { OnlineUsers } from './core/online-users.ts';
import { changePassword, type Dialog, logIn } from './account-dialogs.ts';
import { Downloads } from './downloads.ts';
import type { Fingerprint } from './core/fingerprint.ts';
import { KnownServers, KnownServersError } from './io/known-servers.ts';
import { LoginLink } from './io/login-link.ts';
import { type Answer, LinkError, type News, ServerLink } from './io/server-link.ts';
import { ServerKeyError, ServerTrust } from './server-trust.ts';
import { Uploads } from './uploads.ts';
import { safeLine, type SafeText, safeText } from '../text/safe-text.ts';
import {
  createEndpoint,
  type CongestionName,
  type EndpointOptions,
  type TransferEndpoint,
} from '../transfer/index.ts';

export { type Fingerprint, parseFingerprint } from './core/fingerprint.ts';
export { clientExitCodes } from './core/client-ending.ts';
export { COMMAND_PROMPT, type ClientConsole, type Question } from './core/client-console.ts';

export interface ChatClientOptions {
  readonly serverHost: string;
  readonly serverPort: number;
  /** 0 takes a free one. */
  readonly udpPort: number;
  /** An existing folder. */
  readonly inbox: string;
  /** What is kept from run to run: the keys of servers. Made when it is needed. */
  readonly stateDir: string;
  /** What the server's key must be; absent: what it was the last time. */
  readonly fingerprint?: Fingerprint | undefined;
  /** A user is to be made before anything else. */
  readonly isNewUser?: boolean;
  /** Files sent at once. */
  readonly queue: number;
  readonly console: ClientConsole;
  readonly maxSizeBytes?: number;
  readonly windowPackets?: number;
  readonly congestion?: CongestionName;
  readonly giveUpMs?: number;
  /** Makes the transfer endpoint; the engine's own by default. */
  readonly createEndpoint?: (options: EndpointOptions) => Promise<TransferEndpoint>;
}

/** PRODUCT §5: `--give-up` without a number. */
const GIVE_UP_MS = 300_000;
/** Longest wait for the server's good-bye. */
const LOGOUT_WAIT_MS = 2_000;

/** One person's session with the chat server, from connecting to the exit code. */
export class ChatClient {
  readonly #options: ChatClientOptions;
  readonly #console: ClientConsole;
  readonly #users = new OnlineUsers();
  readonly #giveUpMs: number;
  readonly #downloads: Downloads;
  #endpoint: TransferEndpoint | undefined;
  #user = '';
  #end: (ending: Ending) => void = () => undefined;
  /** The first reason to end. */
  readonly #ended: Promise<Ending>;
  #stopNow: (ending: Stopping) => void = () => undefined;
  /** A signal, also one that comes when the session has ended and its transfers still run. */
  readonly #stopped: Promise<Stopping>;

  constructor(options: ChatClientOptions) {
    this.#options = options;
    this.#console = options.console;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#stopped = new Promise((resolve) => {
      this.#stopNow = resolve;
    });
    this.#giveUpMs = options.giveUpMs ?? GIVE_UP_MS;
    this.#downloads = new Downloads(this.#giveUpMs, this.#print, this.#warn);
  }

  /** Runs to the end and resolves with the exit code. */
  async run(): Promise<number> {
    try {
      return await this.#connect();
    } catch (error) {
      // Also a second connection, for somebody slow at the prompts, looks at the key.
      if (error instanceof ServerKeyError) {
        this.#console.warn(error.line);
        return clientExitCodes.login;
      }
      if (error instanceof KnownServersError) {
        this.#console.warn(safeLine`The server's key cannot be compared: ${error.message}.`);
        return clientExitCodes.localFile;
      }
      throw error;
    }
  }

  /** The first signal: leaves in order, running transfers are cancelled. */
  stop(why: 'interrupted' | 'terminated'): void {
    this.#end({ why });
    this.#stopNow({ why });
  }

  readonly #print = (line: SafeText): void => {
    this.#console.print(line);
  };

  readonly #warn = (line: SafeText): void => {
    this.#console.warn(line);
  };

  async #connect(): Promise<number> {
    const { serverHost: host, serverPort: port, stateDir, fingerprint } = this.#options;
    const knownServers = new KnownServers(join(stateDir, 'servers'));
    const trust = new ServerTrust({ host, port, knownServers, fingerprint, warn: this.#warn });
    let link: LoginLink;
    try {
      link = await LoginLink.open(() => ServerLink.open(host, port, trust.check), {
        onNews: (news) => {
          this.#onNews(news);
        },
        onEnd: (error) => {
          this.#end(lostEnding(error.message));
        },
      });
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      const where = `${hostAndPort(host, port)} (${error.message})`;
      const advice = 'Check the address and the port, and that the server is running.';
      this.#console.warn(safeLine`Cannot reach the chat server at ${where}. ${advice}`);
      return clientExitCodes.unreachable;
    }
    try {
      this.#console.print(safeText('Successfully connected to server'));
      return await this.#withEndpoint(link);
    } finally {
      link.close();
    }
  }

  async #withEndpoint(loginLink: LoginLink): Promise<number> {
    const { inbox, udpPort, maxSizeBytes, windowPackets, congestion } = this.#options;
    const create = this.#options.createEndpoint ?? createEndpoint;
    let endpoint: TransferEndpoint;
    try {
      endpoint = await create({
        host: loginLink.link.localAddress,
        port: udpPort,
        inbox,
        storedName: ({ from, name }) => `${from}_${name}`,
        ...(maxSizeBytes === undefined ? {} : { maxSizeBytes }),
        ...(windowPackets === undefined ? {} : { windowPackets }),
        ...(congestion === undefined ? {} : { congestion }),
        giveUpMs: this.#giveUpMs,
      });
    } catch (error) {
      const reason = (error as Error).message;
      this.#console.warn(safeLine`${reason}. Choose another port; 0 takes a free one.`);
      return clientExitCodes.internal;
    }
    try {
      this.#endpoint = endpoint;
      loginLink.listen();
      endpoint.onReceive((transfer) => {
        this.#downloads.add(transfer);
      });
      const refusal = await this.#logIn(loginLink, endpoint);
      return refusal ?? (await this.#session(loginLink.link, endpoint));
    } finally {
      await endpoint.close();
    }
  }

  // ---- login

  /** Resolves with an exit code when there will be no session. */
  async #logIn(link: LoginLink, endpoint: TransferEndpoint): Promise<number | undefined> {
    const contact = { udpPort: endpoint.address.port, publicKey: endpoint.publicKey };
    const outcome = await logIn(this.#dialog(link), contact, this.#options.isNewUser === true);
    switch (outcome.did) {
      case 'log-in':
        this.#user = outcome.user;
        this.#console.print(safeLine`Welcome to updraft, ${this.#user}!`);
        for (const line of commandHelp) this.#console.print(line);
        this.#showUsers(outcome.answers);
        return undefined;
      case 'get-blocked':
      case 'reach-end-of-input':
        return clientExitCodes.login;
      case 'end':
      case 'misunderstand': {
        const ending = outcome.did === 'end' ? outcome.ending : outOfOrder;
        if (ending.why === 'lost') this.#console.warn(ending.line);
        return exitCodeOf(ending);
      }
    }
  }

  /** How questions are asked and answered over `link` while the session may end. */
  #dialog<Request>(link: { request(frame: Request): Promise<readonly Answer[]> }): Dialog<Request> {
    return {
      ask: (prompt, question) => this.#ask(prompt, question),
      request: (frame) => this.#orEnding(link.request(frame)),
      print: this.#print,
    };
  }

  /** The next line, undefined at the end of input, or what ended the session meanwhile. */
  #ask(prompt: SafeText, question: Question = {}): Promise<string | undefined | Ending> {
    // The end first: lines that stand ready must not be run against a server that is gone.
    return Promise.race([this.#ended, this.#console.ask(prompt, question)]);
  }

  /** The answer to a request, or what ended the session before it came. */
  async #orEnding(answers: Promise<readonly Answer[]>): Promise<readonly Answer[] | Ending> {
    try {
      return await Promise.race([this.#ended, answers]);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      // An end of the link is also told as an event; a request that could not be made is not.
      return lostEnding(error.message);
    }
  }

  // ---- the session

  async #session(link: ServerLink, endpoint: TransferEndpoint): Promise<number> {
    const concurrency = this.#options.queue;
    const [giveUpMs, print, warn] = [this.#giveUpMs, this.#print, this.#warn];
    const uploads = new Uploads({ link, endpoint, concurrency, giveUpMs, print, warn });
    const complete: Question['complete'] = (typed) => completionOf(typed, this.#users.names());
    for (;;) {
      const line = await this.#ask(COMMAND_PROMPT, { complete });
      if (typeof line === 'object') return this.#endEarly(line, link, uploads);
      const parsed = line === undefined ? OUT_AT_END : parseCommand(line);
      if (parsed === undefined) continue;
      if ('problem' in parsed) {
        print(safeText(parsed.problem));
        continue;
      }
      const { command } = parsed;
      const ending =
        command.type === 'OUT'
          ? await this.#leave(command.isNow, link, uploads)
          : await this.#run(command, link, uploads);
      if (ending !== undefined) return this.#endEarly(ending, link, uploads);
      if (command.type === 'OUT') return clientExitCodes.ok;
    }
  }

  /** Resolves with what ended the session before the command was done. */
  async #run(
    command: Exclude<Command, { type: 'OUT' }>,
    link: ServerLink,
    uploads: Uploads,
  ): Promise<Ending | undefined> {
    if (command.type === 'HLP') {
      for (const line of commandHelp) this.#console.print(line);
    } else if (command.type === 'UPD') {
      for (const path of command.paths) await uploads.add(command.user, path);
    } else if (command.type === 'RST') {
      const outcome = await changePassword(this.#dialog(link));
      if (outcome === 'misunderstood') return outOfOrder;
      // The end of input is met again at the next prompt.
      if (outcome !== 'done') return outcome;
    } else {
      const answers = await this.#orEnding(link.request(requestOf(command)));
      if ('why' in answers) return answers;
      return this.#showAnswer(command, answers);
    }
    return undefined;
  }

  /** Resolves with an ending when it is no answer to that command. */
  #showAnswer(command: ServerCommand, answers: readonly Answer[]): Ending | undefined {
    const [first] = answers;
    const print = this.#print;
    if (first?.type === 'refused') {
      print(refusalText(first.body.reason, command.type));
    } else if (first?.type !== answerTypes[command.type]) {
      return outOfOrder;
    } else if (first.type === 'done') {
      print(doneLine(command.type, first.body.number, first.body.time));
    } else if (first.type === 'users') {
      this.#showUsers(answers);
    } else {
      const messages = answers.flatMap((answer) =>
        answer.type === 'messages' ? answer.body.messages : [],
      );
      for (const message of messages) print(messageLine(message));
      if (messages.length === 0) print(NO_NEW_MESSAGE);
    }
    return undefined;
  }

  /** OUT: resolves with undefined once logged out, or with what ended the session first. */
  async #leave(isNow: boolean, link: ServerLink, uploads: Uploads): Promise<Ending | undefined> {
    const count = uploads.count + this.#downloads.count;
    let waits = !isNow && count > 0;
    if (waits && this.#console.isTerminal) {
      const what = count === 1 ? 'A transfer is running' : `${count} transfers are running`;
      const answer = await this.#ask(safeLine`${what}. Wait for the end? [Y/n] `);
      if (typeof answer === 'object') return answer;
      waits = !/^\s*n/i.test(answer ?? '');
    }
    if (!waits) this.#abort(uploads);
    const ending = await Promise.race([this.#ended, this.#allDone(uploads)]);
    if (ending !== undefined) return ending;
    await this.#logOut(link);
    this.#console.print(safeLine`Bye, ${this.#user}!`);
    return undefined;
  }

  async #endEarly(ending: Ending, link: ServerLink, uploads: Uploads): Promise<number> {
    if (ending.why === 'replaced') this.#console.print(safeText('You have logged in elsewhere.'));
    if (ending.why === 'lost') {
      this.#console.warn(ending.line);
      // Transfers run from machine to machine: they need no server.
      const stopping = await Promise.race([this.#stopped, this.#allDone(uploads)]);
      if (stopping === undefined) return clientExitCodes.unreachable;
      ending = stopping;
    }
    this.#abort(uploads);
    await this.#allDone(uploads);
    if (ending.why !== 'replaced') await this.#logOut(link);
    return exitCodeOf(ending);
  }

  #abort(uploads: Uploads): void {
    uploads.abort();
    this.#downloads.abort();
  }

  async #allDone(uploads: Uploads): Promise<undefined> {
    await uploads.idle();
    await this.#downloads.idle();
    return undefined;
  }

  /** Tells the server; one that does not answer is left all the same. */
  async #logOut(link: ServerLink): Promise<void> {
    const { promise: isLate, cancel } = delay(LOGOUT_WAIT_MS);
    const isOut = link.request({ type: 'logout', body: {} }).catch(() => undefined);
    await Promise.race([isOut, isLate]);
    cancel();
  }

  // ---- news

  #onNews(news: News): void {
    switch (news.type) {
      case 'posted':
        this.#console.print(messageLine(news.body));
        break;
      case 'joined':
        this.#users.add([news.body]);
        break;
      case 'left':
        this.#users.remove(news.body.user);
        break;
      case 'expect':
        this.#endpoint?.expect(news.body.key, news.body.from);
        break;
      case 'ended':
        if (news.body.reason === 'replaced') {
          this.#end({ why: 'replaced' });
        } else {
          const isStopping = news.body.reason === 'stopping';
          const line = safeText('The server is stopping.');
          this.#end(isStopping ? { why: 'lost', line } : outOfOrder);
        }
        break;
      case 'ping':
        break;
    }
  }

  /** The list that came with a login or an ATU. */
  #showUsers(answers: readonly Answer[]): void {
    this.#users.clear();
    for (const answer of answers) {
      if (answer.type === 'welcome' || answer.type === 'users') this.#users.add(answer.body.users);
    }
    for (const line of this.#users.lines()) this.#console.print(line);
  }
}

const outOfOrder = lostEnding('it answers out of order');

const OUT_AT_END = { command: { type: 'OUT', isNow: false } } as const;

function delay(ms: number): { readonly promise: Promise<void>; readonly cancel: () => void } {
  let cancel = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    cancel = () => {
      clearTimeout(timer);
    };
  });
  return { promise, cancel };
}
