import type { Environment } from '../session.ts';
import type { Option, OptionTable, OptionValues } from './option.ts';

/** The texts given for each flag, in order, by the flag's name without dashes. */
export type GivenFlags = ReadonlyMap<string, readonly string[]>;

/** Every option of the table: from its flag, else from the first of its variables that is set and not empty, else absent. */
export function readOptions<Table extends OptionTable>(
  table: Table,
  given: GivenFlags,
  env: Environment,
): OptionValues<Table> {
  const values = Object.entries(table).map(([name, option]) => [name, readOption(option, given, env)]);
  return Object.fromEntries(values) as OptionValues<Table>;
}

function readOption(option: Option<unknown>, given: GivenFlags, env: Environment): unknown {
  const texts = given.get(option.flag);
  if (texts !== undefined) return option.parse(texts, { name: `--${option.flag}`, env });
  for (const { name, values = (text: string) => [text] } of option.variables) {
    const text = env[name];
    if (text === undefined || text === '') continue;
    const spelled = values(text);
    if (spelled.length > 0) return option.parse(spelled, { name, env });
  }
  return option.absent;
}
