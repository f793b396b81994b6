import { mkdir } from 'node:fs/promises';
import { requireCommand } from '../src/command.ts';

const SIZE = '8g';

/** An empty tmpfs, gone when its scope ends: what one contender wrote or removed slows no other. Needs root. */
export async function openTmpfs(path: string): Promise<AsyncDisposable> {
  await mkdir(path, { recursive: true });
  await requireCommand(['mount', '-t', 'tmpfs', '-o', `size=${SIZE},mode=755`, 'shale-bench', path]);
  return { [Symbol.asyncDispose]: async () => void (await requireCommand(['umount', path])) };
}
