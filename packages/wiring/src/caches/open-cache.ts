import {
  type CacheBackend,
  type CacheEventListener,
  type CacheTrust,
  dirCache,
  registryCache,
  type TieredCache,
  tieredCache,
} from '@shale/cache';
import type { CallOptions, ProgressListener } from '@shale/core';
import type { RegistryClient } from '@shale/registry';
import { type CacheLocation, stateCache } from './cache-location.ts';
import { reportingStoreFailures } from './store-failures.ts';

/** Which caches a build uses, and how. Every field may be left out. */
export interface CacheSettings {
  /** The nearest first. @default the cache of the state folder */
  readonly tiers?: readonly CacheTier[] | undefined;
  /** Age in milliseconds at which an entry no longer counts; `Infinity` for never. @default 7 days */
  readonly ttlMs?: number | undefined;
  /** Write nothing to any tier. @default false */
  readonly readOnly?: boolean | undefined;
  /** Whether a tier that fails also fails the build. @default false */
  readonly required?: boolean | undefined;
  /** Ask registries for each layer as well as for its entry. @default false: a build finds out when it reads the layer */
  readonly checkLayers?: boolean | undefined;
  /** Which entries count, and how new ones are signed. @default all entries, unsigned */
  readonly trust?: CacheTrust | undefined;
  /** Longest wait at the end of a build for entries that are still being written, in milliseconds. @default 10 minutes */
  readonly settleTimeoutMs?: number | undefined;
}

export interface CacheTier {
  readonly location: CacheLocation;
  /** For progress events. @default `dir`, `registry`, or `registry NAME` for a further registry */
  readonly name?: string | undefined;
  /** Write nothing to this tier. @default false */
  readonly readOnly?: boolean | undefined;
}

export interface CacheWiring {
  /** For the tiers in registries. */
  readonly client: RegistryClient;
  readonly stateDir: string;
  /** Leave registries out. @default false */
  readonly offline?: boolean | undefined;
  readonly onProgress?: ProgressListener | undefined;
  readonly onEvent?: CacheEventListener | undefined;
  /** Called for each entry that a registry did not take. */
  readonly onStoreFailed?: ((error: unknown) => void) | undefined;
}

/** The caches of a build as one. */
export interface OpenCache {
  readonly cache: TieredCache;
  /** Waits for entries that are still being written. @throws {CacheRequiredError} when the cache is required and failed */
  settle(options?: CallOptions): Promise<void>;
}

/** Age at which an entry of a cache no longer counts, in milliseconds, unless settings say otherwise. */
export const DEFAULT_CACHE_TTL_MS: number = 7 * 24 * 3_600_000;

const DEFAULT_SETTLE_TIMEOUT_MS = 10 * 60_000;

/** Opens the tiers that the settings name. Where none can be reached, the cache of the state folder stands in. */
export function openCache(settings: CacheSettings, wiring: CacheWiring): OpenCache {
  const { required, settleTimeoutMs: timeoutMs = DEFAULT_SETTLE_TIMEOUT_MS } = settings;
  const { onProgress, onEvent } = wiring;
  const tiers = withNames(reachableTiers(settings, wiring)).map((tier) => openTier(tier, settings, wiring));
  const backends = tiers.map(({ backend }) => backend);
  const cache = tieredCache(backends, { required, onProgress, onEvent });
  return {
    cache,
    async settle({ signal } = {}) {
      await cache.drain({ timeoutMs, signal });
      for (const { flush } of tiers) await flush?.({ signal });
    },
  };
}

function reachableTiers({ tiers = [] }: CacheSettings, { stateDir, offline }: CacheWiring): readonly CacheTier[] {
  const reachable = offline === true ? tiers.filter(({ location }) => location.kind === 'directory') : tiers;
  return reachable.length > 0 ? reachable : [{ location: stateCache(stateDir) }];
}

type NamedTier = CacheTier & { readonly name: string };

function withNames(tiers: readonly CacheTier[]): readonly NamedTier[] {
  const firstRegistry = tiers.find(({ location }) => location.kind === 'registry');
  return tiers.map((tier) => ({ ...tier, name: tier.name ?? defaultName(tier, tier === firstRegistry) }));
}

function defaultName({ location }: CacheTier, isFirstRegistry: boolean): string {
  if (location.kind === 'directory') return 'dir';
  const { registry, repository } = location.repository;
  return isFirstRegistry ? 'registry' : `registry ${registry}/${repository}`;
}

interface OpenTier {
  readonly backend: CacheBackend;
  readonly flush?: ((options: CallOptions) => Promise<void>) | undefined;
}

/** The one place that knows every kind of cache. */
function openTier({ location, name, readOnly }: NamedTier, settings: CacheSettings, wiring: CacheWiring): OpenTier {
  const { ttlMs = DEFAULT_CACHE_TTL_MS, trust, checkLayers } = settings;
  const { client, onEvent, onStoreFailed } = wiring;
  const isReadOnly = settings.readOnly === true || readOnly === true ? true : undefined;
  const policy = { name, readOnly: isReadOnly, ttlMs, trust, onEvent };
  switch (location.kind) {
    case 'directory': {
      const backend = dirCache({ root: location.root, blobs: location.blobs, ...policy });
      return { backend, flush: (options) => backend.flush(options) };
    }
    case 'registry': {
      const { repository } = location;
      const lookups = client.repository(repository, { tries: 1 });
      const backend = registryCache(client.repository(repository), { lookups, checkLayers, ...policy });
      return { backend: onStoreFailed === undefined ? backend : reportingStoreFailures(backend, onStoreFailed) };
    }
  }
}
