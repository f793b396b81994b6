import type { CommandSpec } from './command-spec.ts';

/**
 * Takes `--push=false` out of a command line, for the switches of any command: the parser behind this one has switches
 * that are given or not.
 */
export function booleanAssignments(
  argv: readonly string[],
  commands: readonly CommandSpec[],
): { readonly rest: readonly string[]; readonly assigned: ReadonlyMap<string, readonly string[]> } {
  const switches = new Set(commands.flatMap(switchesOf));
  const end = argv.indexOf('--');
  const assigned = new Map<string, readonly string[]>();
  const rest = argv.filter((argument, index) => {
    const match = /^--([a-z-]+)=(.*)$/.exec(argument);
    if (match === null || (end >= 0 && index > end)) return true;
    const [, flag = '', value = ''] = match;
    if (!switches.has(flag)) return true;
    assigned.set(flag, [...(assigned.get(flag) ?? []), value]);
    return false;
  });
  return { rest, assigned };
}

function switchesOf({ options, subcommands }: CommandSpec): readonly string[] {
  const own = Object.values(options).filter(({ placeholder }) => placeholder === undefined);
  return [...own.map(({ flag }) => flag), ...subcommands.flatMap(switchesOf)];
}
