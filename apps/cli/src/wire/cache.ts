import { join, resolve } from 'node:path';
import {
  type CacheBackend,
  type CacheEventListener,
  type CacheTrust,
  type DirCache,
  dirCache,
  registryCache,
  type TieredCache,
  tieredCache,
} from '@shale/cache';
import {
  type CallOptions,
  type LocalBlobStore,
  parseReference,
  type ProgressListener,
  type Reference,
} from '@shale/core';
import type { RegistryClient } from '@shale/registry';
import type { cacheOptions } from '../options/cache.ts';
import type { OptionValues } from '../options/option.ts';
import { UsageError } from '../usage-error.ts';

export interface CacheWiring {
  readonly options: OptionValues<typeof cacheOptions>;
  readonly client: RegistryClient;
  /** Ask registries for layers as well as for entries. @default false */
  readonly checkLayers?: boolean | undefined;
  /** The state folder's blobs: the default cache keeps its layers there. */
  readonly store: LocalBlobStore;
  readonly stateDir: string;
  readonly cwd: string;
  readonly offline: boolean;
  readonly trust?: CacheTrust | undefined;
  readonly onProgress: ProgressListener;
  readonly onEvent?: CacheEventListener | undefined;
}

const DEFAULT_TTL_MS = 7 * 24 * 3_600_000;

/** The caches of a build as one. */
export interface OpenCache {
  readonly cache: TieredCache;
  /** Waits for writes that are under way. @throws {CacheRequiredError} where the cache is insisted on and one failed. */
  settle(options: CallOptions): Promise<void>;
}

/** Longest wait at the end of a build for what is still being written to a cache, in milliseconds. */
const SETTLE_TIMEOUT_MS = 10 * 60_000;

/** The caches that were asked for, nearest first; a directory in the state folder when none was. */
export function openCache(wiring: CacheWiring): OpenCache {
  const { options, onProgress, onEvent } = wiring;
  const directories = directoryTiers(wiring);
  const cache = tieredCache([...directories, ...registryTiers(wiring)], {
    required: options.cacheRequired,
    onProgress,
    onEvent,
  });
  return {
    cache,
    async settle({ signal }) {
      await cache.drain({ timeoutMs: options.cacheExportTimeout ?? SETTLE_TIMEOUT_MS, signal });
      for (const directory of directories) await directory.flush({ signal });
    },
  };
}

/** The repository of `--cache-repo`, which has no tag: tags are keys. */
export function cacheRepository(text: string): Reference {
  const reference = parseReference(text);
  if (/:[^/]*$/.test(text) || reference.digest !== undefined) {
    throw new UsageError(`A cache repository has no tag or digest: ${JSON.stringify(text)}`, {
      hint: `Write ${reference.registry}/${reference.repository}.`,
    });
  }
  return reference;
}

function directoryTiers(wiring: CacheWiring): readonly DirCache[] {
  const { options, stateDir, store, cwd, offline, trust, onEvent } = wiring;
  const readOnly = options.cacheReadonly ? true : undefined;
  const policy = { ttlMs: timeToLive(options.cacheTtl), readOnly, trust, onEvent };
  if (options.layerCacheDir !== undefined) return [dirCache({ root: resolve(cwd, options.layerCacheDir), ...policy })];
  const isDefault = options.cacheRepo === undefined || offline;
  return isDefault ? [dirCache({ root: join(stateDir, 'cache'), blobs: store, ...policy })] : [];
}

function registryTiers(wiring: CacheWiring): readonly CacheBackend[] {
  const { options, client, offline, checkLayers, trust, onEvent } = wiring;
  if (offline) return [];
  const own = options.cacheRepo === undefined ? [] : [{ name: options.cacheRepo, readOnly: options.cacheReadonly }];
  const others = options.cacheFrom.map((name) => ({ name, readOnly: true }));
  return [...own, ...others].map(({ name, readOnly }, index) =>
    registryCache(client.repository(cacheRepository(name)), {
      lookups: client.repository(cacheRepository(name), { tries: 1 }),
      checkLayers,
      name: index === 0 ? 'registry' : `registry ${name}`,
      readOnly,
      ttlMs: timeToLive(options.cacheTtl),
      trust,
      onEvent,
    }),
  );
}

/** From `--cache-ttl`, in milliseconds; `undefined` is for ever. */
export function timeToLive(cacheTtl: number | undefined): number | undefined {
  return cacheTtl === 0 ? undefined : (cacheTtl ?? DEFAULT_TTL_MS);
}
