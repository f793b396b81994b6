import { DockerfileError } from './dockerfile-error.ts';
import { Expansion } from './expansion.ts';
import type { Heredoc } from './instruction.ts';
import type { LineReader } from './logical-line.ts';

/** `<<EOF`, before its lines are read. */
export type HeredocStart = Omit<Heredoc, 'content'>;

const MAX_FD = 2 ** 32 - 1;
const START = /^(\d*)<<(-?)\s*([^<]*)$/;

/** Reads a word as the start of a here-document; `undefined` when it is none. */
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

/** The starts on an instruction's line, in order. Text within quotes starts none. */
export function findHeredocs(text: string): HeredocStart[] {
  if (!text.includes('<<')) return [];
  const words = lex(text, 'kept', 'kept') ?? [];
  return words.flatMap((word) => parseHeredocStart(word) ?? []);
}

/** Reads the lines of each start, one after another. */
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

/** The shell's words. Text that the shell cannot read has none. */
function lex(text: string, quotes: 'removed' | 'kept', escapes: 'removed' | 'kept' = 'removed') {
  try {
    return new Expansion(text, () => undefined, { escape: '\\', quotes, escapes, unset: 'kept' }).runWords();
  } catch (error) {
    if (error instanceof DockerfileError) return undefined;
    throw error;
  }
}

const countQuotes = (text: string) => text.split(/["']/).length;
