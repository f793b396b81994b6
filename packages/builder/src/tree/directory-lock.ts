import { spawnSync } from 'node:child_process';
import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import type { SystemCalls } from '@shale/core/linux';
import { undefinedIfMissing } from '@shale/core/files';
import { LockOperation } from '@shale/core/linux';

/** A lock on a directory, seen by every process of this machine. It follows renames, and ends with its process. */
export interface DirectoryLock extends Disposable {
  readonly path: string;
}

/**
 * Locks a directory, without waiting: `undefined` where it is missing, or locked by somebody in a way that excludes this.
 * @param calls Without them the program `flock` is run.
 */
export function tryLockDirectory(
  calls: SystemCalls | undefined,
  path: string,
  mode: 'shared' | 'exclusive',
): DirectoryLock | undefined {
  const fd = tryOpen(path);
  if (fd === undefined) return undefined;
  if (tryFlock(calls, fd, mode) && isStill(path, fd)) return heldLock(path, fd);
  closeSync(fd);
  return undefined;
}

function heldLock(path: string, fd: number): DirectoryLock {
  let isHeld = true;
  return {
    path,
    [Symbol.dispose]() {
      if (isHeld) closeSync(fd);
      isHeld = false;
    },
  };
}

function tryOpen(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    return undefinedIfMissing(error);
  }
}

function tryFlock(calls: SystemCalls | undefined, fd: number, mode: 'shared' | 'exclusive'): boolean {
  if (calls === undefined) return runFlock(fd, mode);
  try {
    calls.flock(fd, LockOperation[mode] | LockOperation.nonBlocking);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
    throw error;
  }
}

/** The lock belongs to the open file, which the program shares with us. */
function runFlock(fd: number, mode: 'shared' | 'exclusive'): boolean {
  const { error, status } = spawnSync('flock', ['-n', mode === 'shared' ? '-s' : '-x', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
  });
  if (error !== undefined) throw error;
  return status === 0;
}

/** Whether the directory was not renamed between the two calls. */
function isStill(path: string, fd: number): boolean {
  const [now, opened] = [lstatSync(path, { throwIfNoEntry: false }), fstatSync(fd)];
  return now !== undefined && now.ino === opened.ino && now.dev === opened.dev;
}
