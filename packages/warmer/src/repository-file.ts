import { realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { ShaleError } from '@shale/core';
import { undefinedIfMissing } from '@shale/core/files';

/** A file does not exist in a repository, or a link leads out of it. */
export class RepositoryFileMissingError extends ShaleError {
  readonly code = 'CONTEXT_INVALID';
}

/** @throws {RepositoryFileMissingError} for a file that is not below `base`, or is a link to a file elsewhere. */
export async function repositoryFile(base: string, file: string): Promise<string> {
  const path = await realpath(join(base, file)).catch(undefinedIfMissing);
  if (path === undefined) throw new RepositoryFileMissingError(`There is no ${file} in the repository`);
  const way = relative(base, path);
  if (way === '..' || way.startsWith(`..${sep}`))
    throw new RepositoryFileMissingError(`${file} leads out of the repository`);
  return path;
}
