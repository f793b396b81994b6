import type { BuildOptions } from '@shale/builder';
import type { ChooseIsolationOptions } from '@shale/builder/isolation';
import type { CacheEventListener } from '@shale/cache';
import { blobDirectory, type CallOptions, type ProgressListener } from '@shale/core';
import type { RegistryClient } from '@shale/registry';
import type { Environment } from './environment.ts';
import { urlFetcher } from './registries/fetch-url.ts';
import { gitEnvironment } from './sources/git-environment.ts';
import { type BaseImageSettings, imageSources } from './base-images/image-sources.ts';
import { lazyIsolation } from './lazy-isolation.ts';
import { type CacheSettings, openCache } from './caches/open-cache.ts';
import { openCacheClient, openRegistryClient } from './registries/open-registry-client.ts';
import { proxyOf } from './registries/proxy.ts';
import type { RegistrySettings } from './registries/registry-settings.ts';

export interface BuilderSettings extends CallOptions {
  /** Absolute path of the folder for blobs, snapshots, images that were built here, and the default cache. */
  readonly stateDir: string;
  /** Variables of the process: they name proxies, credentials and authorities, and git sees some of them. */
  readonly env: Environment;
  readonly registries?: RegistrySettings | undefined;
  readonly cache?: CacheSettings | undefined;
  readonly baseImages?: BaseImageSettings | undefined;
  /** Absolute path of the folder for `RUN --mount=type=cache`. @default stateDir */
  readonly cacheMountDir?: string | undefined;
  /** @default the best isolation that works here */
  readonly isolation?: Pick<ChooseIsolationOptions, 'requested' | 'inPlace'> | undefined;
  /** Make no network call: base images and cache entries come from this machine. @default false */
  readonly offline?: boolean | undefined;
  readonly onProgress?: ProgressListener | undefined;
  readonly onCacheEvent?: CacheEventListener | undefined;
  /** Called for each entry that a cache in a registry did not take. */
  readonly onStoreFailed?: ((error: unknown) => void) | undefined;
}

/** What every build needs besides its sources. */
export interface Builder extends AsyncDisposable {
  /** To be joined with a Dockerfile and a context: `build({ ...builder.options, dockerfile, context })`. */
  readonly options: BuilderOptions;
  /** For base images and pushes. */
  readonly client: RegistryClient;
  /** For the repositories of caches: it gives up sooner. */
  readonly cacheClient: RegistryClient;
  /** Waits for cache entries that are still being written. @throws {CacheRequiredError} */
  settle(options?: CallOptions): Promise<void>;
}

export type BuilderOptions = Pick<
  BuildOptions,
  | 'images'
  | 'cache'
  | 'store'
  | 'stateDir'
  | 'cacheMountDir'
  | 'isolation'
  | 'fetchUrl'
  | 'gitEnvironment'
  | 'onProgress'
  | 'signal'
>;

/**
 * Opens what a build needs besides its sources: registries, caches, base images, blobs and isolation. Nothing is asked and
 * no HTTP code loaded before the first build. Disposing it waits for the caches, then closes all connections.
 * @throws {CertificateUnreadableError}
 */
export function openBuilder(settings: BuilderSettings): Builder {
  const { stateDir, env, registries = {}, cache: cacheSettings = {}, offline, cacheMountDir, signal } = settings;
  const { onProgress = () => {}, onCacheEvent: onEvent, onStoreFailed } = settings;
  const store = blobDirectory(stateDir);
  const client = openRegistryClient(registries, { env, onProgress });
  const cacheClient = openCacheClient(registries, { env, onProgress });
  const shared = { stateDir, offline, onProgress };
  const { cache, settle } = openCache(cacheSettings, { ...shared, client: cacheClient, onEvent, onStoreFailed });
  return {
    options: {
      images: imageSources(settings.baseImages ?? {}, { ...shared, client, store }),
      cache,
      store,
      stateDir,
      cacheMountDir,
      isolation: lazyIsolation({ stateDir, ...settings.isolation, signal }, onProgress),
      fetchUrl: offline === true ? undefined : urlFetcher({ proxy: proxyOf(env) }),
      gitEnvironment: gitEnvironment(env, { offline }),
      onProgress,
      signal,
    },
    client,
    cacheClient,
    settle,
    async [Symbol.asyncDispose]() {
      await settle({ signal }).catch(() => undefined); // the error of a build that failed matters more
      await Promise.all([client[Symbol.asyncDispose](), cacheClient[Symbol.asyncDispose]()]);
    },
  };
}
