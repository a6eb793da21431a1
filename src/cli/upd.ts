#!/usr/bin/env node
import { CommanderError } from 'commander';
import { makeProgram } from './program.ts';

const USAGE_EXIT_CODE = 2;

// Whoever reads the output may have enough of it, as `head` has; what was asked for is still done.
for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);

try {
  await makeProgram().parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version were asked for (0); everything else that commander objects to is usage.
  process.exitCode = error.exitCode === 0 ? 0 : USAGE_EXIT_CODE;
}
