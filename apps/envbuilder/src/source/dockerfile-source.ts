import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findDockerfile } from '@shale/builder';
import { ShaleError } from '@shale/core';
import type { BuildSource } from './build-source.ts';

/** The Dockerfile cannot be read. */
export class SourceInvalidError extends ShaleError {
  readonly code = 'CONTEXT_INVALID';
}

/** Builds `DOCKERFILE_PATH`. Its context is `BUILD_CONTEXT_PATH`, by default the whole checkout. */
export const dockerfileSource: BuildSource = {
  name: 'Dockerfile',
  async find({ options, repository }) {
    const { dockerfilePath, buildContextPath } = options;
    if (dockerfilePath === undefined) return undefined;
    const path = join(repository, dockerfilePath);
    if (!existsSync(path)) {
      throw new SourceInvalidError(`no Dockerfile or devcontainer.json found: there is no ${path}`, {
        hint: 'DOCKERFILE_PATH is relative to the workspace folder.',
      });
    }
    const contextDirectory = join(repository, buildContextPath ?? '.');
    const found = findDockerfile(contextDirectory, { name: path, readIgnore: true, scoped: false });
    return {
      plan: { dockerfile: { name: dockerfilePath, text: found.text }, contextDirectory, ignore: found.ignore },
    };
  },
};
