import { join } from 'node:path';
import { blobDirectory, type LocalBlobStore, parseReference, type Reference, ShaleError } from '@shale/core';

/** Where a cache keeps its entries. */
export type CacheLocation = DirectoryCacheLocation | RegistryCacheLocation;

export interface DirectoryCacheLocation {
  readonly kind: 'directory';
  /** Absolute. */
  readonly root: string;
  /** Where layers are, when they are not below `root`. */
  readonly blobs?: LocalBlobStore | undefined;
}

export interface RegistryCacheLocation {
  readonly kind: 'registry';
  readonly repository: Reference;
}

class CacheRepositoryInvalidError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

/** The cache of a state folder. It keeps its layers among the blobs of that folder. */
export function stateCache(stateDir: string): DirectoryCacheLocation {
  return { kind: 'directory', root: join(stateDir, 'cache'), blobs: blobDirectory(stateDir) };
}

/**
 * Reads the name of a repository that holds a cache. It has no tag, because tags are keys.
 * @throws {CacheRepositoryInvalidError} @throws {ReferenceInvalidError}
 */
export function parseCacheRepository(text: string): Reference {
  const reference = parseReference(text);
  if (!/:[^/]*$/.test(text) && reference.digest === undefined) return reference;
  throw new CacheRepositoryInvalidError(`A cache repository has no tag or digest: ${JSON.stringify(text)}`, {
    hint: `Write ${reference.registry}/${reference.repository}.`,
  });
}
