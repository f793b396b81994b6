import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatReference, parseReference } from '@shale/core';
import type { WorkspacePaths } from '../state/workspace-paths.ts';
import type { FoundSource } from './build-source.ts';

/** Starts an image as it is, for when nothing can be built. @throws {ReferenceInvalidError} */
export function fallbackSource(image: string, { directory }: WorkspacePaths): FoundSource {
  const contextDirectory = join(directory, 'empty');
  mkdirSync(contextDirectory, { recursive: true });
  const text = `FROM ${formatReference(parseReference(image))}\n`;
  return { plan: { dockerfile: { name: 'fallback image', text }, contextDirectory, ignore: [] } };
}
