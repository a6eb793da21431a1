import { COMMAND_PROMPT, type ClientConsole, type Question } from './core/client-console.ts';
import { clientExitCodes, type Ending, exitCodeOf, outOfOrder } from './core/client-ending.ts';
import { answerTypes, doneLine, requestOf, type ServerCommand } from './core/client-requests.ts';
import { messageLine, NO_NEW_MESSAGE, refusalText } from './core/client-texts.ts';
import { type Command, commandHelp, parseCommand } from './core/command.ts';
import type { OnlineUsers } from './core/online-users.ts';
import { changePassword } from './account-dialogs.ts';
import type { Downloads } from './downloads.ts';
import type { Introducer } from './introducer.ts';
import type { OfferQuestions } from './offer-questions.ts';
import type { Answer, ServerLink } from './io/server-link.ts';
import { completeLine } from './line-completion.ts';
import type { PeerTrust } from './peer-trust.ts';
import type { PrivateMessages } from './private-messages.ts';
import type { ReachChecks } from './reach-checks.ts';
import type { SessionDialog } from './session-dialog.ts';
import type { SessionEnd } from './session-end.ts';
import type { TransferList } from './transfer-list.ts';
import type { Uploads } from './uploads.ts';
import { safeLine, type SafeText, safeText } from '../text/safe-text.ts';

/** Longest wait for the server's good-bye. */
const LOGOUT_WAIT_MS = 2_000;

export interface ClientSessionOptions {
  /** Who has logged in. */
  readonly user: string;
  readonly link: ServerLink;
  readonly console: ClientConsole;
  readonly dialog: SessionDialog;
  readonly end: SessionEnd;
  readonly users: OnlineUsers;
  readonly uploads: Uploads;
  readonly downloads: Downloads;
  readonly messages: PrivateMessages;
  readonly reachChecks: ReachChecks;
  readonly transfers: TransferList;
  readonly questions: OfferQuestions;
  readonly trust: Pick<PeerTrust, 'accept' | 'checkCode'>;
  /** Ends waits for introductions. */
  readonly introducer: Pick<Introducer, 'abort'>;
}

/** The time between login and exit code: commands and their answers, and how it ends. */
export class ClientSession {
  readonly #options: ClientSessionOptions;
  readonly #user: string;
  readonly #link: ServerLink;
  readonly #console: ClientConsole;
  readonly #dialog: SessionDialog;
  readonly #end: SessionEnd;
  readonly #users: OnlineUsers;
  readonly #uploads: Uploads;
  readonly #downloads: Downloads;

  constructor(options: ClientSessionOptions) {
    this.#options = options;
    this.#user = options.user;
    this.#link = options.link;
    this.#console = options.console;
    this.#dialog = options.dialog;
    this.#end = options.end;
    this.#users = options.users;
    this.#uploads = options.uploads;
    this.#downloads = options.downloads;
  }

