import type { CacheRecord } from '@shale/cache';
import { listEntries, readStoreEntries } from '@shale/cache/care';
import type { CallOptions, Digest, ImageStore } from '@shale/core';
import { type EarlierStep, keywordOf } from './explain-steps.ts';

export interface EarlierEntriesOptions extends CallOptions {
  /** Repositories that hold cache entries. */
  readonly stores: readonly ImageStore[];
  readonly directory: Parameters<typeof listEntries>[0];
}

/** The most entries that are compared with. */
const MAX_ENTRIES = 2000;

/** What anybody built with these caches, newest first, as their entries tell it. */
export async function earlierEntries({
  stores,
  directory,
  signal,
}: EarlierEntriesOptions): Promise<readonly EarlierStep[]> {
  const found: EarlierStep[] = [];
  for (const store of stores) {
    for await (const { key, stored } of readStoreEntries(store, { signal })) {
      found.push(earlierStep(key, stored.record));
      if (found.length >= MAX_ENTRIES) break;
    }
  }
  for await (const { key, record } of listEntries(directory, { signal })) {
    if (found.length >= MAX_ENTRIES) break;
    found.push(earlierStep(key, record));
  }
  return found.sort((a, b) => b.built.getTime() - a.built.getTime());
}

function earlierStep(key: Digest, { history, step, created, inputs, builder }: CacheRecord): EarlierStep {
  return { step, keyword: keywordOf(history.created_by ?? ''), key, built: created, inputs, builder };
}
