import { lstatSync, mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SystemCalls } from '@shale/core/linux';
import { UnmountFlag } from '@shale/core/linux';
import { makeDirectorySync } from '@shale/core/files';
import { mountOverlay } from '../snapshotters/overlay-mount.ts';

/**
 * Mounts an overlay in `directory` and removes a file in it.
 * @throws what keeps overlayfs from working on this file system.
 */
export function probeOverlay(calls: SystemCalls, directory: string, isUserNamespace: boolean): void {
  makeDirectorySync(directory, { mode: 0o700 });
  const place = mkdtempSync(join(directory, 'probe-'));
  try {
    const [lower = '', upper = '', work = '', target = ''] = ['lower', 'upper', 'work', 'merged'].map((name) => {
      const path = join(place, name);
      mkdirSync(path);
      return path;
    });
    writeFileSync(join(lower, 'file'), '');
    mountOverlay(calls, { target, lowers: [lower], upper: { directory: upper, work }, isUserNamespace });
    try {
      unlinkSync(join(target, 'file'));
    } finally {
      calls.umount(target, UnmountFlag.detach);
    }
    if (!lstatSync(join(upper, 'file')).isCharacterDevice()) throw new Error('a removal leaves no whiteout');
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
