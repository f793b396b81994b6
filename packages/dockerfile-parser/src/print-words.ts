import type { Escape } from './directive.ts';
import { parseHeredocStart } from './heredoc.ts';
import type { Heredoc } from './instruction.ts';
import { MAX_LINE_BYTES, withoutContinuation } from './logical-line.ts';

/** Prints `--name=value` words, without those whose value is `undefined` or `false`. */
export type FlagValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export function printFlags(values: FlagValues, escape: Escape): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    if (value === true) return [`--${name}`];
    const texts = typeof value === 'string' ? [value] : value;
    return texts.map((text) => `--${name}=${escaped(text, escape)}`);
  });
}

function escaped(text: string, escape: Escape): string {
  return text.replace(/[\s'"`\\]/g, (character) => {
    const isPlain = (character === '`' || character === '\\') && character !== escape;
    return isPlain ? character : escape + character;
  });
}

/** Prints the words of COPY, ADD and VOLUME, as a JSON array where blanks would not separate them correctly. */
export function printWords(words: readonly string[]): string {
  const text = words.join(' ');
  const isPlain = words.every((word) => /^[^\s"]+$/.test(word) && parseHeredocStart(word) === undefined);
  return isPlain && !/^\[|[\\`]$/.test(text) ? text : JSON.stringify(words);
}

/** Prints `<<EOF` for COPY and ADD. */
export function printHeredocStart({ name, fd, expand, chomp }: Heredoc): string {
  const word = name.replace(/[\\"'$]/g, '\\$&');
  return `${fd ?? ''}<<${chomp ? '-' : ''}${expand ? word : `"${name.replace(/[\\"$]/g, '\\$&')}"`}`;
}

/** Prints the bodies after an instruction's line. */
export function printBodies(heredocs: readonly Heredoc[]): string {
  return heredocs.map(({ name, content }) => `\n${content}${name}`).join('');
}

/** The longest line to print, in UTF-16 units. A unit takes at most 3 bytes. */
const MAX_UNITS = Math.floor(MAX_LINE_BYTES / 3) - 1;

/** Prints an instruction as physical lines. */
export function breakLine(text: string, escape: Escape): string {
  let broken = '';
  let start = 0;
  while (text.length - start > MAX_UNITS) {
    const end = breakBefore(text, start + MAX_UNITS, escape);
    broken += `${text.slice(start, end)}${escape}\n`;
    start = end;
  }
  const last = text.slice(start);
  // only the last line of a file can end with a lone escape character, which continues it with nothing
  return broken + last + (withoutContinuation(last, escape) === undefined ? '' : ` ${escape}`);
}

/** The last position up to `index` at which the line may be broken. */
function breakBefore(text: string, index: number, escape: Escape): number {
  for (let at = index; at > index - MAX_UNITS; at -= 1) {
    const before = text[at - 1] ?? '';
    const after = text[at] ?? '';
    const isPair = /[\uD800-\uDBFF]/.test(before);
    if (!isPair && before !== escape && !/[\s#]/.test(after)) return at;
  }
  return index;
}
