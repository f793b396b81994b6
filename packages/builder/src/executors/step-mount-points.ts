import { statSync } from 'node:fs';
import type { StepMount } from './executor.ts';
import type { MountPoint } from '../tree/mount-points.ts';

/** What a step's tree needs for the mounts that it asked for. */
export function stepMountPoints(mounts: readonly StepMount[]): MountPoint[] {
  return mounts.map((mount) => ({
    target: mount.target,
    type: mount.type === 'tmpfs' || statSync(mount.source).isDirectory() ? 'directory' : 'file',
  }));
}
