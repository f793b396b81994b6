import { detectSyntax } from '@shale/dockerfile-parser';
import type { ProgressListener } from '@shale/core';
import type { DockerfileSource } from '../graph/dockerfile-source.ts';

/** References of docker/dockerfile, with or without the registry. */
const OWN = /^(?:(?:docker\.io|registry-1\.docker\.io)\/)?docker\/dockerfile(?:-upstream)?(?:[:@].*)?$/;

export interface FrontendOptions {
  readonly dockerfile: DockerfileSource;
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/**
 * Warns when `# syntax=` or BUILDKIT_SYNTAX names another frontend: shale runs no frontends, so syntax beyond
 * docker/dockerfile may fail.
 */
export function warnOfFrontend({ dockerfile: { name: file, text }, buildArgs, onProgress }: FrontendOptions): void {
  const syntax = buildArgs?.['BUILDKIT_SYNTAX'] || detectSyntax(text);
  if (syntax === undefined || OWN.test(syntax)) return;
  const line = text.split('\n').findIndex((content) => content.includes(syntax)) + 1;
  onProgress?.({
    type: 'warning',
    code: 'frontend-not-run',
    message: `shale runs no frontends: it ignores ${syntax} and reads the file as docker/dockerfile does`,
    ...(line > 0 && { place: { file, line } }),
  });
}
