import { join } from 'node:path';
import { clientExitCodes, exitCodeOf, lostEnding, outOfOrder } from './core/client-ending.ts';
import type { ClientConsole } from './core/client-console.ts';
import { hostAndPort, hostAndPortInFileName } from './core/host-and-port.ts';
import { OnlineUsers } from './core/online-users.ts';
import { logIn } from './account-dialogs.ts';
import { ClientSession } from './client-session.ts';
import { ComparisonAnswers } from './comparison-answers.ts';
import { Downloads } from './downloads.ts';
import type { Fingerprint } from './core/fingerprint.ts';
import { IdentityKeyError, openIdentityKey } from './io/identity-key.ts';
import { IncomingIntroductions } from './incoming-introductions.ts';
import { Introducer } from './introducer.ts';
import { KnownPeople } from './io/known-people.ts';
import { KnownServers, KnownServersError } from './io/known-servers.ts';
import { LoginLink } from './io/login-link.ts';
import { LinkError, ServerLink } from './io/server-link.ts';
import { OpeningComparer } from './opening-comparer.ts';
import { OfferQuestions } from './offer-questions.ts';
import { ChatOutput } from './chat-output.ts';
import { type ReachFinding, reachLines } from '../reach/reach-finding.ts';
import { errorEvent, questionEvent, unreachedEvent, type UpdEvent } from '../report/events.ts';
import { Receipts } from '../report/receipt.ts';
import { TransferReporter } from '../report/transfer-reporter.ts';
import type { WatchOptions } from '../report/transfer-watch.ts';
import { PeerTrust } from './peer-trust.ts';
import { privateMessageLine, PrivateMessages } from './private-messages.ts';
import { ReachChecks } from './reach-checks.ts';
import { type ReachTools, systemReachTools } from './reach-tools.ts';
import { ServerNews } from './server-news.ts';
import { ServerKeyError, ServerTrust } from './server-trust.ts';
import { SessionDialog } from './session-dialog.ts';
import { SessionEnd } from './session-end.ts';
import { TransferList } from './transfer-list.ts';
import { Uploads } from './uploads.ts';
import { safeLine, type SafeText, safeText } from '../text/safe-text.ts';
import type { Tone } from '../text/tone.ts';
import {
  createEndpoint,
  type EndpointOptions,
  type Offer,
  type OfferAnswer,
  type TransferEndpoint,
  TransferError,
  type TransferErrorCode,
} from '../transfer/index.ts';

export { type Fingerprint, parseFingerprint } from './core/fingerprint.ts';
export { IdentityKeyError, openIdentityKey } from './io/identity-key.ts';
export { clientExitCodes } from './core/client-ending.ts';
export {
  COMMAND_PROMPT,
  type ClientConsole,
  type Completion,
  type Question,
} from './core/client-console.ts';

export interface ChatClientOptions {
  readonly serverHost: string;
  readonly serverPort: number;
  /** 0 takes a free one. */
  readonly udpPort: number;
  /** An existing folder. */
  readonly inbox: string;
  /** What is kept from run to run: the identity key, the keys of servers and of people. Made when it is needed. */
  readonly stateDir: string;
  /** What the server's key must be; absent: what it was the last time. */
  readonly fingerprint?: Fingerprint | undefined;
  /** A user is to be made before anything else. */
  readonly isNewUser?: boolean;
  /** Files sent at once. */
  readonly queue: number;
  readonly console: ClientConsole;
  readonly maxSizeBytes?: number;
  /** Nothing is received before somebody has said yes to it. */
  readonly isConfirming?: boolean;
  /** Only errors and results are shown. */
  readonly isQuiet?: boolean;
  /** False: how far transfers are is not shown. */
  readonly isProgressShown?: boolean;
  /** How far transfers are is drawn there, in place of lines. */
  readonly bars?: WatchOptions['bars'];
  /** Of each transfer that is over. */
  readonly receipts?: Receipts;
  /** Takes what happens to transfers, as events, to stdout in place of their lines. */
  readonly onEvent?: (event: UpdEvent) => void;
  /** What the flags ask of the transfer endpoint. */
  readonly engine?: Partial<EndpointOptions>;
  /** Makes the transfer endpoint; the engine's own by default. */
  readonly createEndpoint?: (options: EndpointOptions) => Promise<TransferEndpoint>;
  /** Finds out why nobody answers; with the machine's own by default. */
  readonly reachTools?: ReachTools;
}

/** PRODUCT §5: `--give-up` without a number. */
const GIVE_UP_MS = 300_000;

