import { type CommandName, commandShapes, nameOf } from './command.ts';

/** How a line that is being typed may go on. */
export interface Completion {
  /** Each may stand in place of `typed`. */
  readonly words: readonly string[];
  /** What they are called where they are listed; as they are when absent. */
  readonly labels?: readonly string[];
  /** The unfinished end of the line. */
  readonly typed: string;
}

/** PRODUCT §2. What a server calls a user is drawn as it stands only if it is a name. */
const userName = /^[A-Za-z0-9_.-]{1,32}$/;

const userCommands: ReadonlySet<CommandName | undefined> = new Set(['DM', 'UPD', 'DOC', 'TRUST']);

/** Names of commands at the beginning of a line, behind a `/` the others, and of users where one is named. */
export function completionOf(line: string, users: readonly string[]): Completion {
  const words = line.trimStart().split(' ');
  const typed = words.at(-1)!;
  const candidates =
    words.length === 1
      ? commandWords(typed.startsWith('/'))
      : words.length === 2 && userCommands.has(nameOf(words[0]!))
        ? users.filter((user) => userName.test(user))
        : [];
  const isTyped = (word: string): boolean => word.toLowerCase().startsWith(typed.toLowerCase());
  return { words: candidates.filter(isTyped).map((word) => `${word} `), typed };
}

function commandWords(isAlias: boolean): readonly string[] {
  return isAlias
    ? Object.values(commandShapes).map(({ alias }) => alias)
    : Object.keys(commandShapes);
}
