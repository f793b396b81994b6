import type { Escape } from '../directive.ts';
import { DockerfileError } from '../dockerfile-error.ts';
import { expandHeredoc, type Expanded, expandWord, expandWords } from '../expand.ts';
import { suggest } from '../suggest.ts';

/** A variable without a value, and the one that was probably meant. */
export interface UndefinedVariable {
  readonly name: string;
  readonly suggestion: string | undefined;
}

/** The variables at one place in a Dockerfile. Immutable: the next place gets a changed copy. */
export interface Variables {
  readonly values: ReadonlyMap<string, string>;
  /** The declared ARGs, with or without a value. */
  readonly declared: ReadonlySet<string>;
  readonly escape: Escape;
}

const NOTHING: ReadonlySet<string> = new Set();

/** Returns a text that cannot be expanded as it is: the builder reports it. */
export function expandIn({ values, escape }: Variables, word: string, kind: 'word' | 'heredoc' = 'word'): Expanded {
  const lookup = (name: string) => values.get(name);
  const unexpanded: Expanded = { text: word, used: NOTHING, unset: NOTHING };
  return orElse(unexpanded, () =>
    kind === 'word' ? expandWord(word, lookup, { escape }) : expandHeredoc(word, lookup),
  );
}

/** The words of a text that is split after expansion, or none when it cannot be expanded. */
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

/** Those names that no ARG declares. */
export function undefinedIn({ values, declared }: Variables, names: Iterable<string>): UndefinedVariable[] {
  return [...new Set(names)]
    .filter((name) => !declared.has(name))
    .map((name) => ({ name, suggestion: suggest(name, [...values.keys()]) }));
}

export function withValues(variables: Variables, pairs: Iterable<readonly [string, string]>): Variables {
  return { ...variables, values: new Map([...variables.values, ...pairs]) };
}
