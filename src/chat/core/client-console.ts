import { type SafeText, safeText } from '../../text/safe-text.ts';
import type { Tone } from '../../text/tone.ts';
import type { Completion } from './completion.ts';

export type { Completion } from './completion.ts';

/** The prompt for commands. It is for a person: a pipe does not show it. */
export const COMMAND_PROMPT: SafeText = safeText('> ');

export interface Question {
  /** What is typed is not echoed. */
  readonly isHidden?: boolean;
  /**
   * How a line may go on, for a person who asks. Lines of such questions are remembered: they can
   * be brought back and edited.
   */
  readonly complete?: (line: string) => Completion | Promise<Completion>;
}

/** Where a chat client reads its lines and shows its texts: a terminal, a pipe, or a test. */
export interface ClientConsole {
  /** A person may be asked: prompts are for somebody, not for a script. */
  readonly isTerminal: boolean;
  /**
   * Shows `prompt` and resolves with the next line, without its newline; undefined at the end of
   * input. One question at a time.
   */
  ask(prompt: SafeText, question?: Question): Promise<string | undefined>;
  /** A line for stdout: answers and deliveries. The tone is for whoever looks at it. */
  print(line: SafeText, tone?: Tone): void;
  /** A line for stderr: progress and warnings. */
  warn(line: SafeText, tone?: Tone): void;
}
