#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addClientCommand } from './client.ts';
import { addDoctorCommand } from './doctor.ts';
import { addPartialsCommand } from './partials.ts';
import { addPlotCommand } from './plot.ts';
import { addReplayCommand } from './replay.ts';
import { addReceiveCommand } from './receive.ts';
import { addSendCommand } from './send.ts';
import { addServerCommand } from './server.ts';

const USAGE_EXIT_CODE = 2;

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

const program = new Command('upd')
  .description('Reliable file transfer over UDP, and a small chat to find each other.')
  .version(version, '--version', 'print the version')
  .helpOption('-h, --help', 'print help')
  .helpCommand('help [command]', 'print the help of a command')
  .addHelpText(
    'before',
    `Examples:
  upd server 8000 3                 a chat server on port 8000; 3 wrong passwords block a user
  upd client 127.0.0.1 8000 6000    log in to it; files come in on UDP port 6000
  upd receive                       without a server: shows a ticket …
  upd send movie.mp4 --to upd1…     … with which others send
  upd plot movie.sqlog              how it went, from what --trace movie.sqlog has written
  upd doctor                        what makes transfers slow or impossible here
`,
  )
  .showHelpAfterError()
  .exitOverride();

addServerCommand(program);
addClientCommand(program);
addSendCommand(program);
addReceiveCommand(program);
addPartialsCommand(program);
addDoctorCommand(program);
addPlotCommand(program);
addReplayCommand(program);
for (const command of program.commands) {
  command.copyInheritedSettings(program);
  for (const part of command.commands) part.copyInheritedSettings(command);
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version were asked for (0); everything else that commander objects to is usage.
  process.exitCode = error.exitCode === 0 ? 0 : USAGE_EXIT_CODE;
}
