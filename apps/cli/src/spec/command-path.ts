import type { CommandSpec } from './command-spec.ts';
import type { Option } from '../options/option.ts';

/** A command with the words that lead to it: `['cache', 'ls']`. */
export interface CommandPath {
  readonly words: readonly string[];
  readonly spec: CommandSpec;
}

/** Every command below `commands`, groups before their members. */
export function commandPaths(
  commands: readonly CommandSpec[],
  parents: readonly string[] = [],
): readonly CommandPath[] {
  return commands.flatMap((spec) => {
    const words = [...parents, spec.name];
    return [{ words, spec }, ...commandPaths(spec.subcommands, words)];
  });
}

/** `-f` and `--file`. */
export function spellings({ flag, short }: Option<unknown>): readonly string[] {
  return short === undefined ? [`--${flag}`] : [`-${short}`, `--${flag}`];
}
