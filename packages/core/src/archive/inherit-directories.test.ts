import { chmodSync, chownSync, lstatSync, mkdirSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inChunks, makeArchive } from '@shale/testing';
import { openScratchDirectory } from '../files/scratch-directory.ts';
import { fileSystemCalls } from './file-system-calls.ts';
import { inheritDirectories } from './inherit-directories.ts';
import { unpackTar } from './unpack.ts';

const isRoot = process.getuid?.() === 0;

it('unpackTar() reports the directories that the archive only implies', async () => {
  await using scratch = await openScratchDirectory();
  const entries = [{ path: 'tmp/a/b' }, { path: 'usr/' }, { path: 'usr/x' }, { path: 'late/x' }, { path: 'late/' }];
  const report = await unpackTar(inChunks(await makeArchive(entries)), scratch.path, { whiteouts: 'overlay' });
  expect(report.impliedDirectories).toEqual(['tmp', 'tmp/a']);
});

it.runIf(isRoot)(
  'inheritDirectories() takes mode, owner and time from the topmost layer that shows the directory',
  async () => {
    await using scratch = await openScratchDirectory();
    const [top, bottom, root] = ['top', 'bottom', 'root'].map((name) => join(scratch.path, name)) as [
      string,
      string,
      string,
    ];
    mkdirSync(join(top, 'var'), { recursive: true });
    for (const path of ['tmp', 'var/lib', 'hidden/x', 'opaque/x', 'linked/x'])
      mkdirSync(join(bottom, path), { recursive: true });
    for (const path of ['tmp', 'var/lib', 'hidden/x', 'opaque/x', 'linked/x', 'nowhere']) {
      mkdirSync(join(root, path), { recursive: true });
    }
    chmodSync(join(bottom, 'tmp'), 0o1777);
    chownSync(join(bottom, 'tmp'), 5, 6);
    utimesSync(join(bottom, 'tmp'), 100, 100.5);
    for (const path of ['var/lib', 'hidden/x', 'opaque/x', 'linked/x']) chmodSync(join(bottom, path), 0o700);
    fileSystemCalls().makeNode(join(top, 'hidden'), 0o020000, 0, 0);
    mkdirSync(join(top, 'opaque'));
    fileSystemCalls().setXattr(join(top, 'opaque'), 'trusted.overlay.opaque', Buffer.from('y'));
    symlinkSync(join(bottom, 'linked'), join(top, 'linked'));
    const before = lstatSync(join(root, 'hidden/x')).mode;

    inheritDirectories(root, ['tmp', 'var', 'var/lib', 'hidden/x', 'opaque/x', 'linked/x', 'nowhere'], {
      lowers: [top, bottom],
    });
    expect(lstatSync(join(root, 'tmp'))).toMatchObject({ uid: 5, gid: 6, mtimeMs: 100_500 });
    expect(lstatSync(join(root, 'tmp')).mode & 0o7777).toBe(0o1777);
    expect(lstatSync(join(root, 'var/lib')).mode & 0o777).toBe(0o700);
    for (const path of ['hidden/x', 'opaque/x', 'linked/x', 'nowhere']) {
      expect(lstatSync(join(root, path)).mode, path).toBe(before);
    }
  },
);
