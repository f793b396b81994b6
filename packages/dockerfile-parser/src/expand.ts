import type { Escape } from './directive.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { removeAffix, replaceGlob } from './shell-pattern.ts';

/** The value of a variable; `undefined` when it is unset. */
export type Lookup = (name: string) => string | undefined;

export interface ExpandOptions {
  /** @default '\\' */
  readonly escape?: Escape | undefined;
}

export interface Expanded {
  readonly text: string;
  /** Variables that were read. */
  readonly used: ReadonlySet<string>;
  /** Those of them that are unset and had no default. */
  readonly unset: ReadonlySet<string>;
}

/** `${a:-${b:-…}}` is followed this deep. */
const MAX_DEPTH = 100;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const SPECIAL: ReadonlySet<string> = new Set('@*#?-$!0123456789');

/**
 * Expands one word as BuildKit does: variables are replaced, quotes and escapes taken out.
 * @throws {DockerfileError} `failed to process "…": …`
 * @example expandWord('${HOME:-/root}/bin', () => undefined).text // '/root/bin'
 */
export function expandWord(word: string, lookup: Lookup, { escape = '\\' }: ExpandOptions = {}): Expanded {
  if (!/[$'"`\\]/.test(word)) return { text: word, used: NONE, unset: NONE };
  const expansion = new Expansion(word, lookup, escape, 'word');
  return { text: expansion.run(), used: expansion.used, unset: expansion.unset };
}

const NONE: ReadonlySet<string> = new Set();

/** Expands, then splits at blanks that were not quoted: EXPOSE. */
export function expandWords(
  text: string,
  lookup: Lookup,
  options: ExpandOptions = {},
): Expanded & { readonly words: readonly string[] } {
  const expanded = expandWord(text, lookup, options);
  return { ...expanded, words: expanded.text.split(/\s+/).filter((word) => word !== '') };
}

/** Expands the body of a here-document: quotes are ordinary, and the escape character is always `\`. */
export function expandHeredoc(body: string, lookup: Lookup): Expanded {
  const expansion = new Expansion(body, lookup, '\\', 'heredoc');
  return { text: expansion.run(), used: expansion.used, unset: expansion.unset };
}

type Mode = 'word' | 'heredoc';

class Expansion {
  readonly used = new Set<string>();
  readonly unset = new Set<string>();
  readonly #text: string;
  readonly #lookup: Lookup;
  readonly #escape: Escape;
  readonly #mode: Mode;
  #at = 0;
  #depth = 0;

  constructor(text: string, lookup: Lookup, escape: Escape, mode: Mode) {
    this.#text = text;
    this.#lookup = lookup;
    this.#escape = escape;
    this.#mode = mode;
  }

  run(): string {
    return this.#until('');
  }

  /** Up to one of `stops`, which is left to the caller; with no stop, to the end. */
  #until(stops: string): string {
    let result = '';
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] ?? '';
      if (stops !== '' && stops.includes(character)) return result;
      if (character === '$') result += this.#variable();
      else if (this.#mode === 'word' && character === "'") result += this.#singleQuoted();
      else if (this.#mode === 'word' && character === '"') result += this.#doubleQuoted();
      else if (character === this.#escape) result += this.#escaped();
      else {
        result += character;
        this.#at += 1;
      }
    }
    return result;
  }

  #escaped(): string {
    const next = this.#text[this.#at + 1];
    this.#at += 2;
    if (next === undefined) return this.#escape;
    if (this.#mode === 'word') return next;
    if (next === '\n') return '';
    return next === '$' || next === this.#escape ? next : `${this.#escape}${next}`;
  }

  #singleQuoted(): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw this.#fail('unexpected end of statement while looking for matching single-quote');
    const text = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return text;
  }

  #doubleQuoted(): string {
    this.#at += 1;
    let result = '';
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined)
        throw this.#fail('unexpected end of statement while looking for matching double-quote');
      if (character === '"') {
        this.#at += 1;
        return result;
      }
      const next = this.#text[this.#at + 1];
      if (character === '$') result += this.#variable();
      else if (character === this.#escape && (next === '"' || next === '$' || next === this.#escape)) {
        result += next;
        this.#at += 2;
      } else {
        result += character;
        this.#at += 1;
      }
    }
  }

  #variable(): string {
    this.#at += 1;
    const next = this.#text[this.#at];
    if (next === '{') return this.#braced();
    const name = this.#name();
    if (name !== undefined) return this.#read(name);
    if (next !== undefined && SPECIAL.has(next)) {
      this.#at += 1;
      return '';
    }
    return '$';
  }

  #name(): string | undefined {
    NAME.lastIndex = this.#at;
    const [name] = NAME.exec(this.#text) ?? [];
    if (name !== undefined) this.#at += name.length;
    return name;
  }

  #read(name: string): string {
    this.used.add(name);
    const value = this.#lookup(name);
    if (value === undefined) this.unset.add(name);
    return value ?? '';
  }

  #braced(): string {
    if (this.#depth >= MAX_DEPTH) throw this.#fail(`variables are nested deeper than ${MAX_DEPTH}`);
    this.#depth += 1;
    this.#at += 1;
    const value = this.#bracedValue();
    this.#depth -= 1;
    return value;
  }

  #bracedValue(): string {
    const name = this.#name() ?? this.#special();
    if (name === undefined) throw this.#fail('syntax error: bad substitution');
    const operator = this.#text[this.#at];
    if (operator === undefined) throw this.#fail("syntax error: missing '}'");
    if (operator === '}') {
      this.#at += 1;
      return SPECIAL.has(name) ? '' : this.#read(name);
    }
    this.#at += 1;
    switch (operator) {
      case ':':
        return this.#conditional(name, true);
      case '-':
      case '+':
      case '?':
        this.#at -= 1;
        return this.#conditional(name, false);
      case '#':
      case '%':
        return this.#affix(name, operator);
      case '/':
        return this.#replacement(name);
      default:
        throw this.#fail(`unsupported modifier (${operator}) in substitution`);
    }
  }

  #special(): string | undefined {
    const character = this.#text[this.#at];
    if (character === undefined || !SPECIAL.has(character)) return undefined;
    this.#at += 1;
    return character;
  }

  /** `-`, `+` and `?`; with a colon, an empty value counts as unset. */
  #conditional(name: string, colon: boolean): string {
    const operator = this.#text[this.#at] ?? '';
    this.#at += 1;
    if (!'-+?'.includes(operator) || operator === '')
      throw this.#fail(`unsupported modifier (${operator}) in substitution`);
    const word = this.#closing();
    this.used.add(name);
    const value = this.#lookup(name);
    const isSet = value !== undefined && (!colon || value !== '');
    if (operator === '+') return isSet ? word : '';
    if (isSet) return value;
    if (operator === '-') return word;
    const state = value === undefined ? 'unset' : 'empty';
    throw this.#fail(word === '' ? `${name}: is not allowed to be ${state}` : word);
  }

  #affix(name: string, operator: '#' | '%'): string {
    const longest = this.#text[this.#at] === operator;
    if (longest) this.#at += 1;
    const pattern = this.#rawClosing();
    return removeAffix(this.#read(name), pattern, { from: operator === '#' ? 'start' : 'end', longest });
  }

  #replacement(name: string): string {
    const all = this.#text[this.#at] === '/';
    if (all) this.#at += 1;
    const pattern = this.#raw('/');
    if (this.#text[this.#at] !== '/') throw this.#fail("syntax error: missing '/' in ${}");
    this.#at += 1;
    const replacement = this.#closing();
    return replaceGlob(this.#read(name), pattern, { replacement, all });
  }

  #closing(): string {
    const word = this.#until('}');
    if (this.#text[this.#at] !== '}') throw this.#fail("syntax error: missing '}'");
    this.#at += 1;
    return word;
  }

  /** A pattern: variables in it are expanded, escapes stay for the pattern to read. */
  #raw(stops: string): string {
    let result = '';
    while (this.#at < this.#text.length && !`${stops}}`.includes(this.#text[this.#at] ?? '')) {
      const character = this.#text[this.#at] ?? '';
      if (character === '$') result += this.#variable();
      else {
        const length = character === this.#escape ? 2 : 1;
        result += this.#text.slice(this.#at, this.#at + length);
        this.#at += length;
      }
    }
    return result;
  }

  #rawClosing(): string {
    const pattern = this.#raw('');
    if (this.#text[this.#at] !== '}') throw this.#fail("syntax error: missing '}'");
    this.#at += 1;
    return pattern;
  }

  #fail(message: string): DockerfileError {
    const shown = this.#text.length > 200 ? `${this.#text.slice(0, 200)}…` : this.#text;
    return new DockerfileError(`failed to process ${JSON.stringify(shown)}: ${message}`);
  }
}
