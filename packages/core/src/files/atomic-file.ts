import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectory } from './make-directory.ts';

export interface WriteAtomicallyOptions {
  /** Permission bits. @default 0o644 */
  readonly mode?: number | undefined;
}

/** Replaces a file so that readers see the old content or the new. Both file and rename are flushed to disk. */
export async function writeFileAtomically(
  path: string,
  data: string | Uint8Array,
  { mode = 0o644 }: WriteAtomicallyOptions = {},
): Promise<void> {
  await makeDirectory(dirname(path));
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await flushDirectory(dirname(path));
}

/** Makes renames in `path` survive a power cut. */
export async function flushDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** For `.catch`: returns `undefined` when the file does not exist, and throws every other failure. */
export function undefinedIfMissing(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
}
