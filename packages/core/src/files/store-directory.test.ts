import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openScratchDirectory } from './scratch-directory.ts';
import { type Access, StoreDirectory } from './store-directory.ts';

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

/** The modes of what a store makes, as `directory file`, below a root of this mode; without one it makes the root. */
async function modesBelow(rootMode: number | undefined, access?: Access): Promise<string> {
  await using scratch = await openScratchDirectory();
  const root = join(scratch.path, 'root');
  if (rootMode !== undefined) {
    mkdirSync(root);
    chmodSync(root, rootMode);
  }
  await new StoreDirectory(root, access).write(['a', 'b'], 'file', 'text');
  if (rootMode === undefined && access !== 'everyone') expect(modeOf(root)).toBe('700');
  return `${modeOf(join(root, 'a'))} ${modeOf(join(root, 'a/b/file'))}`;
}

describe('StoreDirectory modes', () => {
  it.each([
    ['of its own making', undefined, '700 600'],
    ['that others may only read', 0o755, '700 600'],
    ['that its group may only read', 0o750, '700 600'],
    ['that its group may write', 0o770, '770 660'],
    ['that its group may write, and others read', 0o775, '770 660'],
    ['that everyone may write', 0o777, '777 666'],
    ['that everyone may write, but not each other’s files', 0o1777, '777 666'],
    ['with a setgid bit, for the group to read', 0o2750, '2750 640'],
    ['with a setgid bit, for the group to write', 0o2770, '2770 660'],
    ['with a setgid bit, for others to read', 0o2755, '2755 644'],
  ])('below a directory %s', async (_, rootMode, modes) => {
    expect(await modesBelow(rootMode)).toBe(modes);
  });

  it('leave everyone what the umask leaves, where everyone is to read', async () => {
    expect(await modesBelow(undefined, 'everyone')).toBe('755 644');
  });
});

describe('StoreDirectory and symlinks', () => {
  it('takes a root that is one', async () => {
    await using scratch = await openScratchDirectory();
    mkdirSync(join(scratch.path, 'disk'));
    symlinkSync('disk', join(scratch.path, 'root'));
    const store = new StoreDirectory(join(scratch.path, 'root'));
    await store.write(['v1'], 'file', 'text');
    expect(readFileSync(join(scratch.path, 'disk/v1/file'), 'utf8')).toBe('text');
    expect(await store.has('v1')).toBe(true);
  });

  it.each([
    ['the first directory', ['v1'], 'v1'],
    ['one below it', ['v1', 'aa'], 'v1/aa'],
  ])('refuses %s as one, and writes nothing through it', async (_, names, link) => {
    await using scratch = await openScratchDirectory();
    const [root, victim] = [join(scratch.path, 'root'), join(scratch.path, 'victim')];
    mkdirSync(join(root, 'v1'), { recursive: true });
    mkdirSync(victim);
    const store = new StoreDirectory(root);
    if (link === 'v1') rmdirSync(join(root, 'v1'));
    symlinkSync(victim, join(root, link));
    const refused = { code: 'STORE_INVALID', message: `${join(root, link)} is a symbolic link` };
    await expect(store.make(...names)).rejects.toMatchObject(refused);
    await expect(store.has(...names, 'deeper')).rejects.toMatchObject(refused);
    await expect(store.write([...names, 'deeper'], 'file', 'text')).rejects.toMatchObject(refused);
    expect(readdirSync(victim)).toEqual([]);
  });

  it('refuses a file in place of a directory', async () => {
    await using scratch = await openScratchDirectory();
    writeFileSync(join(scratch.path, 'v1'), '');
    const store = new StoreDirectory(scratch.path);
    await expect(store.make('v1')).rejects.toThrow('is not a directory');
  });

  it('create() does not follow one that has the name of the new file', async () => {
    await using scratch = await openScratchDirectory();
    symlinkSync('elsewhere', join(scratch.path, 'file'));
    await expect(new StoreDirectory(scratch.path).create(join(scratch.path, 'file'))).rejects.toThrow('EEXIST');
    expect(readdirSync(scratch.path)).toEqual(['file']);
  });
});

it('write() replaces a file and leaves nothing beside it', async () => {
  await using scratch = await openScratchDirectory();
  const store = new StoreDirectory(scratch.path);
  await store.write(['a'], 'file', 'one');
  await store.write(['a'], 'file', 'two');
  await store.write([], 'file', 'top');
  expect(readFileSync(join(scratch.path, 'a/file'), 'utf8')).toBe('two');
  expect(readdirSync(join(scratch.path, 'a'))).toEqual(['file']);
  await expect(store.write(['a'], 'b/c', '')).rejects.toThrow('ENOENT');
});
