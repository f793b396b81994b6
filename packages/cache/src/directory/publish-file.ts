import { randomBytes } from 'node:crypto';
import { link, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { flushDirectory, noSpace, type StoreDirectory } from '@shale/core/files';

export interface PublishOptions {
  /** Names of the directory, below the root of the store. */
  readonly directory: readonly string[];
  readonly name: string;
  /** Whether an existing file is replaced. Otherwise the first of several writers wins. */
  readonly replace: boolean;
}

/**
 * Writes a file, which becomes visible when it is complete and flushed.
 * @returns whether the file has this content now.
 * @throws {NoSpaceError}
 */
export async function publishFile(
  store: StoreDirectory,
  content: Uint8Array,
  { directory: names, name, replace }: PublishOptions,
): Promise<boolean> {
  const directory = await store.make(...names).catch(noSpace(store.root));
  const path = join(directory, name);
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFlushed(store, temporary, content).catch(noSpace(directory));
    if (replace) await rename(temporary, path);
    else if (!(await linkOnce(temporary, path))) return false;
  } finally {
    await rm(temporary, { force: true });
  }
  await flushDirectory(directory);
  return true;
}

async function writeFlushed(store: StoreDirectory, path: string, content: Uint8Array): Promise<void> {
  await using file = await store.create(path);
  await file.writeFile(content);
  await file.sync();
}

const LINKS_UNSUPPORTED = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** @returns `false` when the name is taken. On a file system without links the last of several writers wins. */
async function linkOnce(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'EEXIST') return false;
    if (!LINKS_UNSUPPORTED.has(code)) throw error;
    await rename(temporary, path);
    return true;
  }
}
