import { digestHex } from '@shale/core';
import { countOf, formatAge, formatBytes } from '../../terminal/format.ts';
import { palette } from '../../terminal/palette.ts';
import { formatTable } from '../../terminal/table.ts';
import { fitColumns } from '../../terminal/width.ts';
import type { Invocation } from '../../spec/command-spec.ts';
import type { listCacheOptions } from './cache-command.ts';
import { type CachedLayer, readCachedLayers } from './cached-layer.ts';
import { filterHolds, parseCacheFilter } from './filter.ts';
import { openCachePlace } from './place.ts';

/** Digits of a key that are shown: enough to name it. */
export const KEY_DIGITS = 12;
const INSTRUCTION_COLUMNS = 60;

/** `shale cache ls`. */
export async function runList(invocation: Invocation<typeof listCacheOptions>): Promise<void> {
  const { options, stdout, stderr, env, signal } = invocation;
  const filter = parseCacheFilter(options.filter);
  await using place = openCachePlace(invocation);
  const layers = (await readCachedLayers(place, { signal })).filter((layer) => filterHolds(filter, layer));
  if (options.json) return void stdout.write(`${JSON.stringify(layers)}\n`);
  if (layers.length === 0) return void stderr.write(`No entries in ${place.name}\n`);
  const colours = palette(stdout, env);
  const rows = layers.map((layer) => rowOf(layer, options.verbose ? Number.POSITIVE_INFINITY : INSTRUCTION_COLUMNS));
  const used = place.type === 'directory' ? ['USED'] : []; // a registry does not say
  const headings = ['KEY', 'STAGE', 'INSTRUCTION', 'SIZE', 'CREATED', ...used, 'BUILDER', ''];
  stdout.write(formatTable(headings, rows, colours));
  const distinct = new Map(layers.map(({ layer, sizeBytes }) => [layer, sizeBytes]));
  const sizeBytes = [...distinct.values()].reduce((sum, size) => sum + size, 0);
  stderr.write(`${countOf(layers.length, 'entry', 'entries')}, ${formatBytes(sizeBytes)} in ${place.name}\n`);
}

function rowOf(layer: CachedLayer, columns: number): readonly string[] {
  const { key, stage = '', instruction, sizeBytes, created, lastUsed, builder, scope } = layer;
  const notes = [
    ...(layer.isPinned ? ['pinned'] : []),
    ...(layer.isComplete === false ? ['layer missing'] : []),
    ...(scope === '' ? [] : [`scope ${scope}`]),
  ];
  return [
    digestHex(key).slice(0, KEY_DIGITS),
    stage,
    fitColumns(instruction, columns),
    formatBytes(sizeBytes),
    ago(created),
    ...(lastUsed === undefined ? [] : [ago(lastUsed)]),
    builder,
    notes.join(', '),
  ];
}

export function ago(time: Date): string {
  return `${formatAge(Date.now() - time.getTime())} ago`;
}
