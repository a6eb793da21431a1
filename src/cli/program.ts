import { readFileSync } from 'node:fs';
import { Argument, Command, Help, type HelpConfiguration, type Option } from 'commander';
import { addBenchCommand } from './bench.ts';
import { addClientCommand } from './client.ts';
import { addCompletionCommand } from './completion.ts';
import { addDoctorCommand } from './doctor.ts';
import { addPartialsCommand } from './partials.ts';
import { addPlotCommand } from './plot.ts';
import { addReceiveCommand } from './receive.ts';
import { HELP_COLUMNS } from './reference/command-table.ts';
import { addReplayCommand } from './replay.ts';
import { addSendCommand } from './send.ts';
import { addServerCommand } from './server.ts';

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

/** `upd` with all its commands. Help, completion scripts and pages come from what this makes. */
export function makeProgram(): Command {
  const program = new Command('upd')
    .description('Reliable file transfer over UDP, and a small chat to find each other.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpText(
      'before',
      `Examples:
  upd server 8000 3               a chat server; 3 wrong passwords block a user
  upd client 127.0.0.1 8000 6000  log in to it; files come in on UDP port 6000
  upd receive                     without a server: shows a ticket …
  upd send movie.mp4 --to upd1…   … with which others send
  upd plot movie.sqlog            how it went, from what --trace has written
  upd doctor                      what makes transfers slow or impossible here
`,
    )
    .configureHelp(helpShape)
    .configureOutput({
      getOutHelpWidth: () => helpColumns(process.stdout),
      getErrHelpWidth: () => helpColumns(process.stderr),
    })
    .exitOverride();

  addServerCommand(program);
  addClientCommand(program);
  addSendCommand(program);
  addReceiveCommand(program);
  addPartialsCommand(program);
  addDoctorCommand(program);
  addBenchCommand(program);
  addPlotCommand(program);
  addReplayCommand(program);
  addCompletionCommand(program);
  const names = program.commands.map((command) => command.name());
  program.addHelpCommand(
    new Command('help')
      .copyInheritedSettings(program)
      .description('print the help of a command')
      .addArgument(new Argument('[command]', 'which one').choices(names))
      .helpOption(false),
  );
  settle(program, program.name());
  return program;
}

/** Gives all commands the settings of the program, and their errors the next step. */
function settle(command: Command, path: string): void {
  const usage = command.createHelp().commandUsage(command);
  command.showHelpAfterError(`Usage: ${usage}\nExamples and options: ${path} --help`);
  for (const part of command.commands) {
    part.copyInheritedSettings(command);
    settle(part, `${path} ${part.name()}`);
  }
}

function helpColumns({ isTTY, columns }: NodeJS.WriteStream): number {
  return isTTY ? Math.min(columns, HELP_COLUMNS) : HELP_COLUMNS;
}

/** A list's descriptions are wrapped unless fewer columns than this are left for them. */
const MIN_DESCRIPTION_COLUMNS = 20;
const USAGE_INDENT_COLUMNS = 'Usage: '.length;

const helpShape: HelpConfiguration = {
  minWidthToWrap: MIN_DESCRIPTION_COLUMNS,
  showGlobalOptions: true,
  subcommandTerm: (command) => command.name(),
  commandUsage: (command) => {
    const plain = new Help();
    return plain
      .boxWrap(plain.commandUsage(command), HELP_COLUMNS - USAGE_INDENT_COLUMNS)
      .replaceAll('\n', `\n${' '.repeat(USAGE_INDENT_COLUMNS)}`);
  },
  // Those of the program print its version and help: they are told with it, and are no part of a command.
  visibleGlobalOptions: ({ parent }) => {
    const options: Option[] = [];
    for (let above = parent; above?.parent; above = above.parent) options.push(...above.options);
    return options;
  },
};
