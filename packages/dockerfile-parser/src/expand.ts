import type { Escape } from './directive.ts';
import { Expansion, type Grammar, type Lookup } from './expansion.ts';

export interface ExpandOptions {
  /** @default '\\' */
  readonly escape?: Escape | undefined;
}

export interface Expanded {
  readonly text: string;
  /** The variables that were read. */
  readonly used: ReadonlySet<string>;
  /** Those of them that are unset and have no default. */
  readonly unset: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();
const HEREDOC: Grammar = { escape: '\\', quotes: 'ordinary', escapes: 'removed', unset: 'empty' };

/**
 * Expands a word as BuildKit does: replaces variables, and removes quotes and escapes.
 * @throws {DockerfileError} `failed to process "…": …`
 * @example expandWord('${HOME:-/root}/bin', () => undefined).text // '/root/bin'
 */
export function expandWord(word: string, lookup: Lookup, { escape = '\\' }: ExpandOptions = {}): Expanded {
  if (!/[$'"`\\]/.test(word)) return { text: word, used: NONE, unset: NONE };
  return expand(word, lookup, wordGrammar(escape));
}

/** Expands a text, then splits it at blanks that are neither quoted nor escaped, for EXPOSE. `text` joins the words again. */
export function expandWords(
  text: string,
  lookup: Lookup,
  { escape = '\\' }: ExpandOptions = {},
): Expanded & { readonly words: readonly string[] } {
  const expansion = new Expansion(text, lookup, wordGrammar(escape));
  const words = expansion.runWords();
  return { text: words.join(' '), words, used: expansion.used, unset: expansion.unset };
}

/** Expands the body of a here-document: quotes have no meaning, and the escape character is always `\`. */
export function expandHeredoc(body: string, lookup: Lookup): Expanded {
  return expand(body, lookup, HEREDOC);
}

function expand(text: string, lookup: Lookup, grammar: Grammar): Expanded {
  const expansion = new Expansion(text, lookup, grammar);
  return { text: expansion.run(), used: expansion.used, unset: expansion.unset };
}

function wordGrammar(escape: Escape): Grammar {
  return { escape, quotes: 'removed', escapes: 'removed', unset: 'empty' };
}
