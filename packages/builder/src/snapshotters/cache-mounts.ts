import { createHash } from 'node:crypto';
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CallOptions } from '@shale/core';
import { loadSystemCalls } from '@shale/core/linux';
import { tryLockDirectory } from '../tree/directory-lock.ts';
import { removeTree } from '../tree/remove-tree.ts';

export interface CacheMountOptions extends CallOptions {
  /** Holds all of them: the state folder, or the one of the layer cache. */
  readonly parent: string;
  readonly sharing: 'shared' | 'private' | 'locked';
}

/** A directory that outlives the build. Disposed, it is free for the next step. */
export interface CacheMountDirectory extends AsyncDisposable {
  readonly path: string;
  /** It was made just now: its initial content is still to be copied in. */
  readonly fresh: boolean;
}

const LOCK_POLL_MS = 50;
const SLOT = /^\d+$/;

/**
 * The directory of `RUN --mount=type=cache,id=…`. The id comes from the Dockerfile, so that only its hash reaches a path.
 * `private` gives a second user a directory of its own, `locked` lets it wait.
 */
export async function openCacheMount(id: string, options: CacheMountOptions): Promise<CacheMountDirectory> {
  const home = homeOf(id, options.parent);
  await mkdir(home, { recursive: true });
  if (options.sharing === 'shared') return useDirectory(join(home, '0'), async () => undefined);
  for (let slot = 0; ; slot += 1) {
    const path = join(home, String(slot));
    const release = options.sharing === 'locked' ? await waitForLock(path, options) : await tryLock(path);
    if (release !== undefined) return useDirectory(path, release);
  }
}

/** Removes what a cache holds, for a build that takes nothing from caches. A directory that somebody uses stays. */
export function emptyCacheMount(id: string, parent: string): void {
  const home = homeOf(id, parent);
  if (!existsSync(home)) return;
  for (const path of slotsOf(home)) removeUnused(path);
}

/** The directories of one id: each is used alone, or shared. */
export function slotsOf(home: string): readonly string[] {
  return readdirSync(home)
    .filter((name) => SLOT.test(name))
    .map((slot) => join(home, slot));
}

/** Out of the way first: a step that comes now gets an empty directory. */
export function removeUnused(path: string): boolean {
  using lock = tryLockDirectory(loadSystemCalls(), path, 'exclusive');
  if (lock === undefined) return false;
  const removed = `${path}.${process.pid}.removed`;
  renameSync(path, removed);
  removeTree(removed);
  return true;
}

function homeOf(id: string, parent: string): string {
  return join(cacheMountRoot(parent), createHash('sha256').update(id).digest('hex'));
}

/** Below it are directories for each id, and in them numbered ones for each user at a time. */
export function cacheMountRoot(parent: string): string {
  return join(parent, 'cache-mounts');
}

/** Held, so that nobody prunes it, and marked as used. */
async function useDirectory(path: string, release: () => Promise<void>): Promise<CacheMountDirectory> {
  const fresh = !existsSync(path);
  await mkdir(path, { recursive: true });
  const lock = tryLockDirectory(loadSystemCalls(), path, 'shared');
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined); // a step may have given it to another user
  return {
    path,
    fresh,
    async [Symbol.asyncDispose]() {
      lock?.[Symbol.dispose]();
      await release();
    },
  };
}

async function waitForLock(path: string, { signal }: CallOptions): Promise<() => Promise<void>> {
  for (;;) {
    const release = await tryLock(path);
    if (release !== undefined) return release;
    await delay(LOCK_POLL_MS, undefined, { signal });
  }
}

/** A lock is a file with its owner's pid; one whose owner is gone is broken. */
async function tryLock(path: string): Promise<(() => Promise<void>) | undefined> {
  const lock = `${path}.lock`;
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' });
    return () => rm(lock, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (owner > 0 && !isAlive(owner)) {
    const stale = `${lock}.${process.pid}.stale`;
    await rename(lock, stale).catch(() => undefined);
    await rm(stale, { force: true });
  }
  return undefined;
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}
