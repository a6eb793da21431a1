import type { Argument, Command, Option } from 'commander';

/** What may be typed where a flag or a command wants a value. */
export type Completed = 'files' | 'folders' | 'nothing' | readonly string[];

/** What a flag or a command wants typed. */
export interface Value {
  /** As the help calls it: `folder`. */
  readonly name: string;
  readonly completed: Completed;
}

export interface FlagEntry {
  /** As it may be typed, the short one first: `-h`, `--help`. */
  readonly spellings: readonly string[];
  readonly description: string;
  /** The description with the default and the choices. */
  readonly explanation: string;
  /** Undefined where the flag stands alone. */
  readonly value: Value | undefined;
}

export interface OperandEntry extends Value {
  /** As the usage shows it: `<path...>`. */
  readonly term: string;
  readonly description: string;
  readonly isVariadic: boolean;
}

/** One command, as commander knows it. Its help, the completion scripts and the pages come from here. */
export interface CommandEntry {
  readonly name: string;
  /** All that is typed to reach it: `upd partials remove`. */
  readonly path: string;
  readonly description: string;
  /** What stands behind the path. */
  readonly operands: readonly OperandEntry[];
  /** Its own, then those of the commands above it that hold here too. */
  readonly flags: readonly FlagEntry[];
  readonly parts: readonly CommandEntry[];
  /** The examples that lead its help, without their heading; empty where it has none. */
  readonly examples: readonly string[];
  /** What `--help` prints to a pipe. */
  readonly help: string;
}

/** Columns of a terminal that the help never passes. */
export const HELP_COLUMNS = 80;

/** The program and all that is below it. */
export function commandTableOf(command: Command, above = ''): CommandEntry {
  const help = command.createHelp();
  const path = `${above}${command.name()}`;
  const shown = helpOf(command);
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
  return {
    name: command.name(),
    path,
    description: command.description(),
    operands: command.registeredArguments.map((argument) => ({
      ...valueOf(argument.name(), argument),
      term: termOf(argument),
      description: help.argumentDescription(argument),
      isVariadic: argument.variadic,
    })),
    flags: options.map((option) => ({
      spellings: [option.short, option.long].filter((spelling) => spelling !== undefined),
      description: option.description,
      explanation: help.optionDescription(option),
      value: valueOfOption(option),
    })),
    parts: help.visibleCommands(command).map((part) => commandTableOf(part, `${path} `)),
    examples: examplesIn(shown),
    help: shown,
  };
}

/** A command and all below it, in the order of the help. */
export function allCommands(entry: CommandEntry): readonly CommandEntry[] {
  return [entry, ...entry.parts.flatMap(allCommands)];
}

/** What `--help` prints to a pipe. */
function helpOf(command: Command): string {
  const output = command.configureOutput();
  let text = '';
  command.configureOutput({
    writeOut: (part) => (text += part),
    getOutHelpWidth: () => HELP_COLUMNS,
  });
  command.outputHelp();
  command.configureOutput(output);
  return text;
}

/** The indented lines above the usage. */
function examplesIn(help: string): readonly string[] {
  const [lead = ''] = help.split('Usage: ', 1);
  return lead
    .split('\n')
    .filter((line) => line.startsWith('  '))
    .map((line) => line.slice(2));
}

function termOf(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function valueOfOption(option: Option): Value | undefined {
  const [, name] = /[<[]([^>\].]+)/.exec(option.flags) ?? [];
  return name === undefined ? undefined : valueOf(name, option);
}

/** What the name of a value promises; any other is typed by heart. */
const completedByName: Readonly<Record<string, Completed>> = {
  file: 'files',
  path: 'files',
  trace: 'files',
  folder: 'folders',
};

function valueOf(name: string, { argChoices }: Argument | Option): Value {
  return { name, completed: argChoices ?? completedByName[name] ?? 'nothing' };
}
