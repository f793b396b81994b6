import type { Escape } from '../directive.ts';
import { DockerfileError } from '../dockerfile-error.ts';
import { expandHeredoc, type Expanded, expandWord, expandWords } from '../expand.ts';
import { suggest } from '../suggest.ts';

/** A variable without value, and the one that may have been meant. */
export interface UndefinedVariable {
  readonly name: string;
  readonly suggestion: string | undefined;
}

/** What a Dockerfile's variables are at one place. Nobody may change it: the next place gets a changed copy. */
export interface Variables {
  readonly values: ReadonlyMap<string, string>;
  /** ARGs that have been declared, with or without a value. */
  readonly declared: ReadonlySet<string>;
  readonly escape: Escape;
}

const NOTHING: ReadonlySet<string> = new Set();

/** The text as it is when it cannot be expanded: that is an error for the builder to find. */
export function expandIn({ values, escape }: Variables, word: string, kind: 'word' | 'heredoc' = 'word'): Expanded {
  const lookup = (name: string) => values.get(name);
  const unexpanded: Expanded = { text: word, used: NOTHING, unset: NOTHING };
  return orElse(unexpanded, () =>
    kind === 'word' ? expandWord(word, lookup, { escape }) : expandHeredoc(word, lookup),
  );
}

/** The words of a text that is split after expansion; none when it cannot be expanded. */
export function wordsIn({ values, escape }: Variables, text: string): readonly string[] {
  return orElse([], () => expandWords(text, (name) => values.get(name), { escape }).words);
}

function orElse<T>(fallback: T, expand: () => T): T {
  try {
    return expand();
  } catch (error) {
    if (error instanceof DockerfileError) return fallback;
    throw error;
  }
}

/** Those of the names that are no ARG either. */
export function undefinedIn({ values, declared }: Variables, names: Iterable<string>): UndefinedVariable[] {
  return [...new Set(names)]
    .filter((name) => !declared.has(name))
    .map((name) => ({ name, suggestion: suggest(name, [...values.keys()]) }));
}

export function withValues(variables: Variables, pairs: Iterable<readonly [string, string]>): Variables {
  return { ...variables, values: new Map([...variables.values, ...pairs]) };
}
