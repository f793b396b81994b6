import { join } from 'node:path';
import { type CacheBackend, dirCache, registryCache, type TieredCache, tieredCache } from '@shale/cache';
import {
  type LocalBlobStore,
  messageOf,
  parseReference,
  type ProgressListener,
  type Reference,
  ShaleError,
} from '@shale/core';
import type { RegistryClient } from '@shale/registry';
import type { Log, WorkspaceOptions } from '@shale/workspace';

export interface LayerCacheWiring {
  readonly options: Pick<WorkspaceOptions, 'cacheRepo' | 'layerCacheDir'>;
  readonly client: RegistryClient;
  readonly store: LocalBlobStore;
  readonly stateDir: string;
  readonly ttlMs: number;
  readonly onProgress: ProgressListener;
  readonly log: Log;
}

class CacheRepositoryInvalidError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

/** The directory first, then the repository, and last what lives as long as the container. */
export function openLayerCache(wiring: LayerCacheWiring): TieredCache {
  const { options, client, store, stateDir, ttlMs, onProgress, log } = wiring;
  const { cacheRepo, layerCacheDir } = options;
  const tiers: CacheBackend[] = [];
  if (layerCacheDir !== undefined) tiers.push(dirCache({ root: layerCacheDir, ttlMs }));
  if (cacheRepo !== undefined) {
    const reference = cacheRepository(cacheRepo);
    const lookups = client.repository(reference, { tries: 1 });
    const cache = registryCache(client.repository(reference), { name: 'registry', lookups, ttlMs });
    tiers.push(tellingOfFailedUploads(cache, log));
  }
  const own = dirCache({ name: 'container', root: join(stateDir, 'cache'), blobs: store, ttlMs });
  return tieredCache([...tiers, own], { onProgress });
}

/** @throws {CacheRepositoryInvalidError} for a name with a tag: tags are keys */
export function cacheRepository(text: string): Reference {
  const reference = parseReference(text);
  if (!/:[^/]*$/.test(text) && reference.digest === undefined) return reference;
  throw new CacheRepositoryInvalidError(`ENVBUILDER_CACHE_REPO has a tag or digest: ${text}`, {
    hint: `Write ${reference.registry}/${reference.repository}.`,
  });
}

function tellingOfFailedUploads(cache: CacheBackend, log: Log): CacheBackend {
  return {
    name: cache.name,
    lookup: (key, options) => cache.lookup(key, options),
    async store(key, entry, options) {
      try {
        return await cache.store(key, entry, options);
      } catch (error) {
        log('warn', `Error uploading layer to cache: ${messageOf(error)}`);
        throw error;
      }
    },
  };
}
