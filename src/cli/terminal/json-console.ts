import { type ClientConsole, COMMAND_PROMPT, type Question } from '../../chat/client.ts';
import { textEvent, type UpdEvent } from '../../report/events.ts';
import { jsonLine } from '../../text/json-line.ts';
import type { Tone } from '../../text/tone.ts';
import type { SafeText } from '../../text/safe-text.ts';

/** Another console whose stdout carries events only: what would be a line there is one of type `text`. */
export class JsonConsole implements ClientConsole {
  readonly isTerminal: boolean;
  readonly #inner: ClientConsole;

  constructor(inner: ClientConsole) {
    this.#inner = inner;
    this.isTerminal = inner.isTerminal;
  }

  ask(prompt: SafeText, question?: Question): Promise<string | undefined> {
    // On a terminal a prompt is drawn for a person; on a pipe it is a line for a script.
    if (this.isTerminal || prompt === COMMAND_PROMPT) return this.#inner.ask(prompt, question);
    this.print(prompt);
    return this.#inner.ask(COMMAND_PROMPT, question);
  }

  print(line: SafeText): void {
    this.event(textEvent(line));
  }

  warn(line: SafeText, tone?: Tone): void {
    this.#inner.warn(line, tone);
  }

  readonly event = (event: UpdEvent): void => {
    this.#inner.print(jsonLine(event));
  };
}
