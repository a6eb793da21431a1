import { exitCodes } from '../../report/exit-codes.ts';
import { allCommands, type CommandEntry, type FlagEntry } from './command-table.ts';

/** What each exit code says; PRODUCT §5. */
const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  delivered: 'All was delivered and verified.',
  internal: 'A fault of upd itself.',
  usage: 'Wrong usage.',
  localFile: 'A local file or folder cannot be read or written.',
  refused: 'The other side has refused or cancelled.',
  login: 'Login failed or blocked, or the key of a server has changed.',
  unanswered: 'Nobody has ever answered.',
  lost: 'The other side had answered and was lost.',
  integrity: 'What arrived is not what was sent.',
  noSpace: 'No space on the disk of the receiver.',
  version: 'The other side speaks another version.',
  exists: 'The name exists, and --skip was given.',
  partly: 'Some was delivered and some has failed.',
  interrupted: 'Ended by SIGINT.',
  terminated: 'Ended by SIGTERM.',
};

/** `upd.1`: the page of `man upd`, in the macros of man(7). It holds no date: the same table is the same page. */
export function manPage(table: CommandEntry, version: string): string {
  const commands = allCommands(table).filter(({ flags }) => flags.length > 0);
  const codes = Object.entries(exitCodes) as [keyof typeof exitCodes, number][];
  const lines = [
    `.TH ${table.name.toUpperCase()} 1 "" "updraft ${shown(version)}" "User Commands"`,
    '.SH NAME',
    `${table.name} \\- ${shown(withoutEnd(table.description))}`,
    '.SH SYNOPSIS',
    ...commands.slice(1).flatMap(synopsisOf),
    '.SH DESCRIPTION',
    text(table.description),
    ...flagLines(table.flags),
    '.SH EXAMPLES',
    ...exampleLines(table),
    '.SH COMMANDS',
    ...commands.slice(1).flatMap(sectionOf),
    '.SH EXIT STATUS',
    ...codes.flatMap(([name, code]) => ['.TP', `.B ${code}`, text(meanings[name])]),
  ];
  return `${lines.join('\n')}\n`;
}

function synopsisOf({ path, operands }: CommandEntry): readonly string[] {
  const wanted = ['[options]', ...operands.map(({ term }) => term)].join(' ');
  return [`.B ${shown(path)}`, shown(wanted), '.br'];
}

function sectionOf(command: CommandEntry): readonly string[] {
  const { path, description, operands, flags } = command;
  return [
    `.SS ${shown([path, ...operands.map(({ term }) => term)].join(' '))}`,
    text(`${description[0]!.toUpperCase()}${description.slice(1)}.`),
    ...exampleLines(command),
    ...operands.flatMap(({ name, description: what }) => ['.TP', `.I ${shown(name)}`, text(what)]),
    ...flagLines(flags),
  ];
}

function exampleLines({ examples }: CommandEntry): readonly string[] {
  return examples.length === 0 ? [] : ['.PP', '.nf', ...examples.map(text), '.fi'];
}

function flagLines(flags: readonly FlagEntry[]): readonly string[] {
  return flags.flatMap(({ spellings, value, explanation }) => {
    const wanted = value === undefined ? '' : ` \\fI${shown(value.name)}\\fR`;
    return ['.TP', `\\fB${shown(spellings.join(', '))}\\fR${wanted}`, text(explanation)];
  });
}

/** A line of text: none that the page's macros would take for one of theirs. */
function text(line: string): string {
  return /^[.']/.test(line) ? `\\&${shown(line)}` : shown(line);
}

/** Characters as roff shows them, whatever the encoding of the page is taken for. */
function shown(line: string): string {
  return line
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('`', '\\(ga')
    .replaceAll("'", '\\(aq')
    .replaceAll(/[^\x20-\x7e]/gu, (character) => {
      const hex = character.codePointAt(0)!.toString(16).toUpperCase();
      return `\\[u${hex.padStart(4, '0')}]`;
    });
}

function withoutEnd(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
