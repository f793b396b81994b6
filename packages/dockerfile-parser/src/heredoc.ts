import { DockerfileError } from './dockerfile-error.ts';
import type { Heredoc } from './instruction.ts';
import type { LineReader } from './logical-line.ts';
import type { SourceRange } from './position.ts';

/** `<<EOF`, before its lines are read. */
export interface HeredocStart {
  readonly name: string;
  readonly fd: number | undefined;
  readonly expand: boolean;
  readonly chomp: boolean;
}

const START = /^(\d*)<<(-?)\s*([^<]*)$/;

/** Reads a word as the start of a here-document; `undefined` when it is none. */
export function parseHeredocStart(word: string): HeredocStart | undefined {
  const [, fd = '', dash, rest = ''] = START.exec(word) ?? [];
  if (dash === undefined || rest === '') return undefined;
  const name = rest.replace(/(["'])(.*?)\1/g, '$2').replace(/\\(.)/g, '$1');
  if (name === '' || /["'\s]/.test(name)) return undefined;
  return { name, fd: fd === '' ? undefined : Number(fd), expand: name === rest, chomp: dash === '-' };
}

/** The starts on an instruction's line, in order. Text within quotes starts none. */
export function findHeredocs(text: string): HeredocStart[] {
  return splitQuoted(text).flatMap((word) => parseHeredocStart(word) ?? []);
}

/** Reads the lines of each start, one after another. */
export function readHeredocs(starts: readonly HeredocStart[], reader: LineReader, range: SourceRange): Heredoc[] {
  return starts.map((start) => {
    let content = '';
    for (;;) {
      const raw = reader.readRaw();
      if (raw === undefined) {
        throw new DockerfileError('unterminated heredoc', {
          range,
          hint: `Close it with a line that says just ${start.name}.`,
        });
      }
      const line = start.chomp ? raw.replace(/^\t+/, '') : raw;
      if (line === start.name) return { ...start, content };
      content += `${line}\n`;
    }
  });
}

/** Words by blanks, where quotes keep a word together and stay in it. */
function splitQuoted(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (quote === '' && /\s/.test(character)) {
      if (word !== '') words.push(word);
      word = '';
      continue;
    }
    if (character === '\\' && quote !== "'") {
      word += character + (text[index + 1] ?? '');
      index += 1;
      continue;
    }
    if (quote === character) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    word += character;
  }
  if (word !== '') words.push(word);
  return words;
}
