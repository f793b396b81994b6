import { detectSyntax } from '@shale/dockerfile-parser';
import type { BuildOptions } from '../build/build-options.ts';

/** The frontends whose language this builder speaks, with the registry left out or named. */
const OWN = /^(?:(?:docker\.io|registry-1\.docker\.io)\/)?docker\/dockerfile(?:-upstream)?(?:[:@].*)?$/;

/** Warns of `# syntax=`, or the build argument in its place, for another frontend: none is run here, so that its language may not be understood. */
export function warnOfFrontend({ dockerfile: { name: file, text }, buildArgs, onProgress }: BuildOptions): void {
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
