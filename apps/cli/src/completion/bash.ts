import type { CommandSpec } from '../spec/command-spec.ts';
import type { Completion, Option } from '../options/option.ts';
import { type CommandPath, commandPaths, spellings } from '../spec/command-path.ts';

/** A script for `source <(shale completion bash)`. Needs nothing but bash 4. */
export function bashCompletion(commands: readonly CommandSpec[]): string {
  const paths = commandPaths(commands);
  const groups = commands.filter(({ subcommands }) => subcommands.length > 0).map(({ name }) => name);
  return `# bash completion for shale: source <(shale completion bash)
_shale() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  if [[ $current == = ]]; then current=; fi
  if [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi
  case $command in ${groups.length === 0 ? "''" : groups.join('|')}) ((COMP_CWORD > 2)) && command+=" \${COMP_WORDS[2]}" ;; esac
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${[...commands.map(({ name }) => name), '--help', '--version'].join(' ')}' -- "$current"))
    return
  fi
  case $command in
${paths.map(commandCase).join('\n')}
  esac
}
complete -o filenames -F _shale shale
`;
}

function commandCase({ words, spec }: CommandPath): string {
  const options = Object.values(spec.options);
  const flags = [...options.map(({ flag }) => `--${flag}`), '--help'].join(' ');
  const values = options.filter(({ placeholder }) => placeholder !== undefined).map(valueCase);
  const rest =
    spec.subcommands.length > 0
      ? wordList(spec.subcommands.map(({ name }) => name))
      : compgen(spec.arguments.at(-1)?.completion ?? 'none');
  return `    '${words.join(' ')}')
      case $previous in
${values.join('\n')}
      esac
      if [[ $current == -* ]]; then COMPREPLY=($(compgen -W '${flags}' -- "$current")); else ${rest}; fi ;;`;
}

function valueCase(option: Option<unknown>): string {
  return `        ${spellings(option).join('|')}) ${compgen(option.completion)}; return ;;`;
}

function compgen(completion: Completion): string {
  if (completion === 'none') return ':';
  if (completion === 'file') return 'COMPREPLY=($(compgen -f -- "$current"))';
  if (completion === 'directory') return 'COMPREPLY=($(compgen -d -- "$current"))';
  return wordList(completion);
}

function wordList(list: readonly string[]): string {
  return `COMPREPLY=($(compgen -W '${list.join(' ')}' -- "$current"))`;
}
