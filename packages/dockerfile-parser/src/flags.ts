import type { Escape } from './directive.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { didYouMean } from './suggest.ts';

/** The flags that an instruction may have. */
export type FlagKind = 'text' | 'list' | 'boolean';

export interface ParsedFlags {
  text(name: string): string | undefined;
  list(name: string): readonly string[];
  boolean(name: string): boolean | undefined;
  /** The text after the flags. */
  readonly rest: string;
}

/** Reads the leading `--name[=value]` words, without quotes. A word `--` ends the flags. */
export function parseFlags(text: string, kinds: Readonly<Record<string, FlagKind>>, escape: Escape): ParsedFlags {
  const { words, rest } = takeFlagWords(text, escape);
  const values = new Map<string, string[]>();
  for (const word of words) {
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) throw unknownFlag(name, Object.keys(kinds));
    const before = values.get(name);
    if (before !== undefined && kind !== 'list')
      throw new DockerfileError(`duplicate flag specified: --${name}`, { hint: 'Write it once.' });
    values.set(name, [...(before ?? []), flagValue(name, kind, equals < 0 ? undefined : word.slice(equals + 1))]);
  }
  return {
    rest,
    text: (name) => values.get(name)?.[0],
    list: (name) => values.get(name) ?? [],
    boolean: (name) => (values.has(name) ? values.get(name)?.[0] === 'true' : undefined),
  };
}

function flagValue(name: string, kind: FlagKind, value: string | undefined): string {
  if (kind !== 'boolean') {
    if (value === undefined) throw missingValue(name, `Write --${name}=VALUE.`);
    return value;
  }
  if (value === undefined) return 'true';
  if (value === '') throw missingValue(name, `Write --${name}, --${name}=true or --${name}=false.`);
  const lower = value.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower;
  throw new DockerfileError(`expecting boolean value for flag --${name}, not: ${value}`, {
    hint: `Write --${name}=true or --${name}=false.`,
  });
}

function missingValue(name: string, hint: string): DockerfileError {
  return new DockerfileError(`missing a value on flag: --${name}`, { hint });
}

function unknownFlag(name: string, known: readonly string[]): DockerfileError {
  return new DockerfileError(`unknown flag: --${name}${didYouMean(name, known)}`, {
    hint:
      known.length === 0
        ? 'This instruction takes no flags.'
        : `It takes ${known.map((flag) => `--${flag}`).join(', ')}.`,
  });
}

function takeFlagWords(text: string, escape: Escape): { words: string[]; rest: string } {
  const words: string[] = [];
  let index = 0;
  for (;;) {
    while (/\s/.test(text[index] ?? '')) index += 1;
    if (!text.startsWith('--', index)) return { words, rest: text.slice(index) };
    const { word, end } = readWord(text, index, escape);
    index = end;
    if (word === '--') return { words, rest: text.slice(index).trimStart() };
    words.push(word);
  }
}

function readWord(text: string, start: number, escape: Escape): { word: string; end: number } {
  let word = '';
  let quote = '';
  let index = start;
  for (; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (quote === '' && /\s/.test(character)) break;
    if (character === escape) {
      index += 1;
      word += text[index] ?? '';
    } else if (quote === character) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else word += character;
  }
  return { word, end: index };
}
