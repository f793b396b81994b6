import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, renameSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '@shale/core';
import type { SystemCalls } from '@shale/core/linux';
import { digestHex } from '@shale/core';
import { makeDirectorySync } from '@shale/core/files';
import type { DirectoryLock } from '../tree/directory-lock.ts';
import { tryLockDirectory } from '../tree/directory-lock.ts';
import { removeTree } from '../tree/remove-tree.ts';

/** A directory being filled, and held until it is disposed. Disposed unpublished, it is gone. */
export interface Draft extends Disposable {
  /** Where it is now: publishing moves it. */
  readonly path: string;
  /** Makes it the snapshot of this chain, unless there is one already: then the other one stays. */
  publish(chainId: Digest): void;
}

const SNAPSHOT_NAME = /^[0-9a-f]{64,128}$/;
/** Younger drafts may be about to be locked by who made them. */
const STALE_AFTER_MS = 60_000;

/**
 * Snapshots by ChainID in one directory, which any number of processes share: `<root>/<hex>/`. A snapshot appears whole, by
 * a rename, and never changes; drafts are in `<root>/drafts/`. Users hold a shared lock on what they use.
 */
export class SnapshotDirectory {
  readonly root: string;
  readonly #calls: SystemCalls | undefined;

  constructor(root: string, calls: SystemCalls | undefined) {
    this.root = root;
    this.#calls = calls;
    makeDirectorySync(this.#drafts, { mode: 0o700 });
    this.#removeStaleDrafts();
  }

  get #drafts(): string {
    return join(this.root, 'drafts');
  }

  pathOf(chainId: Digest): string {
    return join(this.root, digestHex(chainId));
  }

  /** Holds a snapshot so that nobody removes it, and marks it as used. `undefined` when there is none. */
  hold(chainId: Digest): DirectoryLock | undefined {
    const lock = tryLockDirectory(this.#calls, this.pathOf(chainId), 'shared');
    if (lock !== undefined) markUsed(lock.path);
    return lock;
  }

  startDraft(): Draft {
    const path = join(this.#drafts, randomBytes(8).toString('hex'));
    mkdirSync(path, { mode: 0o700 });
    return this.#ownDraft(path, tryLockDirectory(this.#calls, path, 'shared')); // as it stays when it is published
  }

  /** Turns a snapshot into a draft, so that it is no snapshot any more. `undefined` when there is none, or it is in use. */
  claim(chainId: Digest): Draft | undefined {
    const lock = tryLockDirectory(this.#calls, this.pathOf(chainId), 'exclusive');
    return lock && this.#takeOut(lock);
  }

  #takeOut(lock: DirectoryLock): Draft {
    const path = join(this.#drafts, randomBytes(8).toString('hex'));
    renameSync(lock.path, path);
    return this.#ownDraft(path, lock);
  }

  /** When each snapshot was used last. */
  list(): { readonly name: string; readonly path: string; readonly lastUsedMs: number }[] {
    return readdirSync(this.root).flatMap((name) => {
      const path = join(this.root, name);
      const stats = SNAPSHOT_NAME.test(name) ? lstatSync(path, { throwIfNoEntry: false }) : undefined;
      return stats === undefined ? [] : [{ name, path, lastUsedMs: stats.mtimeMs }];
    });
  }

  /** Whether it was removed: what somebody uses stays. */
  remove(name: string): boolean {
    const lock = tryLockDirectory(this.#calls, join(this.root, name), 'exclusive');
    if (lock === undefined) return false;
    this.#takeOut(lock)[Symbol.dispose]();
    return true;
  }

  #ownDraft(draft: string, lock: DirectoryLock | undefined): Draft {
    let path = draft;
    let isOpen = true;
    return {
      get path() {
        return path;
      },
      publish: (chainId) => {
        const published = this.pathOf(chainId);
        try {
          renameSync(path, published);
          path = published;
          isOpen = false;
        } catch (error) {
          if (!isTaken(error)) throw error;
        }
      },
      [Symbol.dispose]() {
        if (isOpen) removeTree(path);
        isOpen = false;
        lock?.[Symbol.dispose]();
      },
    };
  }

  /** Those of processes that were killed. */
  #removeStaleDrafts(): void {
    const limit = Date.now() - STALE_AFTER_MS;
    for (const name of readdirSync(this.#drafts)) {
      const path = join(this.#drafts, name);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats === undefined || stats.ctimeMs > limit) continue;
      using lock = tryLockDirectory(this.#calls, path, 'exclusive');
      if (lock !== undefined) removeTree(path);
    }
  }
}

function isTaken(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EEXIST' || code === 'ENOTEMPTY';
}

function markUsed(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EROFS') throw error;
  }
}
