import { readFile } from 'node:fs/promises';
import { messageOf, parseReference, type Platform } from '@shale/core';
import {
  buildPlatforms,
  devcontainerImages,
  dockerfileImages,
  parseImageList,
  parsePlatforms,
  repositoryImages,
  type WarmTarget,
} from '@shale/warmer';
import type { RepositoryConfig, ScheduleConfig } from './config.ts';
import type { Checkouts } from './checkouts.ts';

export interface ScheduleTargetsOptions {
  readonly checkouts: Checkouts;
  readonly signal: AbortSignal;
}

export interface ScheduleTargets {
  readonly targets: readonly WarmTarget[];
  /** Why some files or repositories of the schedule could not be read. */
  readonly errors: readonly string[];
}

/** Reads the images of a schedule from its files and repositories. A source that cannot be read does not hide the others. */
export async function scheduleTargets(
  schedule: ScheduleConfig,
  { checkouts, signal }: ScheduleTargetsOptions,
): Promise<ScheduleTargets> {
  const targets: WarmTarget[] = [];
  const errors: string[] = [];
  for (const source of sourcesOf(schedule, checkouts)) {
    try {
      targets.push(...(await source(signal)));
    } catch (error) {
      signal.throwIfAborted();
      errors.push(messageOf(error));
    }
  }
  return { targets, errors };
}

type Source = (signal: AbortSignal) => Promise<readonly WarmTarget[]>;

function sourcesOf(schedule: ScheduleConfig, checkouts: Checkouts): readonly Source[] {
  const platforms = parsePlatforms(schedule.platforms ?? []);
  const platformsBuilt = buildPlatforms(platforms);
  const images = schedule.images.map((image) => ({ reference: parseReference(image), platforms }));
  const forEach = (read: (platform: Platform) => Promise<readonly WarmTarget[]>) => async () =>
    (await Promise.all(platformsBuilt.map(read))).flat();
  return [
    async () => images,
    ...schedule.lists.map((path) => async () => parseImageList(await readFile(path, 'utf8'), platforms)),
    ...schedule.dockerfiles.map(({ path, buildArgs }) =>
      forEach(async (platform) => dockerfileImages(await readFile(path, 'utf8'), { file: path, buildArgs, platform })),
    ),
    ...schedule.devcontainers.map((path) => forEach((platform) => devcontainerImages(path, { platform }))),
    ...schedule.repositories.map((repository) => async (signal: AbortSignal) => {
      const read = (root: string) => readRepository(root, repository, platformsBuilt);
      const key = JSON.stringify([repository, platformsBuilt]);
      return checkouts.read(repository.url, { key, read, signal });
    }),
  ];
}

/** The local files that name images of a schedule. */
export function watchedFiles({ lists, dockerfiles, devcontainers }: ScheduleConfig): readonly string[] {
  return [...lists, ...devcontainers, ...dockerfiles.map(({ path }) => path)];
}

async function readRepository(
  root: string,
  { dockerfiles, devcontainers, buildArgs }: RepositoryConfig,
  platforms: readonly Platform[],
): Promise<readonly WarmTarget[]> {
  const found = await Promise.all(
    platforms.map((platform) => repositoryImages(root, { dockerfiles, devcontainers, buildArgs, platform })),
  );
  return found.flat();
}
