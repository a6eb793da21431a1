import type { ClientConsole } from './core/client-console.ts';
import {
  loginRefusalText,
  messageLine,
  NO_NEW_MESSAGE,
  NO_OTHER_USER,
  refusalText,
  userLine,
} from './core/client-texts.ts';
import { type Command, commandHelp, parseCommand } from './core/command.ts';
import type { UserView } from './core/protocol.ts';
import { safeText } from './core/safe-text.ts';
import { type Answer, LinkError, type News, ServerLink } from './io/server-link.ts';
import { receivedLine, showProgress, unreceivedLine } from './transfer-lines.ts';
import { Uploads } from './uploads.ts';
import {
  createEndpoint,
  type CongestionName,
  type EndpointOptions,
  type Transfer,
  type TransferEndpoint,
} from '../transfer/index.ts';

export type { ClientConsole } from './core/client-console.ts';

/** PRODUCT's exit codes, as far as the chat client has them. */
export const clientExitCodes = {
  ok: 0,
  internal: 1,
  login: 5,
  unreachable: 6,
  interrupted: 130,
  terminated: 143,
} as const;

export interface ChatClientOptions {
  readonly serverHost: string;
  readonly serverPort: number;
  /** 0 takes a free one. */
  readonly udpPort: number;
  /** An existing folder. */
  readonly inbox: string;
  /** Files sent at once. */
  readonly queue: number;
  readonly console: ClientConsole;
  readonly maxSizeBytes?: number;
  readonly windowPackets?: number;
  readonly congestion?: CongestionName;
  readonly giveUpMs?: number;
  /** Makes the transfer endpoint; the engine's own by default. */
  readonly createEndpoint?: (options: EndpointOptions) => Promise<TransferEndpoint>;
  /** Reaches the server; plain TCP by default. */
  readonly openLink?: (host: string, port: number) => Promise<ServerLink>;
}

/** Why a session ends before OUT. */
type Ending =
  | { readonly why: 'replaced' }
  | { readonly why: 'lost'; readonly text: string }
  | { readonly why: 'interrupted' | 'terminated' };

/** One person's session with the chat server, from connecting to the exit code. */
export class ChatClient {
  readonly #options: ChatClientOptions;
  readonly #console: ClientConsole;
  readonly #users: Map<string, UserView> = new Map();
  readonly #receiving: Set<Promise<unknown>> = new Set();
  #user = '';
  #end: (ending: Ending) => void = () => undefined;
  readonly #ended: Promise<Ending>;

  constructor(options: ChatClientOptions) {
    this.#options = options;
    this.#console = options.console;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Runs to the end and resolves with the exit code. */
  async run(): Promise<number> {
    const { serverHost, serverPort, openLink = ServerLink.open.bind(ServerLink) } = this.#options;
    let link: ServerLink;
    try {
      link = await openLink(serverHost, serverPort);
    } catch (error) {
      const where = `${serverHost}:${serverPort} (${(error as Error).message})`;
      this.#console.warn(
        `Cannot reach the chat server at ${safeText(where)}. ` +
          'Check the address and the port, and that the server is running.',
      );
      return clientExitCodes.unreachable;
    }
    try {
      this.#console.print('Successfully connected to server');
      return await this.#withEndpoint(link);
    } finally {
      link.close();
    }
  }

  /** The first signal: leaves in order, running transfers are cancelled. */
  stop(why: 'interrupted' | 'terminated'): void {
    this.#end({ why });
  }

  async #withEndpoint(link: ServerLink): Promise<number> {
    const { inbox, udpPort, maxSizeBytes, windowPackets, congestion, giveUpMs } = this.#options;
    const create = this.#options.createEndpoint ?? createEndpoint;
    let endpoint: TransferEndpoint;
    try {
      endpoint = await create({
        host: link.localAddress,
        port: udpPort,
        inbox,
        storedName: ({ from, name }) => `${from}_${name}`,
        ...(maxSizeBytes === undefined ? {} : { maxSizeBytes }),
        ...(windowPackets === undefined ? {} : { windowPackets }),
        ...(congestion === undefined ? {} : { congestion }),
        ...(giveUpMs === undefined ? {} : { giveUpMs }),
      });
    } catch (error) {
      this.#console.warn(safeText((error as Error).message));
      return clientExitCodes.internal;
    }
    try {
      link.listen({
        onNews: (news) => {
          this.#onNews(news, endpoint);
        },
        onEnd: (error) => {
          this.#end({ why: 'lost', text: error.message });
        },
      });
      endpoint.onReceive((transfer) => {
        this.#onReceive(transfer);
      });
      const refusal = await this.#logIn(link, endpoint);
      return refusal ?? (await this.#session(link, endpoint));
    } finally {
      await endpoint.close();
    }
  }

