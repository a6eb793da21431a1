import type { ClientConsole, Question } from './core/client-console.ts';
import { type Ending, lostEnding } from './core/client-ending.ts';
import type { Dialog } from './account-dialogs.ts';
import { type Answer, LinkError } from './io/server-link.ts';
import type { SafeText } from '../text/safe-text.ts';

/** Asks the user and the server while the session may end. */
export class SessionDialog {
  readonly #console: ClientConsole;
  /** The first reason to end. */
  readonly #ended: Promise<Ending>;

  constructor(console: ClientConsole, ended: Promise<Ending>) {
    this.#console = console;
    this.#ended = ended;
  }

  /** The next line, undefined at the end of input, or what ended the session meanwhile. */
  ask(prompt: SafeText, question: Question = {}): Promise<string | undefined | Ending> {
    // The end first: lines that stand ready must not be run against a server that is gone.
    return Promise.race([this.#ended, this.#console.ask(prompt, question)]);
  }

  /** The answer to a request, or what ended the session before it came. */
  async orEnding(answers: Promise<readonly Answer[]>): Promise<readonly Answer[] | Ending> {
    try {
      return await Promise.race([this.#ended, answers]);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      // An end of the link is also told as an event; a request that could not be made is not.
      return lostEnding(error.message);
    }
  }

  /** How the questions about an account are asked and answered over `link`. */
  over<Request>(link: { request(frame: Request): Promise<readonly Answer[]> }): Dialog<Request> {
    return {
      ask: (prompt, question) => this.ask(prompt, question),
      request: (frame) => this.orEnding(link.request(frame)),
      print: (line) => {
        this.#console.print(line);
      },
    };
  }
}
