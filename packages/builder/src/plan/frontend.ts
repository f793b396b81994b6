import { detectSyntax } from '@shale/dockerfile-parser';
import type { ProgressListener } from '@shale/core';
import type { DockerfileSource } from '../graph/dockerfile-source.ts';

/** The frontends whose language this builder speaks, with the registry left out or named. */
const OWN = /^(?:(?:docker\.io|registry-1\.docker\.io)\/)?docker\/dockerfile(?:-upstream)?(?:[:@].*)?$/;

export interface FrontendOptions {
  readonly dockerfile: DockerfileSource;
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** Warns of `# syntax=`, or the build argument in its place, for another frontend: none is run here, so that its language may not be understood. */
export function warnOfFrontend({ dockerfile: { name: file, text }, buildArgs, onProgress }: FrontendOptions): void {
  const syntax = buildArgs?.['BUILDKIT_SYNTAX'] || detectSyntax(text);
  if (syntax === undefined || OWN.test(syntax)) return;
  const line = text.split('\n').findIndex((content) => content.includes(syntax)) + 1;
  onProgress?.({
    type: 'warning',
    code: 'frontend-not-run',
    message: `The frontend ${syntax} is not run: the file is read as docker/dockerfile reads it`,
    ...(line > 0 && { place: { file, line } }),
  });
}