  // ---- login

  /** Resolves with an exit code when there will be no session. */
  async #logIn(link: ServerLink, endpoint: TransferEndpoint): Promise<number | undefined> {
    for (;;) {
      const user = await this.#ask('Username: ');
      if (typeof user !== 'string') return this.#loginEnd(user);
      const password = await this.#ask('Password: ', true);
      if (typeof password !== 'string') return this.#loginEnd(password);
      const udpPort = endpoint.address.port;
      let answers: readonly Answer[];
      try {
        answers = await link.request({ type: 'login', body: { user, password, udpPort } });
      } catch {
        return this.#loginEnd(await this.#ended);
      }
      const [first] = answers;
      if (first?.type === 'refused') {
        this.#console.print(loginRefusalText(first.body.reason));
        if (first.body.reason === 'blocked') return clientExitCodes.login;
        continue;
      }
      if (first?.type !== 'welcome') return clientExitCodes.unreachable;
      this.#user = first.body.user;
      this.#console.print(`Welcome to updraft, ${safeText(this.#user)}!`);
      for (const line of commandHelp) this.#console.print(line);
      this.#learnUsers(answers);
      this.#showUsers();
      return undefined;
    }
  }

  /** The next line, undefined at the end of input, or what ended the session meanwhile. */
  #ask(prompt: string, isHidden = false): Promise<string | undefined | Ending> {
    return Promise.race([this.#console.ask(prompt, { isHidden }), this.#ended]);
  }

  #loginEnd(ending: Ending | undefined): number {
    if (ending === undefined) return clientExitCodes.login;
    if (ending.why === 'lost') this.#console.warn(lostLine(ending.text));
    return ending.why === 'lost' ? clientExitCodes.unreachable : exitCodeOf(ending);
  }

  // ---- the session

  async #session(link: ServerLink, endpoint: TransferEndpoint): Promise<number> {
    const print = (line: string): void => {
      this.#console.print(line);
    };
    const warn = (line: string): void => {
      this.#console.warn(line);
    };
    const concurrency = this.#options.queue;
    const uploads = new Uploads({ link, endpoint, concurrency, print, warn });
    for (;;) {
      const line = await this.#ask('> ');
      if (typeof line === 'object') return this.#endEarly(line, link, uploads, endpoint);
      const parsed = line === undefined ? OUT_AT_END : parseCommand(line);
      if (parsed === undefined) continue;
      if ('problem' in parsed) {
        print(safeText(parsed.problem));
      } else if (parsed.command.type === 'OUT') {
        const { isNow } = parsed.command;
        const ending = await this.#leave(isNow, link, uploads, endpoint);
        if (ending === undefined) return clientExitCodes.ok;
        return this.#endEarly(ending, link, uploads, endpoint);
      } else {
        await this.#run(parsed.command, link, uploads);
      }
    }
  }

  async #run(
    command: Exclude<Command, { type: 'OUT' }>,
    link: ServerLink,
    uploads: Uploads,
  ): Promise<void> {
    if (command.type === 'HLP') {
      for (const line of commandHelp) this.#console.print(line);
    } else if (command.type === 'UPD') {
      for (const path of command.paths) await uploads.add(command.user, path);
    } else {
      try {
        this.#showAnswer(command, await link.request(requestOf(command)));
      } catch (error) {
        if (!(error instanceof LinkError)) throw error;
        // The end of the link is told once, by itself.
      }
    }
  }

  #showAnswer(command: ServerCommand, answers: readonly Answer[]): void {
    const [first] = answers;
    const print = (line: string): void => {
      this.#console.print(line);
    };
    switch (first?.type) {
      case 'refused':
        print(refusalText(first.body.reason, command.type));
        break;
      case 'done':
        print(doneLine(command.type, first.body.number, first.body.time));
        break;
      case 'users':
        this.#users.clear();
        this.#learnUsers(answers);
        this.#showUsers();
        break;
      default: {
        const messages = answers.flatMap((answer) =>
          answer.type === 'messages' ? answer.body.messages : [],
        );
        for (const message of messages) print(messageLine(message));
        if (messages.length === 0) print(NO_NEW_MESSAGE);
      }
    }
  }

  /** OUT: resolves with undefined once logged out, or with what ended the session first. */
  async #leave(
    isNow: boolean,
    link: ServerLink,
    uploads: Uploads,
    endpoint: TransferEndpoint,
  ): Promise<Ending | undefined> {
    const count = uploads.count + this.#receiving.size;
    let waits = !isNow && count > 0;
    if (waits && this.#console.isTerminal) {
      const question = `${count} of your transfers are not done. Wait for them? [Y/n] `;
      const answer = await this.#ask(question);
      if (typeof answer === 'object') return answer;
      waits = !/^\s*n/i.test(answer ?? '');
    }
    if (waits) {
      const ending = await Promise.race([this.#allDone(uploads), this.#ended]);
      if (ending !== undefined) return ending;
    } else {
      uploads.clear();
      for (const transfer of endpoint.transfers) transfer.cancel();
      await this.#allDone(uploads);
    }
    await link.request({ type: 'logout', body: {} }).catch(() => undefined);
    this.#console.print(`Bye, ${safeText(this.#user)}!`);
    return undefined;
  }

  async #allDone(uploads: Uploads): Promise<undefined> {
    await uploads.idle();
    while (this.#receiving.size > 0) await Promise.allSettled(this.#receiving);
    return undefined;
  }

  async #endEarly(
    ending: Ending,
    link: ServerLink,
    uploads: Uploads,
    endpoint: TransferEndpoint,
  ): Promise<number> {
    if (ending.why === 'lost') {
      // Transfers run from machine to machine: they need no server.
      this.#console.warn(lostLine(ending.text));
      await this.#allDone(uploads);
      return clientExitCodes.unreachable;
    }
    uploads.clear();
    for (const transfer of endpoint.transfers) transfer.cancel();
    await this.#allDone(uploads);
    if (ending.why === 'replaced') this.#console.print('You have logged in elsewhere.');
    else await link.request({ type: 'logout', body: {} }).catch(() => undefined);
    return exitCodeOf(ending);
  }

  // ---- news

  #onNews(news: News, endpoint: TransferEndpoint): void {
    switch (news.type) {
      case 'posted':
        this.#console.print(messageLine(news.body));
        break;
      case 'joined':
        this.#users.set(news.body.user, news.body);
        break;
      case 'left':
        this.#users.delete(news.body.user);
        break;
      case 'expect':
        endpoint.expect(news.body.key, news.body.from);
        break;
      case 'ended':
        if (news.body.reason === 'replaced') {
          this.#end({ why: 'replaced' });
        } else {
          const isIdle = news.body.reason === 'idle';
          this.#end({ why: 'lost', text: isIdle ? 'no login in time' : 'it is stopping' });
        }
        break;
      case 'ping':
        break;
    }
  }

  #onReceive(transfer: Transfer): void {
    showProgress(transfer, (line) => {
      this.#console.warn(line);
    });
    const shown = transfer.done.then(
      (result) => {
        this.#console.print(receivedLine(transfer, result));
      },
      (error: unknown) => {
        this.#console.print(unreceivedLine(transfer, (error as Error).message));
      },
    );
    this.#receiving.add(shown);
    void shown.finally(() => this.#receiving.delete(shown));
  }

  #learnUsers(answers: readonly Answer[]): void {
    for (const answer of answers) {
      if (answer.type !== 'welcome' && answer.type !== 'users') continue;
      for (const user of answer.body.users) this.#users.set(user.user, user);
    }
  }

  #showUsers(): void {
    for (const user of this.#users.values()) this.#console.print(userLine(user));
    if (this.#users.size === 0) this.#console.print(NO_OTHER_USER);
  }
}

