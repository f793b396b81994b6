import type { BigIntStats } from 'node:fs';
import { lstatSync } from 'node:fs';
import { hostPath } from '@shale/core';
import { readEntries } from './directory-entries.ts';

/** What every file of a tree was like: by directory, then by name. The root is `''`. */
export type TreeScan = ReadonlyMap<string, ReadonlyMap<string, BigIntStats>>;

/** Looks at each file of a tree once. */
export function scanTree(root: string): TreeScan {
  const scan = new Map<string, ReadonlyMap<string, BigIntStats>>();
  const pending = [''];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const stats = new Map<string, BigIntStats>();
    for (const { name, isDirectory } of readEntries(`${root}/${directory}`)) {
      const path = directory === '' ? name : `${directory}/${name}`;
      stats.set(name, lstatSync(hostPath(`${root}/${path}`), { bigint: true }));
      if (isDirectory) pending.push(path);
    }
    scan.set(directory, stats);
  }
  return scan;
}
