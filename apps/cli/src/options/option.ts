import type { Environment } from '../session.ts';

/** Under which heading of `--help` and of the docs an option stands. */
export type OptionGroup = 'Build' | 'Output' | 'Cache' | 'Registries' | 'Execution' | 'General';

/** What a shell offers after the flag. */
export type Completion = 'none' | 'file' | 'directory' | readonly string[];

/** Where a value was written, and what it may refer to. */
export interface OptionOrigin {
  /** For messages: `--cache-ttl` or `ENVBUILDER_CACHE_TTL_DAYS`. */
  readonly name: string;
  readonly env: Environment;
}

/** A variable that stands in for the flag when the flag is absent. */
export interface OptionVariable {
  readonly name: string;
  /** How the variable's text spells the flag's values. @default the text itself, one value */
  readonly values?: ((text: string) => readonly string[]) | undefined;
}

/** One setting: its flag, its variables, its line in `--help`, in the docs and in shell completion. */
export interface Option<T> {
  /** Without dashes. */
  readonly flag: string;
  readonly short?: string | undefined;
  /** `undefined` for a switch that takes no value. */
  readonly placeholder?: string | undefined;
  readonly repeatable: boolean;
  readonly variables: readonly OptionVariable[];
  readonly group: OptionGroup;
  readonly help: string;
  /** As shown to the user; `undefined` when there is none worth showing. */
  readonly shownDefault?: string | undefined;
  readonly completion: Completion;
  /** The value when neither flag nor variable is given. */
  readonly absent: T;
  /** From all texts given, at least one. @throws {UsageError} */
  readonly parse: (texts: readonly string[], origin: OptionOrigin) => T;
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** What a command gets: each option of its table, parsed. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never;
};
