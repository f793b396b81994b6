import type { Escape } from './directive.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { removeAffix, replaceMatches } from './shell-pattern.ts';
import { WordList } from './word-list.ts';

/** Returns the value of a variable, or `undefined` when it is unset. */
export type Lookup = (name: string) => string | undefined;

export interface Grammar {
  readonly escape: Escape;
  /** With `ordinary`, quotes have no meaning, as in a here-document. */
  readonly quotes: 'removed' | 'kept' | 'ordinary';
  readonly escapes: 'removed' | 'kept';
  /** What a variable without a value is replaced by. */
  readonly unset: 'empty' | 'kept';
}

/** The deepest nesting of `${a:-${b:-…}}`. */
const MAX_DEPTH = 100;
/** The longest result, in UTF-16 units: variables that contain variables grow exponentially. */
const MAX_LENGTH = 2 ** 24;
const MAX_SHOWN = 200;
const NAME = /[0-9]+|[@*#?\-$!]|[\p{L}_][\p{L}\p{Nd}_]*/uy;
const SPECIAL = /^[0-9@*#?\-$!]/;
const CONDITIONS = '-+?';
const AFFIXES = '#%';

/** Walks over a text once, removes quotes and escapes, and inserts values. */
export class Expansion {
  /** The variables that were read. */
  readonly used: Set<string> = new Set();
  /** Those of them that are unset and have no default. */
  readonly unset: Set<string> = new Set();
  readonly #text: string;
  readonly #lookup: Lookup;
  readonly #grammar: Grammar;
  readonly #words: WordList = new WordList();
  /** What the open `${…}` need to be closed, outermost first. */
  readonly #awaited: string[] = [];
  #at = 0;
  #depth = 0;

  constructor(text: string, lookup: Lookup, grammar: Grammar) {
    this.#text = text;
    this.#lookup = lookup;
    this.#grammar = grammar;
  }

  run(): string {
    return this.#until(undefined, this.#grammar.escapes === 'kept');
  }

  /** The result of `run()`, split at its unquoted blanks. */
  runWords(): readonly string[] {
    this.#until(undefined, this.#grammar.escapes === 'kept', this.#words);
    return this.#words.end();
  }

  /** Expands up to `stop`, and skips it. Without `stop`, expands to the end. */
  #until(stop: string | undefined, keepEscapes: boolean, words?: WordList): string {
    const { escape, quotes } = this.#grammar;
    let result = '';
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] ?? '';
      let piece = character;
      let isQuoted = false;
      if (character === stop) {
        this.#at += 1;
        return result;
      }
      if (character === '$') piece = this.#variable();
      else if (character === escape) {
        piece = this.#escaped(keepEscapes);
        isQuoted = true;
      } else if (quotes !== 'ordinary' && (character === "'" || character === '"')) {
        piece = character === "'" ? this.#singleQuoted() : this.#doubleQuoted(keepEscapes);
        isQuoted = true;
      } else this.#at += 1;
      result += piece;
      if (isQuoted) words?.addQuoted(piece);
      else words?.add(piece);
      if (result.length > MAX_LENGTH) throw this.#fail(`the result is longer than ${MAX_LENGTH} characters`);
    }
    if (stop !== undefined) throw this.#fail(`unexpected end of statement while looking for matching ${stop}`);
    return result;
  }

  #escaped(keepEscapes: boolean): string {
    const next = this.#text[this.#at + 1] ?? '';
    this.#at += 2;
    return keepEscapes ? this.#grammar.escape + next : next;
  }

  #singleQuoted(): string {
    const start = this.#at;
    const end = this.#text.indexOf("'", start + 1);
    this.#at = end < 0 ? this.#text.length : end + 1;
    if (end < 0) throw this.#fail('unexpected end of statement while looking for matching single-quote');
    return this.#grammar.quotes === 'kept' ? this.#text.slice(start, end + 1) : this.#text.slice(start + 1, end);
  }

  #doubleQuoted(keepEscapes: boolean): string {
    const { escape, quotes } = this.#grammar;
    const quote = quotes === 'kept' ? '"' : '';
    let result = quote;
    this.#at += 1;
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] ?? '';
      if (character === '$') {
        result += this.#variable();
        continue;
      }
      this.#at += 1;
      if (character === '"') return result + quote;
      if (character !== escape) {
        result += character;
        continue;
      }
      const next = this.#text[this.#at] ?? '';
      const isEscape = next === '"' || next === '$' || next === escape;
      if (isEscape) this.#at += 1;
      result += (keepEscapes ? escape : '') + (isEscape ? next : character);
    }
    throw this.#fail('unexpected end of statement while looking for matching double-quote');
  }

  #variable(): string {
    this.#at += 1;
    if (this.#text[this.#at] === '{') return this.#braced();
    const name = this.#name();
    if (name === '') return '$';
    return this.#value(name, '') ?? (this.#grammar.unset === 'kept' ? `$${name}` : '');
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const [name = ''] = NAME.exec(this.#text) ?? [];
    this.#at += name.length;
    return name;
  }

  /** `$1`, `$@` and the like never have a value. */
  #value(name: string, operator: string): string | undefined {
    const value = SPECIAL.test(name) ? undefined : this.#lookup(name);
    this.used.add(name);
    if (value === undefined && (operator === '' || !CONDITIONS.includes(operator))) this.unset.add(name);
    return value;
  }

  #braced(): string {
    if (this.#depth >= MAX_DEPTH) throw this.#fail(`variables are nested deeper than ${MAX_DEPTH}`);
    this.#depth += 1;
    this.#at += 1;
    const next = this.#text[this.#at];
    if (next === undefined) throw this.#fail("syntax error: missing '}'");
    if ('{}:'.includes(next)) throw this.#fail('syntax error: bad substitution');
    const value = this.#substitution(this.#name());
    this.#depth -= 1;
    return value;
  }

  #substitution(name: string): string {
    const start = this.#at;
    let operator = this.#text[this.#at];
    this.#at += 1;
    if (operator === undefined) throw this.#fail("syntax error: missing '}'");
    if (operator === '}') return this.#value(name, '') ?? this.#kept(name, '');
    if (operator === '/') return this.#replacement(name);
    const emptyIsUnset = operator === ':';
    if (emptyIsUnset) {
      operator = this.#text[this.#at] ?? '';
      this.#at += 1;
    }
    const isAffix = operator !== '' && AFFIXES.includes(operator);
    const isCondition = operator !== '' && CONDITIONS.includes(operator);
    if (!isAffix && !isCondition) throw this.#fail(`unsupported modifier (${operator}) in substitution`);
    const modifier = this.#text.slice(start, this.#at);
    const word = this.#awaiting('}', isAffix);
    const value = this.#value(name, operator);
    if (value === undefined && this.#grammar.unset === 'kept') return this.#kept(name, modifier + word);
    if (isAffix) return this.#withoutAffix(value ?? '', operator, word);
    return this.#conditional(name, { operator, word, value, emptyIsUnset });
  }

  #kept(name: string, rest: string): string {
    return this.#grammar.unset === 'kept' ? `\${${name}${rest}}` : '';
  }

  #conditional(name: string, { operator, word, value, emptyIsUnset }: Condition): string {
    const isSet = value !== undefined && !(emptyIsUnset && value === '');
    if (operator === '+') return isSet ? word : '';
    if (isSet) return value;
    if (operator === '-') return word;
    throw this.#fail(
      `${name}: ${word === '' ? `is not allowed to be ${value === undefined ? 'unset' : 'empty'}` : word}`,
    );
  }

  #withoutAffix(value: string, operator: string, word: string): string {
    const longest = word.startsWith(operator);
    const pattern = longest ? word.slice(1) : word;
    return removeAffix(value, pattern, { from: operator === '#' ? 'start' : 'end', longest });
  }

  #replacement(name: string): string {
    const all = this.#text[this.#at] === '/';
    if (all) this.#at += 1;
    const pattern = this.#awaiting('/', true);
    const replacement = this.#awaiting('}', true);
    const value = this.#value(name, '/');
    if (value === undefined && this.#grammar.unset === 'kept') return this.#kept(name, `/${pattern}/${replacement}`);
    return replaceMatches(value ?? '', pattern, { replacement, all });
  }

  #awaiting(stop: '}' | '/', keepEscapes: boolean): string {
    this.#awaited.push(stop);
    const word = this.#until(stop, keepEscapes);
    this.#awaited.pop();
    return word;
  }

  /** At the end of the text, the error is about the outermost open expression. */
  #fail(message: string): DockerfileError {
    const awaited = this.#at < this.#text.length ? undefined : this.#awaited[0];
    const blame =
      awaited === undefined ? message : `syntax error: missing '${awaited}'${awaited === '/' ? ' in ${}' : ''}`;
    const shown = this.#text.length > MAX_SHOWN ? `${this.#text.slice(0, MAX_SHOWN)}…` : this.#text;
    return new DockerfileError(`failed to process ${JSON.stringify(shown)}: ${blame}`, { hint: hintFor(blame) });
  }
}

const HINTS: readonly (readonly [problem: string, hint: string])[] = [
  ["missing '/'", 'Write ${name/pattern/replacement}.'],
  ["missing '}'", 'Write ${name}, or \\$ for a dollar sign.'],
  ['bad substitution', 'Write ${name}, or \\$ for a dollar sign.'],
  ['matching', 'Close the quote, or put the escape character before one that is meant as it is.'],
  ['unsupported modifier', 'The modifiers are :- :+ :? - + ? # ## % %% / and //.'],
  ['is longer', 'Variables that hold variables grow fast: shorten them.'],
  ['nested deeper', 'Set a variable in between.'],
];

/** Any other problem is the text in `${name:?text}`. */
function hintFor(problem: string): string {
  const [, hint = 'Set it with ENV, or with ARG and a build argument.'] =
    HINTS.find(([part]) => problem.includes(part)) ?? [];
  return hint;
}

interface Condition {
  readonly operator: string;
  readonly word: string;
  readonly value: string | undefined;
  readonly emptyIsUnset: boolean;
}
