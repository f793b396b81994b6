import { type CacheKey, type CacheRecord } from '@shale/cache';
import { listEntries, type ListedEntry, readPins, readStoreEntries, type StoreEntry } from '@shale/cache/care';
import { type CallOptions, type Digest, formatPlatform } from '@shale/core';
import type { CachePlace } from './place.ts';

/** An entry of a cache, wherever that is. */
export interface CachedLayer {
  readonly key: CacheKey;
  readonly scope: string;
  readonly layer: Digest;
  readonly sizeBytes: number;
  readonly instruction: string;
  readonly stage: string | undefined;
  readonly platform: string | undefined;
  readonly builder: string;
  readonly created: Date;
  /** What a hit saves. */
  readonly durationMs: number;
  /** A registry does not say. */
  readonly lastUsed: Date | undefined;
  /** Whether the layer is there, where that is known without asking. */
  readonly isComplete: boolean | undefined;
  readonly isPinned: boolean;
}

/** Those used last come first. */
export async function readCachedLayers(place: CachePlace, options: CallOptions): Promise<readonly CachedLayer[]> {
  const found: CachedLayer[] = [];
  if (place.type === 'directory') {
    const pins = await readPins(place.directory.root);
    for await (const entry of listEntries(place.directory, options)) found.push(listedLayer(entry, pins));
  } else {
    for await (const entry of readStoreEntries(place.store, options)) found.push(storedLayer(entry));
  }
  const time = ({ lastUsed, created }: CachedLayer) => (lastUsed ?? created).getTime();
  return found.sort((a, b) => time(b) - time(a));
}

export function listedLayer(entry: ListedEntry, pins: ReadonlySet<CacheKey> = new Set()): CachedLayer {
  const { lastUsed, isComplete } = entry;
  return { ...described(entry), lastUsed, isComplete, isPinned: pins.has(entry.key) };
}

export function storedLayer({ key, scope, stored }: StoreEntry): CachedLayer {
  return transferredLayer({ ...stored, key, scope });
}

/** An entry on its way, of which no use is known. */
export function transferredLayer(entry: EntryFacts): CachedLayer {
  return { ...described(entry), lastUsed: undefined, isComplete: undefined, isPinned: false };
}

type EntryFacts = Pick<ListedEntry, 'key' | 'scope' | 'layer' | 'record'>;

/** As the image's history shows it, on one line. */
export function instructionOf({ history }: CacheRecord): string {
  return (history.created_by ?? '').replace(/ # buildkit$/, '').replaceAll(/\s+/g, ' ');
}

function described({ key, scope, layer, record }: EntryFacts) {
  const { builder, created, durationMs, platform, step } = record;
  return {
    key,
    scope,
    layer: layer.descriptor.digest,
    sizeBytes: layer.descriptor.size,
    instruction: instructionOf(record),
    stage: step?.stage,
    platform: platform && formatPlatform(platform),
    builder,
    created,
    durationMs,
  };
}
