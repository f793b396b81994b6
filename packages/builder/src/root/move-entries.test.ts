import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';
import { KeptPaths } from './kept-paths.ts';
import { moveIn, moveOut } from './move-entries.ts';

/** A value of `undefined` is a directory, one with an arrow a symlink. */
function plant(root: string, files: Readonly<Record<string, string | undefined>>): void {
  mkdirSync(root, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(content === undefined ? file : dirname(file), { recursive: true });
    if (content?.startsWith('-> ')) symlinkSync(content.slice(3), file);
    else if (content !== undefined) writeFileSync(file, content);
  }
}

const listing = (root: string) =>
  execFileSync('find', ['.', '-mindepth', '1', '-printf', '%P %m %T@\n'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();

const names = (root: string) => listing(root).map((line) => line.split(' ')[0]);

it('moves all but what is kept, and back, with the directories around that as they were', async () => {
  await using scratch = await openScratchDirectory();
  const [root, store] = [join(scratch.path, 'root'), join(scratch.path, 'store')];
  plant(root, {
    'etc/hosts': 'mounted',
    'etc/own': 'x',
    'usr/bin/a': 'a',
    bin: '-> usr/bin',
    'var/run/secrets/t': 't',
    proc: undefined,
  });
  utimesSync(join(root, 'etc'), 1, 1);
  mkdirSync(store);
  const before = listing(root);
  const kept = new KeptPaths(['/etc/hosts', '/proc', '/var/run/secrets/']);
  moveOut(store, { kept, root });
  expect(names(root)).toEqual(['etc', 'etc/hosts', 'proc', 'var', 'var/run', 'var/run/secrets', 'var/run/secrets/t']);
  expect(names(store)).toEqual(['bin', 'etc', 'etc/own', 'usr', 'usr/bin', 'usr/bin/a', 'var', 'var/run']);
  moveIn(store, { kept, root });
  expect(listing(root)).toEqual(before);
});

it('shows a tree around mounts, gives its directories their modes, and takes back what is new', async () => {
  await using scratch = await openScratchDirectory();
  const [root, tree] = [join(scratch.path, 'root'), join(scratch.path, 'tree')];
  plant(root, { 'etc/hosts': 'mounted', 'run/lock/mounted': 'x' });
  plant(tree, { 'etc/hosts': 'of the image', 'etc/passwd': 'root', 'app/x': 'x' });
  execFileSync('chmod', ['0710', join(tree, 'etc')]);
  const kept = new KeptPaths(['/etc/hosts', '/run/lock/mounted']);
  moveIn(tree, { kept, root });
  expect(readFileSync(join(root, 'etc/hosts'), 'utf8')).toBe('mounted');
  expect(readFileSync(join(root, 'etc/passwd'), 'utf8')).toBe('root');
  expect(lstatSync(join(root, 'etc')).mode & 0o777).toBe(0o710);
  plant(root, { 'etc/new': 'n', 'run/new': 'n' });
  moveOut(tree, { kept, root, standIns: false });
  expect(names(tree)).toEqual(['app', 'app/x', 'etc', 'etc/hosts', 'etc/new', 'etc/passwd', 'run', 'run/new']);
  expect(names(root)).toEqual(['etc', 'etc/hosts', 'run', 'run/lock', 'run/lock/mounted']);
});

it('leaves no directory in a tree only because something is mounted there', async () => {
  await using scratch = await openScratchDirectory();
  const [root, tree] = [join(scratch.path, 'root'), join(scratch.path, 'tree')];
  plant(root, { 'a/b/mounted': 'x' });
  plant(tree, { file: 'x' });
  const kept = new KeptPaths(['/a/b/mounted']);
  moveIn(tree, { kept, root });
  moveOut(tree, { kept, root, standIns: false });
  expect(names(tree)).toEqual(['file']);
});

it('goes around a mount whose directory is a symlink in the tree', async () => {
  await using scratch = await openScratchDirectory();
  const [root, tree] = [join(scratch.path, 'root'), join(scratch.path, 'tree')];
  plant(root, { 'var/run/secrets/t': 'token' });
  plant(tree, { 'var/run': '-> /run', 'var/lib/x': 'x', run: undefined });
  const kept = new KeptPaths(['/var/run/secrets']);
  moveIn(tree, { kept, root });
  expect(names(root)).toEqual([
    'run',
    'var',
    'var/lib',
    'var/lib/x',
    'var/run',
    'var/run/secrets',
    'var/run/secrets/t',
  ]);
  moveOut(tree, { kept, root, standIns: false });
  expect(names(tree)).toEqual(['run', 'var', 'var/lib', 'var/lib/x', 'var/run']);
  expect(lstatSync(join(tree, 'var/run')).isSymbolicLink()).toBe(true);
});

it.runIf(process.getuid?.() === 0)(
  'copies what is on another file system: links, owners, modes and times',
  async () => {
    await using scratch = await openScratchDirectory();
    await using memory = await openScratchDirectory('/dev/shm');
    const [root, store] = [join(scratch.path, 'root'), memory.path];
    plant(root, { 'd/a': 'a', 'd/link': '-> a', 'd/e': undefined });
    execFileSync(
      'sh',
      ['-c', 'ln d/a d/b; chown 5:6 d/a; chmod 4750 d/a; mknod d/null c 1 3; mkfifo d/fifo; touch -d @7.5 d/a d'],
      { cwd: root },
    );
    const before = listing(root);
    moveOut(store, { kept: new KeptPaths([]), root });
    expect(names(root)).toEqual([]);
    expect(listing(store)).toEqual(before);
    const [a, b] = [lstatSync(join(store, 'd/a')), lstatSync(join(store, 'd/b'))];
    expect({ uid: a.uid, gid: a.gid, isOne: a.ino === b.ino, device: lstatSync(join(store, 'd/null')).rdev }).toEqual({
      uid: 5,
      gid: 6,
      isOne: true,
      device: lstatSync('/dev/null').rdev,
    });
  },
);
