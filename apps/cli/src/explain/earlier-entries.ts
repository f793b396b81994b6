import { resolve } from 'node:path';
import { type CacheRecord } from '@shale/cache';
import { listEntries, readStoreEntries } from '@shale/cache/care';
import type { Digest } from '@shale/core';
import { stateCache } from '@shale/wiring';
import type { Invocation } from '../commands/command.ts';

import type { BuildTable, WiredBuild } from '../wire/wire-build.ts';
import { type EarlierStep, keywordOf } from './explain-steps.ts';

/** Entries that are compared with: those of one cache. */
const MAX_ENTRIES = 2000;

/** What others built, as the entries of the caches tell it. */
export async function earlierEntries(
  { cacheClient, cacheRepositories, stateDir }: WiredBuild,
  { options, cwd, signal }: Invocation<BuildTable>,
): Promise<readonly EarlierStep[]> {
  const found: EarlierStep[] = [];
  for (const repository of options.offline ? [] : cacheRepositories) {
    for await (const { key, stored } of readStoreEntries(cacheClient.repository(repository), { signal })) {
      found.push(earlierStep(key, stored.record));
      if (found.length >= MAX_ENTRIES) break;
    }
  }
  const directory =
    options.layerCacheDir === undefined ? stateCache(stateDir) : { root: resolve(cwd, options.layerCacheDir) };
  for await (const { key, record } of listEntries(directory, { signal })) {
    if (found.length >= MAX_ENTRIES) break;
    found.push(earlierStep(key, record));
  }
  return found.sort((a, b) => b.built.getTime() - a.built.getTime());
}

function earlierStep(key: Digest, { history, step, created, inputs, builder }: CacheRecord): EarlierStep {
  return { step, keyword: keywordOf(history.created_by ?? ''), key, built: created, inputs, builder };
}
