import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatReference } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';
import { repositoryImages } from './repository-images.ts';

async function openRepository(files: Readonly<Record<string, string>>) {
  const scratch = await openScratchDirectory();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(scratch.path, name, '..'), { recursive: true });
    await writeFile(join(scratch.path, name), content);
  }
  return scratch;
}

async function imagesOf(root: string, options: Parameters<typeof repositoryImages>[1] = {}) {
  return (await repositoryImages(root, options)).map(({ reference }) => formatReference(reference));
}

it('repositoryImages() finds Dockerfiles and dev containers where they usually are, or where it is told', async () => {
  await using repository = await openRepository({
    Dockerfile: 'ARG V=12\nFROM debian:$V\n',
    '.devcontainer/devcontainer.json': '{ "build": { "dockerfile": "../docker/dev.Dockerfile" } } // comment',
    '.devcontainer/go/devcontainer.json': '{ "image": "golang:1.24" }',
    'docker/dev.Dockerfile': 'FROM node:24\n',
  });
  expect(await imagesOf(repository.path, { buildArgs: { V: '13' } })).toEqual([
    'docker.io/library/debian:13',
    'docker.io/library/node:24',
    'docker.io/library/golang:1.24',
  ]);
  expect(await imagesOf(repository.path, { dockerfiles: ['docker/dev.Dockerfile'], devcontainers: [] })).toEqual([
    'docker.io/library/node:24',
  ]);
  await expect(imagesOf(repository.path, { dockerfiles: ['absent'] })).rejects.toThrow('There is no absent');
});

it('repositoryImages() reads nothing outside the repository', async () => {
  await using outside = await openRepository({ secret: 'FROM secret\n' });
  await using repository = await openRepository({
    '.devcontainer.json': `{ "build": { "dockerfile": "${join('..', outside.path.split('/').at(-1) ?? '', 'secret')}" } }`,
  });
  await expect(imagesOf(repository.path)).rejects.toThrow('leads out of the repository');
  await symlink(join(outside.path, 'secret'), join(repository.path, 'Dockerfile'));
  await expect(imagesOf(repository.path)).rejects.toThrow('leads out of the repository');
});
