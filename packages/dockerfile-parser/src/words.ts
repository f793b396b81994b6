import type { Escape } from './directive.ts';

const BLANKS = /[\t\v\f\r ]+/;

/** Words by blanks alone: what ADD, COPY and VOLUME use. */
export function splitBlanks(text: string): string[] {
  return text.split(BLANKS).filter((word) => word !== '');
}

/** Words by blanks, where quotes and the escape character keep a word together and stay in it: ENV, LABEL, ARG. */
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
      word += character + (text[index + 1] ?? '');
      index += 1;
    } else {
      if (quote === character) quote = '';
      else if (quote === '' && (character === '"' || character === "'")) quote = character;
      word += character;
    }
  }
  if (word !== '') words.push(word);
  return words;
}

export type JsonForm = { readonly args: readonly string[] } | { readonly error: string } | undefined;

/** The exec form. Broken JSON is no exec form; a right array of something else than strings is an error. */
export function parseJsonForm(text: string): JsonForm {
  const trimmed = text.trim();
  if (!trimmed.startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(trimmed);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  if (value.every((item) => typeof item === 'string')) return { args: value };
  return { error: 'when using JSON array syntax, arrays must be comprised of strings only' };
}
