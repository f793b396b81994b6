import type { Stats } from 'node:fs';
import { chmodSync, lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import { hostPath, readNames } from '@shale/core/archive';

/** Removes a tree: never through a symlink, never what is mounted in it. What is not there is gone already. */
export function removeTree(path: string): void {
  const stats = lstatSync(hostPath(path), { throwIfNoEntry: false });
  if (stats !== undefined) removeEntry(path, stats, stats.dev);
}

function removeEntry(path: string, stats: Stats, device: number): void {
  if (!stats.isDirectory()) return unlinkSync(hostPath(path));
  if (stats.dev !== device) throw new Error(`${JSON.stringify(path)} is a mount point, and is not removed`);
  if ((stats.mode & 0o700) !== 0o700) chmodSync(hostPath(path), 0o700);
  for (const name of readNames(path)) {
    const child = `${path}/${name}`;
    removeEntry(child, lstatSync(hostPath(child)), device);
  }
  return rmdirSync(hostPath(path));
}
