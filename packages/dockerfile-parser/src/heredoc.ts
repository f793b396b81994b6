import { DockerfileError } from './dockerfile-error.ts';
import { Expansion } from './expansion.ts';
import type { Heredoc } from './instruction.ts';
import type { LineReader } from './logical-line.ts';

/** The start of a here-document, `<<EOF`. */
export type HeredocStart = Omit<Heredoc, 'content'>;

const MAX_FD = 2 ** 32 - 1;
const START = /^(\d*)<<(-?)\s*([^<]*)$/;

/** Reads a word as the start of a here-document. @returns `undefined` when it is not one. */
export function parseHeredocStart(word: string): HeredocStart | undefined {
  const [, fd = '', dash, delimiter = ''] = START.exec(word) ?? [];
  if (dash === undefined || delimiter === '') return undefined;
  const [name, ...others] = lex(delimiter, 'removed') ?? [];
  const [raw] = lex(delimiter, 'kept') ?? [];
  if (name === undefined || raw === undefined || others.length > 0) return undefined;
  return {
    name,
    fd: fd === '' ? undefined : Math.min(Number(fd), MAX_FD),
    expand: countQuotes(name) === countQuotes(raw),
    chomp: dash === '-',
  };
}

/** The starts of here-documents on an instruction's line, in order. Quoted text does not start one. */
export function findHeredocs(text: string): HeredocStart[] {
  if (!text.includes('<<')) return [];
  const words = lex(text, 'kept', 'kept') ?? [];
  return words.flatMap((word) => parseHeredocStart(word) ?? []);
}

/** Reads the here-documents of all starts, one after another. */
export function readHeredocs(starts: readonly HeredocStart[], reader: LineReader): Heredoc[] {
  return starts.map((start) => ({ ...start, content: readBody(start, reader) }));
}

function readBody({ name, chomp }: HeredocStart, reader: LineReader): string {
  let content = '';
  for (;;) {
    const raw = reader.readRaw();
    if (raw === undefined) {
      throw new DockerfileError('unterminated heredoc', { hint: `Close it with a line that says just ${name}.` });
    }
    const line = chomp ? raw.replace(/^\t+/, '') : raw;
    if (line.replace(/\r+$/, '') === name) return content;
    content += `${line}\n`;
  }
}

/** Splits a text as a shell does. @returns no words for a text that a shell cannot read. */
function lex(text: string, quotes: 'removed' | 'kept', escapes: 'removed' | 'kept' = 'removed') {
  try {
    return new Expansion(text, () => undefined, { escape: '\\', quotes, escapes, unset: 'kept' }).runWords();
  } catch (error) {
    if (error instanceof DockerfileError) return undefined;
    throw error;
  }
}

const countQuotes = (text: string) => text.split(/["']/).length;
