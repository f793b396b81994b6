import { statfs } from 'node:fs/promises';
import { NoSpaceError } from '../errors.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** For `.catch`: turns a full disk into an error that names the path and its free space, and throws other failures. */
export function noSpace(path: string): (error: unknown) => Promise<never> {
  return async (error) => {
    if (!FULL.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new NoSpaceError(`No space left in ${path} (${await freeSpace(path)})`, {
      cause: error,
      hint: 'Free some space, or choose another disk.',
    });
  };
}

async function freeSpace(path: string): Promise<string> {
  try {
    const { bavail, bsize } = await statfs(path);
    return `${Math.floor((bavail * bsize) / 2 ** 20)} MiB free`;
  } catch {
    return 'free space unknown';
  }
}
