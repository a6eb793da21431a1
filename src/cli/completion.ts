import { Argument, type Command } from 'commander';
import { safeText } from '../text/safe-text.ts';
import { bashCompletion } from './reference/bash-completion.ts';
import { commandTableOf, type CommandEntry } from './reference/command-table.ts';
import { fishCompletion } from './reference/fish-completion.ts';
import { zshCompletion } from './reference/zsh-completion.ts';
import { printLine } from './terminal/output-lines.ts';

/** What makes the script of each shell. */
const scripts = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
} as const satisfies Record<string, (table: CommandEntry) => string>;

/** `upd completion`: commands, flags and file names by the TAB key. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a script with which a shell completes upd')
    .addArgument(new Argument('<shell>', 'whose script').choices(Object.keys(scripts)))
    .allowExcessArguments(false)
    .addHelpText(
      'before',
      `Examples:
  source <(upd completion bash)     in ~/.bashrc
  source <(upd completion zsh)      in ~/.zshrc, below compinit
  upd completion fish > ~/.config/fish/completions/upd.fish
`,
    )
    .action((shell: keyof typeof scripts) => {
      const script = scripts[shell](commandTableOf(program));
      for (const line of script.trimEnd().split('\n')) printLine(safeText(line));
    });
}
