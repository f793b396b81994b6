import type { ArgumentSpec, CommandSpec } from '../spec/command-spec.ts';
import type { Completion, Option } from '../options/option.ts';
import { type CommandPath, commandPaths, spellings } from '../spec/command-path.ts';

/** A script to put as `_shale` into a directory of `$fpath`. */
export function zshCompletion(commands: readonly CommandSpec[]): string {
  return `#compdef shale
# zsh completion for shale: shale completion zsh > "\${fpath[1]}/_shale"
${commandPaths(commands).map(commandFunction).join('\n')}
_shale() {
${dispatch('_shale', commands)}
}
if [ "$funcstack[1]" = _shale ]; then _shale "$@"; else compdef _shale shale; fi
`;
}

function commandFunction({ words, spec }: CommandPath): string {
  const name = ['_shale', ...words].join('_');
  const body =
    spec.subcommands.length > 0 ? dispatch(name, spec.subcommands) : `  _arguments -s \\\n${argumentLines(spec)}`;
  return `${name}() {\n${body}\n}`;
}

function dispatch(prefix: string, commands: readonly CommandSpec[]): string {
  const described = commands.map(({ name, summary }) => `      ${quote(`${name}:${escapeColons(summary)}`)}`);
  const cases = commands.map(({ name }) => `        ${name}) ${prefix}_${name} ;;`);
  return `  local line state
  _arguments -C '(-)--help[Print help]' '1: :->command' '*:: :->rest'
  case $state in
    command)
      local -a commands=(
${described.join('\n')}
      )
      _describe command commands ;;
    rest)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac`;
}

function argumentLines({ options, arguments: positional }: CommandSpec): string {
  const lines = [
    ...Object.values(options).map(optionLine),
    "'(-)--help[Print help]'",
    ...positional.map(positionalLine),
  ];
  return lines.map((line) => `    ${line}`).join(' \\\n');
}

function optionLine(option: Option<unknown>): string {
  const names = spellings(option);
  const value =
    option.placeholder === undefined ? '' : `:${escapeColons(option.placeholder)}:${action(option.completion)}`;
  const text = `[${option.help.replaceAll(/[[\]]/g, '\\$&')}]${value}`;
  const repeat = option.repeatable ? '*' : '';
  if (names.length === 1) return quote(`${repeat}${names[0]}${text}`);
  return option.repeatable
    ? `'*'{${names.join(',')}}${quote(text)}`
    : `'(${names.join(' ')})'{${names.join(',')}}${quote(text)}`;
}

function positionalLine({ name, many = false, completion }: ArgumentSpec): string {
  return quote(`${many ? '*' : ''}:${escapeColons(name)}:${action(completion)}`);
}

function action(completion: Completion): string {
  if (completion === 'none') return ' ';
  if (completion === 'file') return '_files';
  return completion === 'directory' ? '_files -/' : `(${completion.join(' ')})`;
}

function escapeColons(text: string): string {
  return text.replaceAll(':', '\\:');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
