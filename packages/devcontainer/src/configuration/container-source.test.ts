import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containerSource } from './container-source.ts';
import { dockerfileBase } from './dockerfile-base.ts';

const scratch = await openScratchDirectory();
const workspaceFolder = scratch.path;
const home = join(workspaceFolder, '.devcontainer');
const place = { configurationPath: join(home, 'devcontainer.json'), workspaceFolder };
beforeAll(async () => {
  await mkdir(home);
  await writeFile(join(home, 'D'), 'FROM a');
  await writeFile(join(workspaceFolder, 'D'), 'FROM a');
});
afterAll(() => scratch[Symbol.asyncDispose]());

describe('containerSource()', () => {
  it('takes a Dockerfile before compose files before an image', async () => {
    const image = { image: 'debian' };
    const compose = { dockerComposeFile: ['../c.yml'], service: 's', ...image };
    expect(await containerSource({}, place)).toEqual({ type: 'none' });
    expect(await containerSource(image, place)).toEqual({ type: 'image', image: 'debian' });
    expect(await containerSource(compose, place)).toEqual({
      type: 'compose',
      files: [join(workspaceFolder, 'c.yml')],
      service: 's',
    });
    const built = { build: { dockerfile: 'D', args: { N: 1 }, cacheFrom: 'x' }, ...compose };
    expect(await containerSource(built, place)).toEqual({
      type: 'dockerfile',
      dockerfile: join(home, 'D'),
      context: home,
      args: { N: '1' },
      target: undefined,
      cacheFrom: ['x'],
      options: [],
    });
  });

  it.each([
    [{ build: { dockerfile: '../D' } }, '.'],
    [{ build: { dockerfile: 'D', context: '..' } }, '.'],
    [{ dockerFile: 'D', context: '..' }, '.'],
    [{ dockerFile: 'D', build: { context: '..' } }, '.devcontainer'],
  ])('finds the context of %j in %s', async (configuration, context) => {
    expect(await containerSource(configuration, place)).toMatchObject({ context: join(workspaceFolder, context) });
  });

  it('refuses what is not there, or outside', async () => {
    await expect(containerSource({ dockerFile: 'Gone' }, place)).rejects.toThrow('There is no Dockerfile');
    await expect(containerSource({ dockerFile: '../../x' }, place)).rejects.toThrow('leads out of');
    await expect(containerSource({ dockerFile: 'D', context: '/etc' }, place)).rejects.toThrow('leads out of');
  });
});

describe('dockerfileBase()', () => {
  const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };

  it.each([
    ['FROM a', 'a'],
    ['FROM scratch', undefined],
    ['FROM a AS b\nFROM B AS c\nFROM c', 'a'],
    ['ARG X=a\nFROM ${X}-$TARGETARCH', 'a-arm64'],
    ['FROM a AS a\nFROM a', 'a'],
  ])('finds what %j stands on', (text, base) => {
    expect(dockerfileBase(text, { platform })).toBe(base);
  });

  it('follows a target and arguments, and refuses a target that is no stage', () => {
    const text = 'ARG V=1\nFROM a:$V AS One\nFROM b';
    expect(dockerfileBase(text, { platform, target: 'one', args: { V: '2' } })).toBe('a:2');
    expect(() => dockerfileBase(text, { platform, target: 'two' })).toThrow('has no stage "two"');
  });
});