/** Commands that the server answers. */
type ServerCommand = Exclude<Command, { type: 'OUT' | 'HLP' | 'UPD' }>;

const OUT_AT_END = { command: { type: 'OUT', isNow: false } } as const;

function requestOf(command: ServerCommand): Parameters<ServerLink['request']>[0] {
  switch (command.type) {
    case 'MSG':
      return { type: 'post', body: { text: command.text } };
    case 'DLT':
      return { type: 'delete', body: { number: command.number, time: command.time } };
    case 'EDT': {
      const { number, time, text } = command;
      return { type: 'edit', body: { number, time, text } };
    }
    case 'RDM':
      return { type: 'read', body: { since: command.since } };
    case 'ATU':
      return { type: 'users', body: {} };
  }
}

function doneLine(name: ServerCommand['type'], number: number, time: string): string {
  const verb = name === 'DLT' ? 'deleted' : name === 'EDT' ? 'edited' : 'posted';
  return `Message #${number} ${verb} at ${safeText(time)}.`;
}

function lostLine(reason: string): string {
  return `The connection to the server was lost: ${safeText(reason)}.`;
}

function exitCodeOf(ending: Exclude<Ending, { why: 'lost' }>): number {
  switch (ending.why) {
    case 'replaced':
      return clientExitCodes.login;
    case 'interrupted':
      return clientExitCodes.interrupted;
    case 'terminated':
      return clientExitCodes.terminated;
  }
}
