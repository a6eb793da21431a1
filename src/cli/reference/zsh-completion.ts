import { allCommands, type CommandEntry, type Completed, type FlagEntry } from './command-table.ts';

/** What `upd completion zsh` prints: for a folder of `$fpath`, as `_upd`, or to be sourced. */
export function zshCompletion(table: CommandEntry): string {
  return `#compdef ${table.name}
# Completion of ${table.name} for zsh: source <(${table.name} completion zsh)
${allCommands(table).map(functionOf).join('\n')}
if [[ $funcstack[1] == _${table.name} ]]; then
  _${table.name} "$@"
else
  compdef _${table.name} ${table.name}
fi
`;
}

function functionOf(command: CommandEntry): string {
  const { path, flags, operands, parts } = command;
  const places = operands.map(({ name, completed, isVariadic }, index) => {
    const place = isVariadic ? '*' : `${index + 1}`;
    return quoted(`${place}:${escaped(name)}:${actionOf(completed)}`);
  });
  const specs = [...flags.flatMap(flagSpecs), ...places];
  if (parts.length === 0) {
    return `${nameOf(path)}() {
  _arguments ${specs.join(' \\\n    ')}
}`;
  }
  const names = parts.map(({ name, description }) => quoted(`${name}:${escaped(description)}`));
  const arms = parts.map((part) => `    ${part.name}) ${nameOf(part.path)} && found=0 ;;`);
  return `${nameOf(path)}() {
  local curcontext="$curcontext" state line found=1
  local -a commands=(
    ${names.join('\n    ')}
  )
  _arguments -C ${specs.join(' \\\n    ')} \\
    '1: :->command' \\
    '*:: :->below' && found=0
  case $state in
  command) _describe -t commands command commands && found=0 ;;
  below)
    case $line[1] in
${arms.join('\n')}
    esac
    ;;
  esac
  return found
}`;
}

function nameOf(path: string): string {
  return `_${path.replaceAll(' ', '_')}`;
}

/** One for each spelling, each of which rules the others out. */
function flagSpecs({ spellings, description, value }: FlagEntry): readonly string[] {
  const others = spellings.length > 1 ? `(${spellings.join(' ')})` : '';
  return spellings.map((spelling) => {
    const isLong = spelling.startsWith('--');
    const explained = `[${escaped(description)}]`;
    if (value === undefined) return quoted(`${others}${spelling}${explained}`);
    const wanted = `:${escaped(value.name)}:${actionOf(value.completed)}`;
    return quoted(`${others}${spelling}${isLong ? '=' : '+'}${explained}${wanted}`);
  });
}

function actionOf(completed: Completed): string {
  if (completed === 'files') return '_files';
  if (completed === 'folders') return '_files -/';
  return completed === 'nothing' ? ' ' : `(${completed.join(' ')})`;
}

/** What `_arguments` and `_describe` would take for the end of a field. */
function escaped(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, '\\$&');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
