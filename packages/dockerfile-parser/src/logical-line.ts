import type { Escape } from './directive.ts';
import { DockerfileError, placed } from './dockerfile-error.ts';
import type { SourceRange } from './position.ts';

/** The text of an instruction, with continuation lines joined, and without comments and empty lines between them. */
export interface LogicalLine {
  readonly text: string;
  readonly range: SourceRange;
  /** The comment lines directly above, without `#`. An empty line or an empty comment ends them. */
  readonly comments: readonly string[];
  /** Whether there was an empty line between continuation lines. */
  readonly hasEmptyContinuation: boolean;
}

/** The longest physical line, in bytes, as in BuildKit. */
export const MAX_LINE_BYTES = 65_535;

/** Walks over the physical lines, for instructions and here-documents. */
export class LineReader {
  readonly #lines: readonly string[];
  readonly #escape: Escape;
  #next: number;

  /** @param start the number of lines to skip: those of the directives */
  constructor(lines: readonly string[], escape: Escape, start = 0) {
    this.#lines = lines;
    this.#escape = escape;
    this.#next = start;
  }

  /** Reads the next instruction. @returns `undefined` at the end of the file. */
  readInstruction(): LogicalLine | undefined {
    let comments: string[] = [];
    while (this.#next < this.#lines.length) {
      const line = this.#take().trim();
      const comment = line.startsWith('#') ? line.slice(1).trim() : '';
      if (comment !== '') comments.push(comment);
      else if (line !== '' && !line.startsWith('#')) return this.#join(comments);
      else comments = [];
    }
    return undefined;
  }

  /** Reads the next physical line with its `\r`, for a here-document. */
  readRaw(): string | undefined {
    return this.#next < this.#lines.length ? this.#take() : undefined;
  }

  /** The number of physical lines that were read. */
  get position(): number {
    return this.#next;
  }

  /** Joins the line that was just read with those that continue it. */
  #join(comments: readonly string[]): LogicalLine {
    const startLine = this.#next;
    const first = withoutReturn(this.#lines[startLine - 1] ?? '').trimStart();
    let hasEmptyContinuation = false;
    let joined = withoutContinuation(first, this.#escape);
    let text = joined ?? first;
    while (joined !== undefined && this.#next < this.#lines.length) {
      const line = withoutReturn(this.#take());
      const trimmed = line.trimStart();
      if (trimmed.startsWith('#')) continue;
      if (trimmed === '') hasEmptyContinuation = true;
      else {
        joined = withoutContinuation(line, this.#escape);
        text += joined ?? line;
      }
    }
    return { text: text.trim(), range: { startLine, endLine: this.#next }, comments, hasEmptyContinuation };
  }

  #take(): string {
    const line = this.#lines[this.#next] ?? '';
    this.#next += 1;
    const range = { startLine: this.#next, endLine: this.#next };
    if (isTooLong(line)) placed(() => range, tooLong);
    return line;
  }
}

/** Splits a text into physical lines without `\n`. Removes a byte order mark. */
export function splitLines(text: string): string[] {
  const lines = (text.startsWith('\uFEFF') ? text.slice(1) : text).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** The line up to the escape character at its end. @returns `undefined` when the next line does not continue it. */
export function withoutContinuation(line: string, escape: Escape): string | undefined {
  let end = line.length;
  while (line[end - 1] === ' ' || line[end - 1] === '\t') end -= 1;
  const continues = line[end - 1] === escape && line[end - 2] !== escape;
  return continues ? line.slice(0, end - 1) : undefined;
}

function withoutReturn(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') end -= 1;
  return line.slice(0, end);
}

const MAX_BYTES_A_UNIT = 3;

function isTooLong(line: string): boolean {
  if (line.length > MAX_LINE_BYTES) return true;
  return line.length * MAX_BYTES_A_UNIT > MAX_LINE_BYTES && new TextEncoder().encode(line).byteLength > MAX_LINE_BYTES;
}

function tooLong(): never {
  throw new DockerfileError(`dockerfile line greater than max allowed size of ${MAX_LINE_BYTES}`, {
    hint: 'Break the line, or put the text into a file and COPY it.',
  });
}
