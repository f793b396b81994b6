import { randomBytes } from 'node:crypto';
import { lstat, open, rename, rm } from 'node:fs/promises';
import { ageMs, undefinedIfMissing } from '@shale/core/files';
import { pause } from './retry.ts';

/** An older lock belongs to a process that died: work under a lock takes milliseconds. */
const STALE_MS = 30_000;
const POLL_MS = 10;

/** Runs `work` while no other process holds the lock. Works on file systems without `flock`, such as NFS. */
export async function withFileLock<T>(path: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  while (!(await tryLock(path))) {
    await breakStale(path);
    await pause(POLL_MS * (0.5 + Math.random()), signal);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function tryLock(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Renames the lock before removing it: of several processes that find it stale, one succeeds. */
async function breakStale(path: string): Promise<void> {
  const found = await lstat(path).catch(undefinedIfMissing);
  if (found === undefined || ageMs(found.mtimeMs) < STALE_MS) return;
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  await rename(path, aside).catch(undefinedIfMissing);
  await rm(aside, { force: true });
}
