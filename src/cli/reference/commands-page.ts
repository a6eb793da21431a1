import { allCommands, type CommandEntry } from './command-table.ts';

/** `docs/commands.md`: what `--help` of every command prints. */
export function commandsPage(table: CommandEntry): string {
  const sections = allCommands(table)
    // `upd help` has no help of its own.
    .filter(({ flags }) => flags.length > 0)
    .map(({ path, help }) => `## ${path}\n\n\`\`\`\n$ ${path} --help\n${help.trimEnd()}\n\`\`\`\n`);
  return `# The commands

What \`--help\` of each command prints. \`npm run man\` writes this page, and \`docs/upd.1\` for \`man\`.

${sections.join('\n')}`;
}
