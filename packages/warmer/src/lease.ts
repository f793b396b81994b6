import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CallOptions, type Digest, digestHex, undefinedIfMissing } from '@shale/core';
import { isOrphan, ownedName } from './owner.ts';

const HEARTBEAT_MS = 5_000;
/** One that shows no life for this long belongs to a process that died: 15 s at most until the next one has it. */
const STALE_MS = 14_000;
const POLL_MS = 100;

/**
 * Keeps many warmers of one directory from fetching the same blob: one file a blob, made by whoever fetches it.
 * They save work only. Nothing breaks when two hold the same one, so a lost lease is never waited for longer than 15 s.
 */
export class Leases {
  readonly #directory: string;
  readonly #trash: string;
  readonly #held = new Set<string>();
  #heartbeat: NodeJS.Timeout | undefined;

  /** @param trash on the same file system, swept by `removeAbandonedFiles` */
  constructor(directory: string, trash: string) {
    this.#directory = directory;
    this.#trash = trash;
  }

  /** Waits for all of them, in an order that is the same for everyone, so that no two wait for each other. */
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
      for (const digest of [...new Set(digests)].sort()) {
        const path = join(this.#directory, digestHex(digest));
        await acquire(path, { trash: this.#trash, signal });
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
    await Promise.all([...this.#held].map((path) => utimes(path, now, now).catch(() => undefined)));
  }

  #rest(): void {
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }
}

async function acquire(path: string, { trash, signal }: { readonly trash: string } & CallOptions): Promise<void> {
  let seen: { readonly life: number; readonly sinceMs: number } | undefined;
  while (!(await create(path))) {
    signal?.throwIfAborted();
    const life = (await stat(path).catch(undefinedIfMissing))?.mtimeMs;
    if (life === undefined) continue;
    // Judged by what this process saw: clocks of machines that share a volume differ.
    if (seen?.life !== life) seen = { life, sinceMs: performance.now() };
    if (performance.now() - seen.sinceMs > STALE_MS || (await isOrphaned(path))) await discard(path, { life, trash });
    else await sleep(POLL_MS + Math.random() * POLL_MS, undefined, { signal });
  }
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

/** Of a process of this machine that is gone. */
async function isOrphaned(path: string): Promise<boolean> {
  const owner = await readFile(path, 'utf8').catch(undefinedIfMissing);
  return owner !== undefined && isOrphan(owner);
}

/** Renames first, so that of several that find it dead one removes it. */
async function discard(
  path: string,
  { life, trash }: { readonly life: number; readonly trash: string },
): Promise<void> {
  if ((await stat(path).catch(undefinedIfMissing))?.mtimeMs !== life) return;
  await mkdir(trash, { recursive: true });
  const aside = join(trash, ownedName());
  await rename(path, aside).catch(undefinedIfMissing);
  await rm(aside, { force: true });
}
