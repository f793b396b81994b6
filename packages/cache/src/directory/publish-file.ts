import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { flushDirectory, noSpace } from '@shale/core/files';

export interface PublishOptions {
  /** Whether a file that is there is replaced. Without it, of many writers at once the first one wins. */
  readonly replace: boolean;
}

/**
 * Makes a file visible, whole and flushed.
 * @returns Whether it is the new one that is there now.
 * @throws {NoSpaceError}
 */
export async function publishFile(path: string, content: Uint8Array, { replace }: PublishOptions): Promise<boolean> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true }).catch(noSpace(directory));
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFlushed(temporary, content).catch(noSpace(directory));
    if (replace) await rename(temporary, path);
    else if (!(await linkOnce(temporary, path))) return false;
  } finally {
    await rm(temporary, { force: true });
  }
  await flushDirectory(directory);
  return true;
}

async function writeFlushed(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
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
