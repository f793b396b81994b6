import { randomBytes } from 'node:crypto';
import { link, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { flushDirectory, noSpace, type StoreDirectory } from '@shale/core/files';

export interface PublishOptions {
  /** Names of the directory, below the root of the store. */
  readonly directory: readonly string[];
  readonly name: string;
  /** Whether a file that is there is replaced. Without it, of many writers at once the first one wins. */
  readonly replace: boolean;
}

/**
 * Makes a file visible, whole and flushed.
 * @returns whether this content is there now.
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

/** `false` when the name is taken. Where the file system has no links, the last of writers at the same instant wins. */
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
