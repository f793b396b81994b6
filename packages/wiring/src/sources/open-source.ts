import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BuildContext,
  type DockerfileSource,
  findDockerfile,
  openDirectoryContext,
  openTarContext,
} from '@shale/builder';
import { streamOf } from '@shale/core';
import { ARCHIVE_HEAD_BYTES, looksLikeArchive, peek } from '@shale/core/archive';
import { readDockerfile } from './dockerfile-stream.ts';
import { type GitSettings, openGitLocation } from './git-location.ts';
import { readIgnoreFile } from './ignore-file.ts';
import type { ContextLocation, DirectoryLocation, DockerfileLocation } from './location.ts';

export interface SourceLocations extends GitSettings {
  readonly context: ContextLocation;
  readonly dockerfile?: DockerfileLocation | undefined;
  readonly stateDir?: string | undefined;
}

export interface OpenSource {
  readonly context: BuildContext;
  readonly dockerfile: DockerfileSource;
}

/** The end marker of a tar, which is all zeros. */
const EMPTY_TAR_BYTES = 1024;

/** Opens the context, and reads the Dockerfile in it, beside it or from a stream. @throws {ContextInvalidError} @throws {GitFailedError} */
export async function openSource(locations: SourceLocations): Promise<OpenSource> {
  const { context: location, dockerfile, signal } = locations;
  switch (location.kind) {
    case 'directory':
      return openDirectory(location, locations);
    case 'git':
      return withDockerfile(await openGitLocation(location, locations), dockerfile);
    case 'archive':
      return withDockerfile(await openTarContext(createReadStream(location.path), { signal }), dockerfile);
    case 'stream':
      return openStream(location.open(), locations);
  }
}

async function openDirectory(
  { path, name = path }: DirectoryLocation,
  { dockerfile, stateDir }: SourceLocations,
): Promise<OpenSource> {
  if (!existsSync(path)) openDirectoryContext(path); // says what is wrong with it
  if (dockerfile?.kind === 'stream') {
    const context = openDirectoryContext(path, { ignore: readIgnoreFile(path, { name: '.dockerignore' }), stateDir });
    return { context, dockerfile: await readDockerfile(dockerfile.open()) };
  }
  const found = findDockerfile(path, { name: dockerfile?.path, readIgnore: true, scoped: false });
  const context = openDirectoryContext(path, { ignore: found.ignore, stateDir });
  const shown = dockerfile === undefined ? join(name, found.name) : (dockerfile.name ?? dockerfile.path);
  return { context, dockerfile: { name: shown, text: found.text } };
}

/** An archive is the context; anything else is a Dockerfile that needs none. */
async function openStream(stream: AsyncIterable<Uint8Array>, { dockerfile, signal }: SourceLocations) {
  const { start, all } = await peek(stream, ARCHIVE_HEAD_BYTES);
  if (looksLikeArchive(start)) return withDockerfile(await openTarContext(all, { signal }), dockerfile);
  const context = await openTarContext(streamOf(new Uint8Array(EMPTY_TAR_BYTES)));
  return { context, dockerfile: await readDockerfile(all) };
}

/** The context's files are somebody else's, so the Dockerfile is looked for in it alone. */
async function withDockerfile(context: BuildContext, location: DockerfileLocation | undefined): Promise<OpenSource> {
  try {
    if (location?.kind === 'stream') return { context, dockerfile: await readDockerfile(location.open()) };
    const { name, text } = findDockerfile(context.root, { name: location?.path, readIgnore: false, scoped: true });
    return { context, dockerfile: { name: location?.name ?? name, text } };
  } catch (error) {
    await context[Symbol.asyncDispose]();
    throw error;
  }
}
