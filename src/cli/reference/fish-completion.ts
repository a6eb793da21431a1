import { allCommands, type CommandEntry, type Completed, type FlagEntry } from './command-table.ts';

/** What `upd completion fish` prints. */
export function fishCompletion(table: CommandEntry): string {
  const commands = allCommands(table);
  const paths = commands.slice(1).map(({ path }) => quoted(path));
  const valued = commands.flatMap(({ path, flags }) =>
    flags
      .filter(({ value }) => value !== undefined)
      .flatMap(({ spellings }) => spellings.map((spelling) => quoted(`${path} ${spelling}`))),
  );
  return `# Completion of ${table.name} for fish: ${table.name} completion fish | source
function __${table.name}_command
    set -l command ${table.name}
    set -l is_value no
    for word in (commandline -opc)[2..-1]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch "$command $word"
            case ${paths.join(' ')}
                set command "$command $word"
            case ${valued.join(' ')}
                set is_value yes
        end
    end
    echo $command
end
function __${table.name}_is
    test (__${table.name}_command) = "$argv"
end
complete -c ${table.name} -e
complete -c ${table.name} -f
${commands.flatMap((command) => linesOf(command, table.name)).join('\n')}
`;
}

function linesOf(
  { path, flags, operands, parts }: CommandEntry,
  program: string,
): readonly string[] {
  const here = `complete -c ${program} -n ${quoted(`__${program}_is ${path}`)}`;
  return [
    ...parts.map(({ name, description }) => `${here} -a ${quoted(name)} -d ${quoted(description)}`),
    ...operands.flatMap(({ completed }) => {
      const words = wordsOf(completed);
      return words === undefined ? [] : [`${here} ${words}`];
    }),
    ...flags.map((flag) => `${here} ${flagOf(flag)}`),
  ];
}

function flagOf({ spellings, description, value }: FlagEntry): string {
  const names = spellings.map((spelling) =>
    spelling.startsWith('--') ? `-l ${spelling.slice(2)}` : `-s ${spelling.slice(1)}`,
  );
  const wanted = value === undefined ? [] : ['-r', wordsOf(value.completed) ?? '-f'];
  return [...names, ...wanted, '-d', quoted(description)].join(' ');
}

function wordsOf(completed: Completed): string | undefined {
  if (completed === 'files') return '-F';
  if (completed === 'folders') return "-f -a '(__fish_complete_directories)'";
  return completed === 'nothing' ? undefined : `-f -a ${quoted(completed.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
