import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type CacheBackend, type CacheScope, dirCache, registryCache } from '@shale/cache';
import { exportCache, importCache, type TransferOptions, type TransferReport } from '@shale/cache/care';
import type { ImageStore } from '@shale/core';
import { openLayout } from '@shale/registry';
import type { transferOptions } from '../../options/cache-care.ts';
import { countOf } from '../../terminal/format.ts';
import { UsageError } from '../../errors/usage-error.ts';
import type { Invocation } from '../../spec/command-spec.ts';
import { transferredLayer } from './cached-layer.ts';
import { filterHolds, parseCacheFilter } from './filter.ts';
import { type CachePlace, openCachePlace } from './place.ts';

type TransferInvocation = Invocation<typeof transferOptions>;

/** `shale cache export`. */
export async function runExport(invocation: TransferInvocation): Promise<void> {
  await using place = openCachePlace(invocation);
  const { path, store } = openTarget(invocation);
  const options = transferWishes(invocation);
  const report =
    place.type === 'directory'
      ? await exportCache(place.directory, store, options)
      : await importCache(place.store, scopedCaches(store), options);
  tell(invocation, report, `from ${place.name} to ${path}`);
}

/** `shale cache import`. */
export async function runImport(invocation: TransferInvocation): Promise<void> {
  await using place = openCachePlace(invocation);
  const { path, store } = openTarget(invocation);
  if (!existsSync(join(path, 'index.json')))
    throw new UsageError(`There is no OCI image layout in ${path}`, { hint: '`shale cache export` makes one.' });
  const report = await importCache(store, cachesOf(place), transferWishes(invocation));
  tell(invocation, report, `from ${path} to ${place.name}`);
}

function openTarget({ args, cwd }: TransferInvocation): { readonly path: string; readonly store: ImageStore } {
  const path = resolve(cwd, args[0] ?? '');
  return { path, store: openLayout(path) };
}

function transferWishes({ options, signal }: TransferInvocation): TransferOptions {
  const filter = parseCacheFilter(options.filter);
  return {
    filter: (entry) => filterHolds(filter, transferredLayer(entry)),
    concurrency: options.concurrency,
    signal,
  };
}

/** Entries stay in the scope that they are in. */
function cachesOf(place: CachePlace): (scope: CacheScope) => CacheBackend {
  if (place.type === 'registry') return scopedCaches(place.store);
  return (scope) => dirCache({ ...place.directory, trust: { scope } });
}

function scopedCaches(store: ImageStore): (scope: CacheScope) => CacheBackend {
  return (scope) => registryCache(store, { trust: { scope } });
}

function tell({ options, stdout, stderr }: TransferInvocation, report: TransferReport, way: string): void {
  if (options.json) return void stdout.write(`${JSON.stringify(report)}\n`);
  const skipped = report.skipped === 0 ? '' : `; ${report.skipped} broken ones passed over`;
  stderr.write(`Copied ${countOf(report.entries, 'entry', 'entries')} ${way}${skipped}\n`);
}
