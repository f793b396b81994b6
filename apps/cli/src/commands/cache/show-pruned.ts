import type { CacheKey } from '@shale/cache';
import { digestHex } from '@shale/core';
import { countOf, formatAge, formatBytes } from '../../terminal/format.ts';
import { fitColumns } from '../../terminal/width.ts';
import type { CacheType } from './filter.ts';
import { ago, KEY_DIGITS } from './list.ts';

/** One thing that goes, or would. */
export interface Removed {
  readonly type: CacheType;
  readonly reason: string;
  /** Of an entry. */
  readonly key?: CacheKey | undefined;
  readonly instruction?: string | undefined;
  /** Of what is no entry. */
  readonly path?: string | undefined;
  readonly lastUsed?: Date | undefined;
  readonly sizeBytes: number;
}

export interface PruneOutcome {
  readonly removed: readonly Removed[];
  /** Entries that stay, and what they take. */
  readonly kept?: { readonly entries: number; readonly sizeBytes: number } | undefined;
}

const NAME_COLUMNS = 60;

const REASONS: Readonly<Record<string, string>> = {
  asked: 'asked for',
  idle: 'not used for --keep-duration',
  'max-size': 'over --max-size',
  'min-free': 'for --min-free',
  copy: 'can be unpacked again',
  corrupt: 'damaged',
  incomplete: 'its layer is gone',
  unreferenced: 'nothing needs it',
  abandoned: 'left over',
};

/** Entries one by one; of what nobody can name, how many there are, unless `verbose` wants each. */
export function removedRows(removed: readonly Removed[], verbose: boolean): readonly (readonly string[])[] {
  if (verbose) return removed.map(rowOf);
  const nameless = removed.filter(({ key }) => key === undefined);
  const groups = [...Map.groupBy(nameless, ({ type, reason }) => `${type} ${reason}`).values()];
  return [...removed.filter(({ key }) => key !== undefined).map(rowOf), ...groups.map(groupRow)];
}

function groupRow(group: readonly Removed[]): readonly string[] {
  const [first] = group;
  if (first === undefined) return [];
  const sizeBytes = sumOf(group);
  const name = countOf(group.length, first.type);
  return [first.type, name, formatBytes(sizeBytes), '', REASONS[first.reason] ?? first.reason];
}

function rowOf({ type, reason, key, instruction = '', path = '', sizeBytes, lastUsed }: Removed): readonly string[] {
  const name = key === undefined ? path : `${digestHex(key).slice(0, KEY_DIGITS)} ${instruction}`;
  const used = lastUsed === undefined ? '' : ago(lastUsed);
  return [type, fitColumns(name, NAME_COLUMNS), formatBytes(sizeBytes), used, REASONS[reason] ?? reason];
}

export interface SummaryOptions {
  readonly dryRun: boolean;
  readonly graceMs: number;
  /** Entries were asked for by name, or all of them. */
  readonly isAsked: boolean;
}

/** What came of it, in a line or two. */
export function pruneSummary({ removed, kept }: PruneOutcome, options: SummaryOptions): string {
  const { dryRun, graceMs, isAsked } = options;
  const freed = `${dryRun ? 'Would free' : 'Freed'} ${formatBytes(sumOf(removed))}`;
  if (kept === undefined) return `${freed}, when the registry collects what nothing names\n`;
  const line = `${freed}; ${countOf(kept.entries, 'entry', 'entries')} left, ${formatBytes(kept.sizeBytes)}\n`;
  if (removed.length > 0 || kept.entries === 0 || graceMs === 0 || !isAsked) return line;
  return `${line}What was used in the last ${formatAge(graceMs)} stays, as builds may be at it: see --grace\n`;
}

export function sumOf(sized: readonly { readonly sizeBytes: number }[]): number {
  return sized.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