/** One person's way through the chat, from connecting to the exit code. */
export class ChatClient {
  readonly #options: ChatClientOptions;
  readonly #console: ClientConsole;
  readonly #users = new OnlineUsers();
  readonly #giveUpMs: number;
  readonly #transfers = new TransferList();
  readonly #output: ChatOutput;
  readonly #reporter: TransferReporter;
  readonly #downloads: Downloads;
  readonly #questions: OfferQuestions;
  readonly #end = new SessionEnd();
  readonly #dialog: SessionDialog;
  readonly #news: ServerNews;

  constructor(options: ChatClientOptions) {
    this.#options = options;
    this.#console = options.console;
    this.#giveUpMs = options.engine?.giveUpMs ?? GIVE_UP_MS;
    this.#output = new ChatOutput(options);
    this.#reporter = new TransferReporter({
      sink: this.#output,
      receipts: options.receipts ?? new Receipts(undefined),
      isShown: options.isProgressShown !== false,
      isPeerNamed: true,
      bars: options.bars,
    });
    this.#downloads = new Downloads(this.#giveUpMs, this.#transfers, this.#reporter);
    this.#questions = new OfferQuestions({
      list: this.#transfers,
      giveUpMs: this.#giveUpMs,
      onQuestion: (id, offer, line) => {
        this.#output.event(questionEvent(offer, id));
        this.#output.result(line);
      },
    });
    this.#dialog = new SessionDialog(options.console, this.#end.ended);
    this.#news = new ServerNews({
      console: options.console,
      note: this.#output.note,
      users: this.#users,
      end: (ending) => {
        this.#end.end(ending);
      },
    });
  }

  /** Runs to the end and resolves with the exit code. */
  async run(): Promise<number> {
    try {
      return await this.#connect(await this.#openIdentityKey());
    } catch (error) {
      // Also a second connection, for somebody slow at the prompts, looks at the key.
      if (error instanceof ServerKeyError) {
        return this.#fail(error.line, 'refused', clientExitCodes.login);
      }
      if (error instanceof KnownServersError) {
        const line = safeLine`The server's key cannot be compared: ${error.message}.`;
        return this.#fail(line, 'local-file', clientExitCodes.localFile);
      }
      if (error instanceof IdentityKeyError) {
        const line = safeLine`The identity key cannot be used: ${error.message}.`;
        return this.#fail(line, 'local-file', clientExitCodes.localFile);
      }
      throw error;
    }
  }

  /** The first signal: leaves in order, running transfers are cancelled. */
  stop(why: 'interrupted' | 'terminated'): void {
    this.#end.stop({ why });
  }

  /** What ends the client before anybody has logged in; returns `exit`. */
  #fail(line: SafeText, code: TransferErrorCode, exit: number): number {
    this.#console.warn(line);
    this.#output.event(errorEvent(new TransferError(code, line), exit));
    return exit;
  }

  readonly #print = (line: SafeText, tone?: Tone): void => {
    this.#console.print(line, tone);
  };

  readonly #warn = (line: SafeText): void => {
    this.#console.warn(line);
  };

  async #openIdentityKey(): Promise<Uint8Array> {
    const path = join(this.#options.stateDir, 'identity');
    const { privateKey, unkept } = await openIdentityKey(path);
    if (unkept !== undefined) {
      this.#warn(
        safeLine`The identity key cannot be kept: ${unkept.message}. Those you meet now will refuse your next key.`,
      );
    }
    return privateKey;
  }

  async #connect(privateKey: Uint8Array): Promise<number> {
    const { serverHost: host, serverPort: port, stateDir, fingerprint } = this.#options;
    const knownServers = new KnownServers(join(stateDir, 'servers'));
    const warn = this.#output.note;
    const trust = new ServerTrust({ host, port, knownServers, fingerprint, warn });
    let link: LoginLink;
    try {
      link = await LoginLink.open(() => ServerLink.open(host, port, trust.check), {
        onNews: (news) => {
          this.#news.handle(news);
        },
        onEnd: (error) => {
          this.#end.end(lostEnding(error.message));
        },
      });
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      const where = `${hostAndPort(host, port)} (${error.message})`;
      const advice = 'Check the address and the port, and that the server is running.';
      const line = safeLine`Cannot reach the chat server at ${where}. ${advice}`;
      return this.#fail(line, 'unanswered', clientExitCodes.unreachable);
    }
    try {
      this.#console.print(safeText('Successfully connected to server'));
      return await this.#withEndpoint(link, privateKey);
    } finally {
      link.close();
    }
  }

  async #withEndpoint(loginLink: LoginLink, privateKey: Uint8Array): Promise<number> {
    const { inbox, udpPort, maxSizeBytes, engine } = this.#options;
    const create = this.#options.createEndpoint ?? createEndpoint;
    let endpoint: TransferEndpoint;
    try {
      endpoint = await create({
        ...engine,
        host: loginLink.link.localAddress,
        port: udpPort,
        privateKey,
        inbox,
        onOffer: this.#answerOffer,
        ...(maxSizeBytes === undefined ? {} : { maxSizeBytes }),
        giveUpMs: this.#giveUpMs,
      });
    } catch (error) {
      const reason = (error as Error).message;
      if (error instanceof TransferError && error.code === 'local-file') {
        const line = safeLine`upd client: ${reason}`;
        return this.#fail(line, 'local-file', clientExitCodes.localFile);
      }
      const line = safeLine`${reason}. Choose another port; 0 takes a free one.`;
      return this.#fail(line, 'internal', clientExitCodes.internal);
    }
    try {
      const trust = this.#createPeerTrust(endpoint);
      this.#news.incoming = new IncomingIntroductions({
        endpoint,
        trust,
        link: { request: (frame) => loginLink.link.request(frame) },
        warn: this.#warn,
      });
      endpoint.on('transfer', (transfer) => {
        this.#downloads.add(transfer);
      });
      endpoint.on('traceFailed', ({ message }) => {
        this.#warn(safeLine`${message}`);
      });
      endpoint.onMessage((message) => {
        this.#console.print(privateMessageLine(message), 'private');
      });
      loginLink.listen();
      return await this.#logIn(loginLink, endpoint, trust, privateKey);
    } finally {
      await endpoint.close();
    }
  }

  readonly #answerOffer = async (offer: Offer): Promise<OfferAnswer> => {
    const refuse =
      this.#options.isConfirming === true ? await this.#questions.ask(offer) : undefined;
    return refuse === undefined ? { storedName: `${offer.from}_${offer.name}` } : { refuse };
  };

  #createPeerTrust({ publicKey }: TransferEndpoint): PeerTrust {
    const { serverHost, serverPort, stateDir } = this.#options;
    const server = hostAndPortInFileName(serverHost, serverPort);
    const people = new KnownPeople(join(stateDir, 'people', server));
    return new PeerTrust({ ownKey: publicKey, people, warn: this.#warn });
  }

  async #logIn(
    loginLink: LoginLink,
    endpoint: TransferEndpoint,
    trust: PeerTrust,
    privateKey: Uint8Array,
  ): Promise<number> {
    const contact = { udpPort: endpoint.address.port, publicKey: endpoint.publicKey };
    const isNew = this.#options.isNewUser === true;
    const outcome = await logIn(this.#dialog.over(loginLink), contact, isNew);
    switch (outcome.did) {
      case 'log-in':
        return this.#createSession(outcome.user, loginLink.link, endpoint, trust, privateKey).run(
          outcome.answers,
        );
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

  #createSession(
    user: string,
    link: ServerLink,
    endpoint: TransferEndpoint,
    trust: PeerTrust,
    privateKey: Uint8Array,
  ): ClientSession {
    const introducer = new Introducer({ link, trust, warn: this.#output.note });
    this.#news.introducer = introducer;
    const tools = this.#options.reachTools ?? systemReachTools;
    const tellOf =
      (direction: 'send' | 'receive') =>
      (peer: string, finding: ReachFinding): void => {
        this.#output.event(unreachedEvent(direction, peer, [finding]));
        reachLines(finding).forEach(this.#warn);
      };
    const comparer = new OpeningComparer({ endpoint, link, tools, tell: tellOf('send') });
    this.#news.comparer = comparer;
    const answers = new ComparisonAnswers({ endpoint, link, tools, tell: tellOf('receive') });
    this.#news.comparisonAnswers = answers;
    const outgoing = { self: user, introducer, comparer, endpoint, giveUpMs: this.#giveUpMs };
    const reporter = this.#reporter;
    const concurrency = this.#options.queue;
    const transfers = this.#transfers;
    return new ClientSession({
      user,
      link,
      console: this.#console,
      dialog: this.#dialog,
      end: this.#end,
      users: this.#users,
      uploads: new Uploads({ ...outgoing, list: transfers, concurrency, reporter }),
      downloads: this.#downloads,
      messages: new PrivateMessages({ ...outgoing, print: this.#print, warn: this.#warn }),
      reachChecks: new ReachChecks({
        ...{ introducer, comparer, probe: tools.probe, privateKey },
        print: this.#print,
        note: this.#output.note,
      }),
      transfers,
      questions: this.#questions,
      trust,
      introducer,
    });
  }
}
