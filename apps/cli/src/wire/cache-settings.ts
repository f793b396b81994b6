import { resolve } from 'node:path';
import { type CacheSettings, type CacheTier, parseCacheRepository, stateCache } from '@shale/wiring';
import type { cacheOptions } from '../options/cache.ts';
import type { OptionValues } from '../options/option.ts';
import { wantsTrust } from './wants-trust.ts';

type CacheOptions = OptionValues<typeof cacheOptions>;

export interface CachePlace {
  readonly cwd: string;
  readonly stateDir: string;
}

/** @throws {UsageError} @throws {CacheRepositoryInvalidError} */
export async function cacheSettings(options: CacheOptions, place: CachePlace): Promise<CacheSettings> {
  return {
    tiers: cacheTiers(options, place),
    ttlMs: timeToLive(options.cacheTtl),
    readOnly: options.cacheReadonly,
    required: options.cacheRequired,
    settleTimeoutMs: options.cacheExportTimeout,
    trust: wantsTrust(options) ? (await import('./cache-trust.ts')).readCacheTrust(options, place.cwd) : undefined,
  };
}

/** Converts `--cache-ttl`, where 0 keeps entries for ever; `undefined` stands for the default. */
export function timeToLive(cacheTtl: number | undefined): number | undefined {
  return cacheTtl === 0 ? Number.POSITIVE_INFINITY : cacheTtl;
}

/** The caches that were named, the nearest first. Without a named cache to write to, the one in the state folder comes first. */
function cacheTiers(
  { layerCacheDir, cacheRepo, cacheFrom }: CacheOptions,
  { cwd, stateDir }: CachePlace,
): readonly CacheTier[] {
  const own = cacheRepo === undefined ? [] : [registryTier(cacheRepo)];
  const others = cacheFrom.map((name) => ({ ...registryTier(name), readOnly: true }));
  if (layerCacheDir !== undefined)
    return [{ location: { kind: 'directory', root: resolve(cwd, layerCacheDir) } }, ...own, ...others];
  return own.length > 0 ? [...own, ...others] : [{ location: stateCache(stateDir) }, ...others];
}

function registryTier(name: string): CacheTier {
  return { location: { kind: 'registry', repository: parseCacheRepository(name) } };
}
