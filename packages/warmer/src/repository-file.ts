import { realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { ShaleError } from '@shale/core';
import { undefinedIfMissing } from '@shale/core/files';

/** A file of a repository that is not there, or leads out of it. */
export class RepositoryFileMissingError extends ShaleError {
  readonly code = 'CONTEXT_INVALID';
}

/** @throws {RepositoryFileMissingError} for a file that is not in `base`, by its name or by a link. */
export async function repositoryFile(base: string, file: string): Promise<string> {
  const path = await realpath(join(base, file)).catch(undefinedIfMissing);
  if (path === undefined) throw new RepositoryFileMissingError(`There is no ${file} in the repository`);
  const way = relative(base, path);
  if (way === '..' || way.startsWith(`..${sep}`))
    throw new RepositoryFileMissingError(`${file} leads out of the repository`);
  return path;
}
