import { resolve } from 'node:path';
import type { CacheDirectory } from '@shale/cache/care';
import type { ImageStore } from '@shale/core';
import { openRegistryClient, parseCacheRepository, stateCache } from '@shale/wiring';
import type { cachePlaceOptions } from '../../options/cache-care.ts';
import { noticeListener } from '../../render/notices.ts';
import { palette } from '../../terminal/palette.ts';
import { UsageError } from '../../errors/usage-error.ts';
import { registrySettings } from '../../wire/registry-settings.ts';
import { stateDirectory } from '../../wire/state-directory.ts';
import type { Invocation } from '../../spec/command-spec.ts';
import { refuseOffline } from '../refuse-offline.ts';

export type CacheInvocation = Invocation<typeof cachePlaceOptions>;

/** A cache on this machine. */
export interface DirectoryPlace {
  readonly type: 'directory';
  readonly directory: CacheDirectory;
  /** When it is the cache of the state folder, whose blobs images and snapshots share. */
  readonly stateDir: string | undefined;
  /** For messages. */
  readonly name: string;
}

export interface RegistryPlace {
  readonly type: 'registry';
  readonly store: ImageStore;
  readonly name: string;
}

/** The cache that the options name: a repository, a directory, or the one in the state folder. */
export type CachePlace = (DirectoryPlace | RegistryPlace) & AsyncDisposable;

/** @throws {UsageError} when two are named. */
export function openCachePlace(invocation: CacheInvocation): CachePlace {
  const { options, cwd } = invocation;
  if (options.cacheRepo !== undefined) return openRegistryPlace(options.cacheRepo, invocation);
  const nothingToClose = { [Symbol.asyncDispose]: async () => {} };
  if (options.layerCacheDir !== undefined) {
    const root = resolve(cwd, options.layerCacheDir);
    return { type: 'directory', directory: { root }, stateDir: undefined, name: root, ...nothingToClose };
  }
  const stateDir = stateDirectory(options.stateDir, invocation);
  return { type: 'directory', directory: stateCache(stateDir), stateDir, name: stateDir, ...nothingToClose };
}

function openRegistryPlace(repo: string, { options, env, stderr }: CacheInvocation): CachePlace {
  if (options.layerCacheDir !== undefined) {
    throw new UsageError('--cache-repo and --layer-cache-dir name two caches', { hint: 'Care for one at a time.' });
  }
  refuseOffline(options, 'a registry');
  const reference = parseCacheRepository(repo);
  const colours = palette(stderr, env);
  const onProgress = noticeListener((text) => stderr.write(`${colours.warning('warning:')} ${text}\n`));
  const client = openRegistryClient(registrySettings(options), { env, onProgress });
  return {
    type: 'registry',
    store: client.repository(reference),
    name: `${reference.registry}/${reference.repository}`,
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}