  /** `welcome`: what answered the login. Resolves with the exit code. */
  async run(welcome: readonly Answer[]): Promise<number> {
    this.#console.print(safeLine`Welcome to updraft, ${this.#user}!`);
    for (const line of commandHelp) this.#console.print(line);
    this.#showUsers(welcome);
    const complete: Question['complete'] = (typed) => completeLine(typed, this.#users.names());
    for (;;) {
      const line = await this.#dialog.ask(COMMAND_PROMPT, { complete });
      if (typeof line === 'object') return this.#endEarly(line);
      const parsed = line === undefined ? OUT_AT_END : parseCommand(line, this.#users.names());
      if (parsed === undefined) continue;
      if ('problem' in parsed) {
        this.#console.print(safeText(parsed.problem), 'bad');
        continue;
      }
      const { command } = parsed;
      const ending =
        command.type === 'OUT' ? await this.#leave(command.isNow) : await this.#run(command);
      if (ending !== undefined) return this.#endEarly(ending);
      if (command.type === 'OUT') return clientExitCodes.ok;
    }
  }

  /** Resolves with what ended the session before the command was done. */
  async #run(command: Exclude<Command, { type: 'OUT' }>): Promise<Ending | undefined> {
    const { transfers, trust, messages, questions, reachChecks } = this.#options;
    const print = (line: SafeText): void => {
      this.#console.print(line);
    };
    switch (command.type) {
      case 'HLP':
        commandHelp.forEach(print);
        return undefined;
      case 'UPD':
        for (const path of command.paths) await this.#uploads.add(command.user, path);
        return undefined;
      case 'DM':
        messages.send(command.user, command.text);
        return undefined;
      case 'DOC':
        reachChecks.start(command.user);
        return undefined;
      case 'XFR':
        (await transfers.lines((user) => trust.checkCode(user))).forEach(print);
        return undefined;
      case 'CAN':
        print(transfers.cancel(command.id));
        return undefined;
      case 'YES':
      case 'NO':
        questions.answer(command.type === 'YES', command.id).forEach(print);
        return undefined;
      case 'TRUST':
        print(await trust.accept(command.user));
        return undefined;
      case 'RST': {
        const outcome = await changePassword(this.#dialog.over(this.#link));
        if (outcome === 'misunderstood') return outOfOrder;
        // The end of input is met again at the next prompt.
        return outcome === 'done' ? undefined : outcome;
      }
      default: {
        const answers = await this.#dialog.orEnding(this.#link.request(requestOf(command)));
        return 'why' in answers ? answers : this.#showAnswer(command, answers);
      }
    }
  }

  /** Resolves with an ending when it is no answer to that command. */
  #showAnswer(command: ServerCommand, answers: readonly Answer[]): Ending | undefined {
    const [first] = answers;
    const console = this.#console;
    if (first?.type === 'refused') {
      console.print(refusalText(first.body.reason, command.type), 'bad');
    } else if (first?.type !== answerTypes[command.type]) {
      return outOfOrder;
    } else if (first.type === 'done') {
      console.print(doneLine(command.type, first.body.number, first.body.time));
    } else if (first.type === 'users') {
      this.#showUsers(answers);
    } else {
      const messages = answers.flatMap((answer) =>
        answer.type === 'messages' ? answer.body.messages : [],
      );
      for (const message of messages) console.print(messageLine(message));
      if (messages.length === 0) console.print(NO_NEW_MESSAGE);
    }
    return undefined;
  }

  /** The list that came with a login or an ATU. */
  #showUsers(answers: readonly Answer[]): void {
    this.#users.clear();
    for (const answer of answers) {
      if (answer.type === 'welcome' || answer.type === 'users') this.#users.add(answer.body.users);
    }
    for (const line of this.#users.lines()) this.#console.print(line);
  }

  /** OUT: resolves with undefined once logged out, or with what ended the session first. */
  async #leave(isNow: boolean): Promise<Ending | undefined> {
    const { messages, questions, reachChecks } = this.#options;
    // From here on no line is read that could answer one.
    questions.close();
    const count = this.#uploads.count + this.#downloads.count + messages.count;
    let waits = !isNow && count + reachChecks.count > 0;
    if (waits && count > 0 && this.#console.isTerminal) {
      const what = count === 1 ? 'A transfer is running' : `${count} transfers are running`;
      const answer = await this.#dialog.ask(safeLine`${what}. Wait for the end? [Y/n] `);
      if (typeof answer === 'object') return answer;
      waits = !/^\s*n/i.test(answer ?? '');
    }
    if (!waits) this.#abort();
    const ending = await Promise.race([this.#end.ended, this.#allDone()]);
    if (ending !== undefined) return ending;
    await this.#logOut();
    this.#console.print(safeLine`Bye, ${this.#user}!`);
    return undefined;
  }

  async #endEarly(ending: Ending): Promise<number> {
    this.#options.questions.close();
    if (ending.why === 'replaced') this.#console.print(safeText('You have logged in elsewhere.'));
    if (ending.why === 'lost') {
      this.#console.warn(ending.line);
      // Transfers run from machine to machine: they need no server.
      const stopping = await Promise.race([this.#end.stopped, this.#allDone()]);
      if (stopping === undefined) return clientExitCodes.unreachable;
      ending = stopping;
    }
    this.#abort();
    await this.#allDone();
    if (ending.why !== 'replaced') await this.#logOut();
    return exitCodeOf(ending);
  }

  #abort(): void {
    this.#options.introducer.abort();
    this.#options.messages.abort();
    this.#options.reachChecks.abort();
    this.#uploads.abort();
    this.#downloads.abort();
  }

  async #allDone(): Promise<undefined> {
    await this.#options.messages.idle();
    await this.#uploads.idle();
    await this.#downloads.idle();
    await this.#options.reachChecks.idle();
    return undefined;
  }

  /** Tells the server; one that does not answer is left all the same. */
  async #logOut(): Promise<void> {
    const { promise: isLate, cancel } = delay(LOGOUT_WAIT_MS);
    const isOut = this.#link.request({ type: 'logout', body: {} }).catch(() => undefined);
    await Promise.race([isOut, isLate]);
    cancel();
  }
}

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
