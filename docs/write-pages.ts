import { writeFileSync } from 'node:fs';
import { makeProgram } from '../src/cli/program.ts';
import { commandsPage } from '../src/cli/reference/commands-page.ts';
import { commandTableOf } from '../src/cli/reference/command-table.ts';
import { manPage } from '../src/cli/reference/man-page.ts';

/** `npm run man`: the pages that say what the commands take, from the commands themselves. */
const program = makeProgram();
const table = commandTableOf(program);
writeFileSync(new URL('upd.1', import.meta.url), manPage(table, program.version()!));
writeFileSync(new URL('commands.md', import.meta.url), commandsPage(table));
