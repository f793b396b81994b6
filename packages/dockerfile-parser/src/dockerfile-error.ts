import type { SourceRange } from './position.ts';

export interface DockerfileErrorOptions extends ErrorOptions {
  readonly file?: string | undefined;
  readonly range?: SourceRange | undefined;
  /** What the user can do next. */
  readonly hint?: string | undefined;
  /** The lines of the error, as `excerpt()` shows them. */
  readonly excerpt?: string | undefined;
}

/** A Dockerfile is not valid, or asks for something impossible. */
export class DockerfileError extends Error {
  readonly code = 'DOCKERFILE_INVALID';
  readonly file: string | undefined;
  readonly range: SourceRange | undefined;
  readonly hint: string | undefined;
  readonly excerpt: string | undefined;

  constructor(message: string, { file, range, hint, excerpt, ...options }: DockerfileErrorOptions = {}) {
    super(message, options);
    this.name = 'DockerfileError';
    this.file = file;
    this.range = range;
    this.hint = hint;
    this.excerpt = excerpt;
  }
}

/** Runs `parse`. An error without a place gets that of `range()`, and BuildKit's `dockerfile parse error on line N`. */
export function placed<T>(range: () => SourceRange, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof DockerfileError) || error.range !== undefined) throw error;
    const lines = range();
    throw new DockerfileError(`dockerfile parse error on line ${lines.startLine}: ${error.message}`, {
      range: lines,
      hint: error.hint,
      cause: error.cause,
    });
  }
}

const CONTEXT_LINES = 2;
const MAX_EXCERPT_LINES = 12;
const MAX_EXCERPT_COLUMNS = 160;

/**
 * Shows the lines around a range, and marks those of the range with `>>>`. Shortens long lines and long ranges.
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
