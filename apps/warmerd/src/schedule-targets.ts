import { readFile } from 'node:fs/promises';
import { hostPlatform, parseReference, type Platform } from '@shale/core';
import { devcontainerImages, dockerfileImages, parseImageList, parsePlatforms, type WarmTarget } from '@shale/warmer';
import type { ScheduleConfig } from './config.ts';

/** What a schedule keeps warm, by its files as they are now. */
export async function scheduleTargets(schedule: ScheduleConfig): Promise<readonly WarmTarget[]> {
  const platforms = platformsOf(schedule);
  const targets: WarmTarget[] = schedule.images.map((image) => ({ reference: parseReference(image), platforms }));
  for (const path of schedule.lists) targets.push(...parseImageList(await readFile(path, 'utf8'), platforms));
  for (const platform of platforms === 'all' ? [hostPlatform()] : platforms) {
    for (const { path, buildArgs } of schedule.dockerfiles) {
      targets.push(...dockerfileImages(await readFile(path, 'utf8'), { file: path, buildArgs, platform }));
    }
    for (const path of schedule.devcontainers) targets.push(...(await devcontainerImages(path, { platform })));
  }
  return targets;
}

function platformsOf({ platforms }: ScheduleConfig): readonly Platform[] | 'all' {
  if (platforms === undefined) return [hostPlatform()];
  const parsed = platforms.map(parsePlatforms);
  return parsed.includes('all') ? 'all' : parsed.flatMap((list) => (list === 'all' ? [] : list));
}
