import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeDirectory, makeDirectorySync } from './make-directory.ts';
import { openScratchDirectory } from './scratch-directory.ts';

describe.each([
  ['makeDirectory()', makeDirectory],
  ['makeDirectorySync()', async (...args: Parameters<typeof makeDirectory>) => makeDirectorySync(...args)],
])('%s', (_, make) => {
  it('makes a directory and its parents with the mode, and leaves what is there', async () => {
    await using scratch = await openScratchDirectory();
    const modeOf = (name: string) => statSync(join(scratch.path, name)).mode & 0o777;
    await Promise.all([1, 2, 3].map(() => make(join(scratch.path, 'a/b'), { mode: 0o700 })));
    expect([modeOf('a'), modeOf('a/b')]).toEqual([0o700, 0o700]);
    mkdirSync(join(scratch.path, 'there'), { mode: 0o750 });
    symlinkSync('there', join(scratch.path, 'link'));
    await make(join(scratch.path, 'link'), { mode: 0o700 });
    expect(modeOf('there')).toBe(0o750);
  });

  it('fails where a file is in the way', async () => {
    await using scratch = await openScratchDirectory();
    writeFileSync(join(scratch.path, 'file'), '');
    await expect(make(join(scratch.path, 'file'))).rejects.toThrow('EEXIST');
    await expect(make(join(scratch.path, 'file/a/b'))).rejects.toThrow('ENOTDIR');
  });

  it('ends where nothing can be made, as below /proc', async () => {
    await expect(make('/proc/shale/state')).rejects.toThrow('ENOENT');
  });
});
