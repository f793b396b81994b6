import { type CallOptions, type ImageStore, streamOf } from '@shale/core';
import { blobDirectory, sha256 } from '@shale/core';
import pLimit from 'p-limit';
import type { CacheBackend } from '../contract/cache-backend.ts';
import type { StoredRecord } from '../records/record-manifest.ts';
import { formatRecordConfig } from '../records/record-manifest.ts';
import type { CacheScope } from '../contract/cache-scope.ts';
import type { CacheDirectory, ListedEntry } from './list-entries.ts';
import { listRecords } from '../directory/list-records.ts';
import { readStoreEntries } from './store-entries.ts';

export interface TransferOptions extends CallOptions {
  /** Which entries are copied. @default all */
  readonly filter?: ((entry: Pick<ListedEntry, 'key' | 'scope' | 'record' | 'layer'>) => boolean) | undefined;
  /** Concurrent copies. @default 4 */
  readonly concurrency?: number | undefined;
}

export interface TransferReport {
  readonly entries: number;
  /** Entries that are not valid or have no layer, and were skipped. */
  readonly skipped: number;
}

/**
 * Copies the entries of a directory cache to a store of images, each under its tag. The store may be a repository, or an OCI
 * image layout to carry to another machine. Records keep their bytes, and so their signatures.
 */
export async function exportCache(
  directory: CacheDirectory,
  store: ImageStore,
  options: TransferOptions = {},
): Promise<TransferReport> {
  const { root, blobs = blobDirectory(root) } = directory;
  const transfer = openTransfer(options);
  for await (const { tag, key, scope, stored } of listRecords(root)) {
    if (stored === undefined) transfer.skip();
    else if (options.filter?.({ ...stored, key, scope }) !== false) {
      await transfer.add(async () => {
        const { digest, size } = stored.layer.descriptor;
        if ((await blobs.stat(digest)) !== size) return false;
        await putEntry({ store, tag, stored, read: () => blobs.read(stored.layer.descriptor, options) }, options);
        return true;
      });
    }
  }
  return transfer.finish();
}

/**
 * Copies the entries of a store of images into a cache, or into the cache that a function returns for their scope. Entries
 * that the cache has already are not replaced.
 * @example
 * await importCache(openLayout('/media/usb/cache'), dirCache({ root: '/var/cache/shale' }));
 */
export async function importCache(
  store: ImageStore,
  cache: CacheBackend | ((scope: CacheScope) => CacheBackend),
  options: TransferOptions = {},
): Promise<TransferReport> {
  const transfer = openTransfer(options);
  for await (const { key, scope, stored, blobs } of readStoreEntries(store, options)) {
    if (options.filter?.({ ...stored, key, scope }) === false) continue;
    await transfer.add(async () => {
      const { layer, record, raw: manifest } = stored;
      if ((await blobs.stat(layer.descriptor.digest, options)) !== layer.descriptor.size) return false;
      const into = typeof cache === 'function' ? cache(scope) : cache;
      await into.store(key, { layer, record, blobs, manifest }, options);
      return true;
    });
  }
  return transfer.finish();
}

interface PutEntry {
  readonly store: ImageStore;
  readonly tag: string;
  readonly stored: StoredRecord;
  readonly read: () => AsyncIterable<Uint8Array>;
}

async function putEntry({ store, tag, stored, read }: PutEntry, options: CallOptions): Promise<void> {
  const { layer, record, manifest, raw } = stored;
  const config = formatRecordConfig(layer, record);
  const isSame = sha256(config) === manifest.config.digest;
  await store.put(layer.descriptor, read, options);
  if (isSame) await store.put(manifest.config, () => streamOf(config), options);
  await store.putManifest(tag, raw, options);
}

/** Runs a few copies at a time. The first failure ends them all. */
function openTransfer({ concurrency = 4, signal }: TransferOptions) {
  const limit = pLimit(concurrency);
  const running = new Set<Promise<void>>();
  let [entries, skipped, failure] = [0, 0, undefined as { readonly error: unknown } | undefined];
  const throwIfFailed = () => {
    signal?.throwIfAborted();
    if (failure !== undefined) throw failure.error;
  };
  return {
    skip: () => {
      skipped += 1;
    },
    async add(copy: () => Promise<boolean>): Promise<void> {
      throwIfFailed();
      const run = limit(async () => {
        if (failure !== undefined) return;
        if (await copy()) entries += 1;
        else skipped += 1;
      }).catch((error: unknown) => {
        failure ??= { error };
      });
      const tracked = run.finally(() => running.delete(tracked));
      running.add(tracked);
      if (running.size >= concurrency * 2) await Promise.race(running);
    },
    async finish(): Promise<TransferReport> {
      await Promise.all(running);
      throwIfFailed();
      return { entries, skipped };
    },
  };
}
