import { allCommands, type CommandEntry, type Completed, type Value } from './command-table.ts';

/** What `upd completion bash` prints; needs bash 3.2 and nothing else. */
export function bashCompletion(table: CommandEntry): string {
  const commands = allCommands(table);
  const below = commands.slice(1).map(({ path }) => path);
  const flagValues: readonly Place[] = commands.flatMap(({ path, flags }) =>
    flags.flatMap(({ spellings, value }) =>
      value === undefined ? [] : spellings.map((flag) => placeOf(`${path} ${flag}`, value)),
    ),
  );
  return `# Completion of ${table.name} for bash: source <(${table.name} completion bash)
_${table.name}() {
  local command=${quoted(table.name)} flag='' kind='' words='' operand=0 only_operands=0 word i
  local current="\${COMP_WORDS[COMP_CWORD]}"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [[ -n $flag ]]; then
      # A value; of --flag=value the = is a word of its own.
      [[ $word == '=' ]] || flag=''
    elif [[ $only_operands == 1 ]]; then
      operand=$((operand + 1))
    else
      case "$command $word" in
      ${anyOf(below.map(quoted))}) command="$command $word" ;;
      ${anyOf(flagValues.map(({ at }) => at))}) flag="$word" ;;
      *' --') only_operands=1 ;;
      *' -'?*) ;;
      *) operand=$((operand + 1)) ;;
      esac
    fi
  done
  if [[ -n $flag ]]; then
    [[ $current == '=' ]] && current=''
    case "$command $flag" in
${arms(flagValues)}
    esac
  elif [[ $current == -* && $only_operands == 0 ]]; then
    case "$command" in
${commands.map(flagsArm).join('\n')}
    esac
  else
    case "$command $operand" in
${arms(commands.flatMap(operandPlaces))}
    esac
  fi
  COMPREPLY=()
  # Not in bash 3.2, nor outside of a completion: names come unquoted then.
  [[ -n $kind ]] && compopt -o filenames 2>/dev/null
  while IFS= read -r word; do
    COMPREPLY+=("$word")
  done < <(
    case "$kind" in
    files) compgen -f -- "$current" ;;
    folders) compgen -d -- "$current" ;;
    *) compgen -W "$words" -- "$current" ;;
    esac
  )
}
complete -F _${table.name} ${table.name}
`;
}

interface Place {
  /** A pattern of bash: the command, and the flag or the number of operands before. */
  readonly at: string;
  readonly completed: Completed;
}

function placeOf(at: string, { completed }: Value): Place {
  return { at: quoted(at), completed };
}

function flagsArm({ path, flags }: CommandEntry): string {
  const spellings = flags.flatMap((flag) => flag.spellings);
  return `    ${quoted(path)}) words=${quoted(spellings.join(' '))} ;;`;
}

/** Where a command takes commands and operands. */
function operandPlaces({ path, operands, parts }: CommandEntry): readonly Place[] {
  const places = operands.map(({ completed, isVariadic }, index) => ({
    at: isVariadic ? `${quoted(`${path} `)}[0-9]*` : quoted(`${path} ${index}`),
    completed,
  }));
  const names = parts.map(({ name }) => name);
  return parts.length > 0 ? [...places, { at: quoted(`${path} 0`), completed: names }] : places;
}

/** One arm for all places where the same is typed. */
function arms(places: readonly Place[]): string {
  const byAction = new Map<string, string[]>();
  for (const { at, completed } of places) {
    const action = actionOf(completed);
    if (action === undefined) continue;
    byAction.set(action, [...(byAction.get(action) ?? []), at]);
  }
  return [...byAction].map(([action, at]) => `    ${anyOf(at)}) ${action} ;;`).join('\n');
}

function actionOf(completed: Completed): string | undefined {
  if (completed === 'nothing') return undefined;
  if (typeof completed === 'string') return `kind=${completed}`;
  return `words=${quoted(completed.join(' '))}`;
}

function anyOf(patterns: readonly string[]): string {
  return patterns.join(' | ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
