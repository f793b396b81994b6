import { OptionInvalidError } from './option-invalid-error.ts';

/** Splits a text into words as a shell does: with quotes and backslashes, without expansion. @throws {OptionInvalidError} */
export function splitShellWords(text: string): readonly string[] {
  const words: string[] = [];
  const piece = /\s*((?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+)\s*/sy;
  while (piece.lastIndex < text.length) {
    const start = piece.lastIndex;
    const found = piece.exec(text)?.[1];
    if (found === undefined) {
      if (text.slice(start).trim() === '') break;
      throw new OptionInvalidError(`A quote is not closed: ${text.slice(start)}`);
    }
    words.push(found.replace(/'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/gs, unquoted));
  }
  return words;
}

function unquoted(_whole: string, single?: string, double?: string, escaped?: string): string {
  return single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? (escaped === '\n' ? '' : (escaped ?? ''));
}
