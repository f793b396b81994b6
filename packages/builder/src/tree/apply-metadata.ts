import type { BigIntStats } from 'node:fs';
import { chmodSync, chownSync } from 'node:fs';
import { hostPath } from '@shale/core/archive';
import { setTime } from './exact-time.ts';

/** Gives what is at `path`, which is no symlink, an owner, a mode and a time, in the order in which none undoes another. */
export function applyMetadata(path: string, stats: BigIntStats): void {
  chownSync(hostPath(path), Number(stats.uid), Number(stats.gid));
  chmodSync(hostPath(path), Number(stats.mode) & 0o7777);
  setTime(path, stats);
}
