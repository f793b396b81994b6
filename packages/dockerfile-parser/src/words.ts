import type { Escape } from './directive.ts';

const BLANKS = /[\t\v\f\r ]+/;

/** Splits a text at blanks, for FROM, EXPOSE, ADD, COPY and VOLUME. */
export function splitBlanks(text: string): string[] {
  return text.split(BLANKS).filter((word) => word !== '');
}

/** Splits a text into its first word and the rest. */
export function splitFirst(text: string): [first: string, rest: string] {
  const gap = BLANKS.exec(text);
  return gap === null ? [text, ''] : [text.slice(0, gap.index), text.slice(gap.index + gap[0].length)];
}

/**
 * Splits a text at blanks that are neither quoted nor escaped, for ENV, LABEL and ARG. Quotes and escape characters stay in
 * the words, but for an escape character at the end of the text.
 */
export function splitWords(text: string, escape: Escape): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (quote === '' && /\s/.test(character)) {
      if (word !== '') words.push(word);
      word = '';
    } else if (character === escape && quote !== "'") {
      index += 1;
      if (index < text.length) word += character + (text[index] ?? '');
    } else {
      if (quote === character) quote = '';
      else if (quote === '' && (character === '"' || character === "'")) quote = character;
      word += character;
    }
  }
  if (word !== '') words.push(word);
  return words;
}
