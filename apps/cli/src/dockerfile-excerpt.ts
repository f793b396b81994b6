import { ShaleError, type SourcePlace } from '@shale/core';
import { DockerfileError, excerpt, type SourceRange } from '@shale/dockerfile-parser';
import type { DockerfileSource } from '@shale/builder';

/** A mistake in a Dockerfile, with its place and the lines around it. */
export class DockerfileInvalidError extends ShaleError {
  readonly code = 'DOCKERFILE_INVALID';
  readonly place: SourcePlace | undefined;
  readonly excerpt: string | undefined;

  constructor({ message, hint, file, range, cause }: DockerfileError, { name, text }: DockerfileSource) {
    super(message, { hint, cause });
    this.place = range && { file: file ?? name, line: range.startLine, endLine: range.endLine };
    this.excerpt = range && excerpt(text, range);
  }
}

/** The error as it is to be reported: one about the Dockerfile shows its lines. */
export function withExcerpt(error: unknown, source: DockerfileSource): unknown {
  if (error instanceof DockerfileError) return new DockerfileInvalidError(error, source);
  const range = rangeOf(error);
  return range === undefined ? error : Object.assign(error as Error, { excerpt: excerpt(source.text, range) });
}

/** Failed steps say where they stand. */
function rangeOf(error: unknown): SourceRange | undefined {
  if (!(error instanceof ShaleError) || !('place' in error)) return undefined;
  const { line, endLine = line } = error.place as SourcePlace;
  return { startLine: line, endLine };
}
