import type { Session } from '../session.ts';
import type { OptionTable, OptionValues } from '../options/option.ts';

/** One run of a command. */
export interface Invocation<Table extends OptionTable> extends Session {
  /** All commands of the program. */
  readonly commands: readonly CommandSpec[];
  readonly options: OptionValues<Table>;
  /** One for each declared argument that was given; the last may be many. */
  readonly args: readonly string[];
}

export interface ArgumentSpec {
  /** In capitals, as shown. */
  readonly name: string;
  readonly help: string;
  readonly required: boolean;
  readonly many?: boolean | undefined;
  readonly completion: 'none' | 'file' | 'directory' | readonly string[];
}

/** One command: what it is called, what it takes, and how to load what it does. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: OptionTable;
  /** Shown below `--help`: lines a user would type. */
  readonly examples: readonly string[];
  readonly subcommands: readonly CommandSpec[];
  /** `undefined` for a command that only groups others. Rejects with what went wrong. */
  readonly run: ((invocation: Invocation<OptionTable>) => Promise<void>) | undefined;
}

interface CommandDescription<Table extends OptionTable> {
  readonly name: string;
  readonly summary: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options: Table;
  readonly examples?: readonly string[];
  readonly run: (invocation: Invocation<Table>) => Promise<void>;
}

/** A command whose `run` sees its own options typed; it imports its work when it is called, not before. */
export function command<const Table extends OptionTable>(description: CommandDescription<Table>): CommandSpec {
  const { run } = description;
  return {
    arguments: [],
    examples: [],
    subcommands: [],
    ...description,
    run: (invocation) => run(invocation as Invocation<Table>),
  };
}

/** A command that only groups others. */
export function commandGroup(
  description: Pick<CommandSpec, 'name' | 'summary' | 'subcommands' | 'examples'>,
): CommandSpec {
  return { arguments: [], options: {}, run: undefined, ...description };
}
