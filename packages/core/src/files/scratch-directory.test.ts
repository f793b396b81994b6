import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openScratchDirectory } from './scratch-directory.ts';

it('openScratchDirectory() is gone with all that is in it when its scope ends, also by an error', async () => {
  let path = '';
  const use = async () => {
    await using scratch = await openScratchDirectory();
    path = scratch.path;
    mkdirSync(join(path, 'a/b'), { recursive: true });
    writeFileSync(join(path, 'a/b/c'), '');
    throw new Error('stop');
  };
  await expect(use()).rejects.toThrow('stop');
  expect(path).not.toBe('');
  expect(existsSync(path)).toBe(false);
});

it('openScratchDirectory() lies in the given parent, and may be disposed twice', async () => {
  await using parent = await openScratchDirectory();
  const scratch = await openScratchDirectory(parent.path);
  expect(scratch.path.startsWith(`${parent.path}/shale-`)).toBe(true);
  await scratch[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});
