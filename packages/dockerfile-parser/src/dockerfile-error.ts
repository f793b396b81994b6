import type { SourceRange } from './position.ts';

export interface DockerfileErrorOptions extends ErrorOptions {
  readonly file?: string | undefined;
  readonly range?: SourceRange | undefined;
  /** What the user can do next. */
  readonly hint?: string | undefined;
}

/** The Dockerfile cannot be understood, or asks for what cannot be. */
export class DockerfileError extends Error {
  readonly code = 'DOCKERFILE_INVALID';
  readonly file: string | undefined;
  readonly range: SourceRange | undefined;
  readonly hint: string | undefined;

  constructor(message: string, { file, range, hint, ...options }: DockerfileErrorOptions = {}) {
    super(message, options);
    this.name = 'DockerfileError';
    this.file = file;
    this.range = range;
    this.hint = hint;
  }
}

const CONTEXT_LINES = 2;
const MAX_EXCERPT_LINES = 12;
const MAX_EXCERPT_COLUMNS = 160;

/**
 * The lines around a range, those of the range marked with `>>>`.
 * @example
 *    1 |     FROM busybox
 *    2 | >>> RUNN make
 */
export function excerpt(text: string, { startLine, endLine }: SourceRange): string {
  const lines = text.split(/\r?\n/);
  const first = Math.max(1, startLine - CONTEXT_LINES);
  const last = Math.min(lines.length, endLine + CONTEXT_LINES, first + MAX_EXCERPT_LINES);
  const width = String(last).length + 1;
  const shown = lines.slice(first - 1, last).map((line, index) => {
    const number = first + index;
    const mark = number >= startLine && number <= endLine ? '>>>' : '   ';
    return `${String(number).padStart(width)} | ${mark} ${line.slice(0, MAX_EXCERPT_COLUMNS)}`.trimEnd();
  });
  return shown.join('\n');
}
