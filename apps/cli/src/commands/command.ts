import type { Readable, Writable } from 'node:stream';
import type { Environment } from '../environment.ts';
import type { OptionTable, OptionValues } from '../options/option.ts';

/** What every command gets from its process. */
export interface Session {
  /** Of this program. */
  readonly version: string;
  readonly env: Environment;
  /** Absolute. */
  readonly cwd: string;
  /** Opened when it is asked for, which takes milliseconds. */
  readonly stdin: () => Readable;
  /** Results only. */
  readonly stdout: Writable & { readonly isTTY?: boolean };
  /** Progress, warnings, errors. */
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

export interface Invocation<Table extends OptionTable> extends Session {
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
