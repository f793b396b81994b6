import type { Escape } from './directive.ts';

const BLANKS = /[\t\v\f\r ]+/;

/** Words by blanks alone: what FROM, EXPOSE, ADD, COPY and VOLUME use. */
export function splitBlanks(text: string): string[] {
  return text.split(BLANKS).filter((word) => word !== '');
}

/** The first word, and what follows it. */
export function splitFirst(text: string): [first: string, rest: string] {
  const gap = BLANKS.exec(text);
  return gap === null ? [text, ''] : [text.slice(0, gap.index), text.slice(gap.index + gap[0].length)];
}

/**
 * Words by blanks, where quotes and the escape character keep a word together and stay in it: ENV, LABEL, ARG. An escape
 * character at the very end is dropped.
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
