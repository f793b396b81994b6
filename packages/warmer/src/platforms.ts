import { hostPlatform, parsePlatform, type Platform } from '@shale/core';

/**
 * Reads texts of one platform or several; `all` stands for every platform of an image. No text stands for this machine's.
 * @throws {PlatformInvalidError}
 * @example parsePlatforms(['linux/amd64,linux/arm64'])
 */
export function parsePlatforms(texts: readonly string[]): readonly Platform[] | 'all' {
  if (texts.length === 0) return [hostPlatform()];
  if (texts.includes('all')) return 'all';
  return texts.flatMap((text) => text.split(',')).map((text) => parsePlatform(text.trim()));
}

/** The platforms that Dockerfiles are read for: they build for this machine unless some are named. */
export function buildPlatforms(platforms: readonly Platform[] | 'all'): readonly Platform[] {
  return platforms === 'all' ? [hostPlatform()] : platforms;
}
