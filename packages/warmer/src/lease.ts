import { lstat, lutimes, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CallOptions, type Digest, digestHex } from '@shale/core';
import { openRegularFile, readRegularFile, undefinedIfMissing } from '@shale/core/files';
import { isOrphan, ownedName } from './owner.ts';

const HEARTBEAT_MS = 3_000;
/** A lease without a heartbeat for this long belongs to a process that ended. Another process gets it within 15 s. */
const STALE_MS = 10_000;
const POLL_MS = 100;
const MAX_OWNER_BYTES = 1024;

/**
 * Keeps several warmers of one directory from fetching the same blob. A lease is a file for a blob, made by the warmer that
 * fetches it. Leases only save work: nothing breaks when two warmers hold the same one. So nobody waits longer than 15 s for
 * the lease of a process that ended.
 */
export class Leases {
  readonly #directory: string;
  readonly #trash: string;
  readonly #held = new Set<string>();
  #heartbeat: NodeJS.Timeout | undefined;

  /** @param trash a directory on the same file system, which `removeAbandonedFiles` cleans */
  constructor(directory: string, trash: string) {
    this.#directory = directory;
    this.#trash = trash;
  }

  /** Takes a lease for each digest, in sorted order, so that no two warmers wait for each other. */
  async take(digests: readonly Digest[], { signal }: CallOptions = {}): Promise<AsyncDisposable> {
    await mkdir(this.#directory, { recursive: true });
    const taken: string[] = [];
    const release = async () => {
      for (const path of taken.splice(0)) {
        this.#held.delete(path);
        await rm(path, { force: true });
      }
      if (this.#held.size === 0) this.#rest();
    };
    try {
      const paths = [...new Set(digests)].sort().map((digest) => join(this.#directory, digestHex(digest)));
      const watch = new LifeWatch(paths);
      for (const path of paths) {
        await acquire(path, { watch, trash: this.#trash, signal });
        watch.forget(path);
        taken.push(path);
        this.#held.add(path);
        this.#heartbeat ??= setInterval(() => void this.#beat(), HEARTBEAT_MS).unref();
      }
    } catch (error) {
      await release();
      throw error;
    }
    return { [Symbol.asyncDispose]: release };
  }

  async #beat(): Promise<void> {
    const now = new Date();
    await Promise.all([...this.#held].map((path) => lutimes(path, now, now).catch(() => undefined)));
  }

  #rest(): void {
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }
}

/**
 * Removes the leases of processes of this machine that were killed. Without this, the lease of a blob that arrived before its
 * warmer was killed would stay: nobody asks for that blob again.
 *
 * @param trash a directory on the same file system
 */
export async function removeOrphanedLeases(directory: string, trash: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const life = (await lstat(path).catch(undefinedIfMissing))?.mtimeMs;
    if (life !== undefined && (await isOrphaned(path))) await discard(path, { life, trash });
  }
}

/** Observes the leases of others, all at once: those of one process end together. */
class LifeWatch {
  readonly #waiting: Set<string>;
  readonly #seen = new Map<string, { readonly life: number; readonly sinceMs: number }>();

  constructor(paths: readonly string[]) {
    this.#waiting = new Set(paths);
  }

  /** Measures time with the clock of this process: the clocks of machines that share a volume differ. */
  async look(): Promise<void> {
    await Promise.all(
      [...this.#waiting].map(async (path) => {
        const life = await lifeOf(path);
        if (life === undefined) this.#seen.delete(path);
        else if (this.#seen.get(path)?.life !== life) this.#seen.set(path, { life, sinceMs: performance.now() });
      }),
    );
  }

  lastSeen(path: string): { readonly life: number; readonly sinceMs: number } | undefined {
    return this.#seen.get(path);
  }

  forget(path: string): void {
    this.#waiting.delete(path);
  }
}

interface Acquiring extends CallOptions {
  readonly watch: LifeWatch;
  readonly trash: string;
}

async function acquire(path: string, { watch, trash, signal }: Acquiring): Promise<void> {
  while (!(await create(path))) {
    signal?.throwIfAborted();
    await watch.look();
    const seen = watch.lastSeen(path);
    if (seen === undefined) continue;
    const isStale = performance.now() - seen.sinceMs > STALE_MS;
    if (isStale || (await isOrphaned(path))) await discard(path, { life: seen.life, trash });
    else await sleep(POLL_MS + Math.random() * POLL_MS, undefined, { signal });
  }
}

/** Opens the file first: then NFS asks the server for its attributes, and not its cache. */
async function lifeOf(path: string): Promise<number | undefined> {
  await using opened = await openRegularFile(path).catch(() => undefined);
  return (opened?.stats ?? (await lstat(path).catch(undefinedIfMissing)))?.mtimeMs;
}

async function create(path: string): Promise<boolean> {
  try {
    await writeFile(path, ownedName(), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Whether the lease belongs to a process of this machine that ended. */
async function isOrphaned(path: string): Promise<boolean> {
  const owner = await readRegularFile(path, { maxBytes: MAX_OWNER_BYTES }).catch(() => undefined);
  return owner !== undefined && isOrphan(owner.toString('utf8'));
}

/** Renames the lease first, so that only one of several processes removes it. */
async function discard(
  path: string,
  { life, trash }: { readonly life: number; readonly trash: string },
): Promise<void> {
  if ((await lstat(path).catch(undefinedIfMissing))?.mtimeMs !== life) return;
  await mkdir(trash, { recursive: true });
  const aside = join(trash, ownedName());
  await rename(path, aside).catch(undefinedIfMissing);
  await rm(aside, { force: true });
}
