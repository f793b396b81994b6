import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ageMs, undefinedIfMissing } from '@shale/core/files';
import { isOrphan } from './owner.ts';
import { isAttempt } from './partial-image.ts';

/** A file of another machine that was not written to for an hour belongs to a process that ended. */
const ABANDONED_MS = 60 * 60 * 1000;
/** An interrupted image is kept this long, so that another warmer can resume it. */
const ATTEMPT_MS = 24 * 60 * 60 * 1000;

/** Removes the files of warmers that were killed while they wrote. */
export async function removeAbandonedFiles(directory: string, now: number = Date.now()): Promise<void> {
  const names = (await readdir(directory).catch(undefinedIfMissing)) ?? [];
  for (const name of names) {
    const path = join(directory, name);
    const found = await lstat(path).catch(undefinedIfMissing);
    if (found === undefined) continue;
    const keptMs = isAttempt(name) ? ATTEMPT_MS : isOrphan(name) ? 0 : ABANDONED_MS;
    if (ageMs(found.mtimeMs, now) > keptMs) await rm(path, { recursive: true, force: true });
  }
}
