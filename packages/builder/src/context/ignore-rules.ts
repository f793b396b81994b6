import { LocatedError } from '@shale/core';
import { DockerfileError, excerpt, parseIgnoreFile } from '@shale/dockerfile-parser';

/** Parses an ignore file. @throws {LocatedError} with the invalid line. */
export function ignoreRules(text: string, file: string): readonly string[] {
  try {
    return parseIgnoreFile(text);
  } catch (error) {
    if (!(error instanceof DockerfileError) || error.range === undefined) throw error;
    const { message, hint, range } = error;
    const failure = { code: 'CONTEXT_INVALID', message, hint, cause: error } as const;
    throw new LocatedError(failure, { file, line: range.startLine }, excerpt(text, range));
  }
}
