#!/usr/bin/env node
import { CommanderError } from 'commander';
import { makeProgram } from './program.ts';
import { watchStdout } from './terminal/stdout-watch.ts';

const USAGE_EXIT_CODE = 2;

watchStdout();

try {
  await makeProgram().parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version were asked for (0); everything else that commander objects to is usage.
  process.exitCode = error.exitCode === 0 ? 0 : USAGE_EXIT_CODE;
}
