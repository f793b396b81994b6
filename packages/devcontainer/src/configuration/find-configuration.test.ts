import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { describe, expect, it } from 'vitest';
import { findConfiguration, listConfigurations, type SearchOrder } from './find-configuration.ts';

async function workspaceWith(...paths: string[]) {
  const scratch = await openScratchDirectory();
  for (const path of paths) {
    await mkdir(dirname(join(scratch.path, path)), { recursive: true });
    await writeFile(join(scratch.path, path), '{}');
  }
  return scratch;
}

const ALL = [
  'devcontainer.json',
  '.devcontainer.json',
  '.devcontainer/devcontainer.json',
  '.devcontainer/b/devcontainer.json',
  '.devcontainer/a/devcontainer.json',
  '.devcontainer/a/deeper/devcontainer.json',
];

describe('listConfigurations()', () => {
  it.each<[SearchOrder, string[]]>([
    ['cli', ['.devcontainer/devcontainer.json', '.devcontainer.json']],
    [
      'specification',
      [
        '.devcontainer/devcontainer.json',
        '.devcontainer.json',
        '.devcontainer/a/devcontainer.json',
        '.devcontainer/b/devcontainer.json',
      ],
    ],
    [
      'envbuilder',
      [
        '.devcontainer/devcontainer.json',
        'devcontainer.json',
        '.devcontainer.json',
        '.devcontainer/a/devcontainer.json',
        '.devcontainer/b/devcontainer.json',
      ],
    ],
  ])('has the order of %s', async (order, expected) => {
    await using workspace = await workspaceWith(...ALL);
    const found = await listConfigurations(workspace.path, order);
    expect(found.map((path) => relative(workspace.path, path))).toEqual(expected);
  });
});

describe('findConfiguration()', () => {
  it('takes a default before named ones, and the only named one', async () => {
    await using both = await workspaceWith('.devcontainer.json', '.devcontainer/a/devcontainer.json');
    await using one = await workspaceWith('.devcontainer/a/devcontainer.json');
    expect(await findConfiguration(both.path)).toBe(join(both.path, '.devcontainer.json'));
    expect(await findConfiguration(one.path)).toBe(join(one.path, '.devcontainer/a/devcontainer.json'));
  });

  it('lists several named ones instead of guessing, but for envbuilder takes the first', async () => {
    await using workspace = await workspaceWith(
      '.devcontainer/go/devcontainer.json',
      '.devcontainer/c/devcontainer.json',
    );
    await expect(findConfiguration(workspace.path)).rejects.toThrow('none is named: c, go');
    expect(await findConfiguration(workspace.path, { order: 'envbuilder' })).toMatch(/\/c\/devcontainer\.json$/);
  });

  it('finds by name or path, and suggests the nearest name', async () => {
    await using workspace = await workspaceWith('.devcontainer/golang/devcontainer.json', '.devcontainer.json');
    expect(await findConfiguration(workspace.path, { name: 'golang' })).toMatch(/golang/);
    expect(await findConfiguration(workspace.path, { name: '.devcontainer.json' })).toMatch(/\.devcontainer\.json$/);
    await expect(findConfiguration(workspace.path, { name: 'golnag' })).rejects.toThrow('(did you mean golang?)');
    await expect(findConfiguration(workspace.path, { name: '../x' })).rejects.toThrow('has no configuration "../x"');
  });

  it('says where a configuration belongs when there is none', async () => {
    await using workspace = await workspaceWith();
    await expect(findConfiguration(workspace.path)).rejects.toMatchObject({ code: 'DEVCONTAINER_MISSING' });
  });
});
