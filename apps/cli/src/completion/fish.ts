import type { CommandSpec } from '../spec/command-spec.ts';
import type { Completion, Option } from '../options/option.ts';
import { type CommandPath, commandPaths } from '../spec/command-path.ts';

/** A script for `shale completion fish | source`. */
export function fishCompletion(commands: readonly CommandSpec[]): string {
  const top = commands.map(
    ({ name, summary }) => `complete -c shale -f -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
  );
  return `# fish completion for shale: shale completion fish | source
${[...top, ...commandPaths(commands).flatMap(commandLines)].join('\n')}
`;
}

function commandLines({ words, spec }: CommandPath): readonly string[] {
  const here = words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
  const start = `complete -c shale -n ${quote(here)}`;
  const members = spec.subcommands.map(({ name }) => name).join(' ');
  return [
    ...spec.subcommands.map(
      ({ name, summary }) =>
        `complete -c shale -f -n ${quote(`${here}; and not __fish_seen_subcommand_from ${members}`)} -a ${name} -d ${quote(summary)}`,
    ),
    ...Object.values(spec.options).map((option) => `${start} ${optionFlags(option)}`),
    ...spec.arguments.map(({ completion }) => `${start} ${offer(completion)}`),
  ];
}

function optionFlags({ flag, short, help, placeholder, completion }: Option<unknown>): string {
  const names = short === undefined ? `-l ${flag}` : `-s ${short} -l ${flag}`;
  const value = placeholder === undefined ? '' : ` -r ${offer(completion)}`;
  return `${names}${value} -d ${quote(help)}`;
}

function offer(completion: Completion): string {
  if (completion === 'none') return '-f';
  if (completion === 'file') return '-F';
  return completion === 'directory' ? "-f -a '(__fish_complete_directories)'" : `-f -a ${quote(completion.join(' '))}`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
