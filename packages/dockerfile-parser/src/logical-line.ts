import type { Escape } from './directive.ts';
import { DockerfileError } from './dockerfile-error.ts';
import type { SourceRange } from './position.ts';

/** An instruction's text: continuation lines joined, comments and empty lines between them dropped. */
export interface LogicalLine {
  readonly text: string;
  readonly range: SourceRange;
  /** An empty line stood inside the continuation. */
  readonly hasEmptyContinuation: boolean;
}

/** The longest physical line, in bytes: as in BuildKit. */
export const MAX_LINE_BYTES = 65_535;

/** Walks the physical lines; here-documents take theirs from the same place. */
export class LineReader {
  readonly #lines: readonly string[];
  readonly #continuation: RegExp;
  #next = 0;

  constructor(lines: readonly string[], escape: Escape) {
    this.#lines = lines;
    const token = escape === '\\' ? '\\\\' : escape;
    this.#continuation = new RegExp(`^(.*[^${token}]|)${token}[ \\t]*$`, 's');
  }

  /** The next instruction, or `undefined` at the end of the file. */
  readInstruction(): LogicalLine | undefined {
    while (this.#next < this.#lines.length && isSkipped(this.#peek())) this.#next += 1;
    if (this.#next >= this.#lines.length) return undefined;
    const startLine = this.#next + 1;
    let text = '';
    let hasEmptyContinuation = false;
    for (let first = true; this.#next < this.#lines.length; first = false) {
      const line = this.#take();
      if (!first && isComment(line)) continue;
      if (!first && line.trim() === '') {
        hasEmptyContinuation = true;
        continue;
      }
      const [, joined] = this.#continuation.exec(line) ?? [];
      text += first ? (joined ?? line).trimStart() : (joined ?? line);
      if (joined === undefined) break;
    }
    return { text: text.trimEnd(), range: { startLine, endLine: this.#next }, hasEmptyContinuation };
  }

  /** The next physical line as it is, for a here-document. */
  readRaw(): string | undefined {
    return this.#next < this.#lines.length ? this.#take() : undefined;
  }

  /** How many physical lines were read. */
  get position(): number {
    return this.#next;
  }

  #peek(): string {
    return this.#lines[this.#next] ?? '';
  }

  #take(): string {
    const line = this.#peek();
    this.#next += 1;
    if (line.length > MAX_LINE_BYTES / 4 && new TextEncoder().encode(line).byteLength > MAX_LINE_BYTES) {
      throw new DockerfileError(`dockerfile line greater than max allowed size of ${MAX_LINE_BYTES}`, {
        range: { startLine: this.#next, endLine: this.#next },
      });
    }
    return line;
  }
}

const isComment = (line: string) => line.trimStart().startsWith('#');
const isSkipped = (line: string) => line.trim() === '' || isComment(line);

/** Physical lines without their ends; a byte order mark and the `\r` of `\r\n` are dropped. */
export function splitLines(text: string): string[] {
  const lines = (text.startsWith('\uFEFF') ? text.slice(1) : text).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}
