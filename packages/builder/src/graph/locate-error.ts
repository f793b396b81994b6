import { type ErrorCode, LocatedError, redactUrls, ShaleError, type SourcePlace } from '@shale/core';
import { DockerfileError, excerpt } from '@shale/dockerfile-parser';
import type { StepNode } from './build-graph.ts';
import type { DockerfileSource } from './dockerfile-source.ts';

/** Failures that no line of the Dockerfile causes. */
const ABOUT_THE_MACHINE: ReadonlySet<ErrorCode> = new Set([
  'EXECUTOR_UNAVAILABLE',
  'ISOLATION_UNAVAILABLE',
  'NO_SPACE',
  'SANDBOX_FAILED',
  'STORE_INVALID',
]);

/** Adds the lines of `place` to an error. Errors that have lines, and errors of the machine, stay as they are. */
export function locate(error: unknown, place: SourcePlace, source: DockerfileSource): unknown {
  if (error instanceof DockerfileError && error.range !== undefined) return locateDockerfileError(error, source);
  if (error instanceof LocatedError) return error;
  if (!(error instanceof ShaleError || error instanceof DockerfileError)) return error;
  return ABOUT_THE_MACHINE.has(error.code) ? error : locatedAt(error, place, source);
}

/** The file as a whole is invalid, not a line of it. */
class DockerfileInvalidError extends ShaleError {
  readonly code = 'DOCKERFILE_INVALID';

  constructor(file: string, cause: DockerfileError) {
    super(`${file}: ${cause.message}`, { hint: cause.hint, cause });
  }
}

/** Adds the lines to an error of the parser or of an expansion; only the file, if the error has no line. */
export function locateDockerfileError(error: unknown, source: DockerfileSource): unknown {
  if (!(error instanceof DockerfileError)) return error;
  if (error.range === undefined) return new DockerfileInvalidError(error.file ?? source.name, error);
  const { startLine: line, endLine } = error.range;
  return locatedAt(error, { file: error.file ?? source.name, line, endLine }, source);
}

/** Calls `work`, and adds the lines of the step to its errors. */
export function atStep<T>(step: StepNode, source: DockerfileSource, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw locateStep(error, step, source);
  }
}

export function locateStep(error: unknown, { info }: StepNode, source: DockerfileSource): unknown {
  return info.place === undefined ? error : locate(error, info.place, source);
}

export function locatedAt(
  error: ShaleError | DockerfileError,
  place: SourcePlace,
  { text }: DockerfileSource,
): LocatedError {
  const { line, endLine = line } = place;
  return new LocatedError(error, place, redactUrls(excerpt(text, { startLine: line, endLine })));
}
