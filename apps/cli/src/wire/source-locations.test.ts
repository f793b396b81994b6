import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { openScratchDirectory } from '@shale/core/files';
import { describe, expect, it } from 'vitest';
import { namedContextLocations, sourceLocations } from './source-locations.ts';

async function openTree() {
  const scratch = await openScratchDirectory();
  const at = (...names: readonly string[]) => join(scratch.path, ...names);
  mkdirSync(at('context/sub'), { recursive: true });
  writeFileSync(at('context/sub/Other'), '');
  writeFileSync(at('context.tgz'), '');
  const locate = (argument: string, file?: string) =>
    sourceLocations({ argument, file, cwd: scratch.path, stdin: () => Readable.from([]) });
  return { cwd: scratch.path, at, locate, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

describe('sourceLocations()', () => {
  it('tells directories, archives, repositories and stdin apart', async () => {
    await using tree = await openTree();
    expect(tree.locate('context').context).toEqual({ kind: 'directory', path: tree.at('context'), name: 'context' });
    expect(tree.locate('nowhere').context).toMatchObject({ kind: 'directory' });
    expect(tree.locate('context.tgz').context).toEqual({ kind: 'archive', path: tree.at('context.tgz') });
    const url = 'https://git.example/app.git#main';
    expect(tree.locate(url).context).toEqual({ kind: 'git', url });
    expect(tree.locate('-').context).toMatchObject({ kind: 'stream' });
  });

  it('finds --file beside the user first, then in the context', async () => {
    await using tree = await openTree();
    const name = 'sub/Other';
    expect(tree.locate('context').dockerfile).toBeUndefined();
    expect(tree.locate('context', name).dockerfile).toEqual({ kind: 'file', path: tree.at('context', name), name });
    mkdirSync(tree.at('sub'));
    writeFileSync(tree.at(name), '');
    expect(tree.locate('context', name).dockerfile).toEqual({ kind: 'file', path: tree.at(name), name });
    expect(tree.locate('context.tgz', name).dockerfile).toEqual({ kind: 'file', path: name, name });
  });

  it('refuses stdin for both', async () => {
    await using tree = await openTree();
    expect(() => tree.locate('-', '-')).toThrow('cannot both come from stdin');
    expect(tree.locate('context', '-').dockerfile).toMatchObject({ kind: 'stream' });
  });
});

describe('namedContextLocations()', () => {
  it('reads directories, images, layouts and repositories', async () => {
    await using tree = await openTree();
    const places = {
      docs: 'context',
      base: 'docker-image://debian:12',
      mine: 'oci-layout://layout:v1',
      own: 'oci-layout://layout',
      git: 'git@git.example:app',
    };
    expect(namedContextLocations(places, tree.cwd)).toMatchObject({
      docs: { kind: 'directory', path: tree.at('context') },
      base: { kind: 'image', reference: { repository: 'library/debian', tag: '12' } },
      mine: { kind: 'layout', path: tree.at('layout'), target: 'v1' },
      own: { kind: 'layout', path: tree.at('layout'), target: undefined },
      git: { kind: 'git', url: 'git@git.example:app' },
    });
  });

  it('says what a context can be', () => {
    expect(() => namedContextLocations({ docs: 'nowhere' }, '/none')).toThrow(
      '--build-context docs: /none/nowhere is not a directory',
    );
  });
});
