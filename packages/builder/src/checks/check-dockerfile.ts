import type { Platform, ShaleError } from '@shale/core';
import type { Finding } from '@shale/dockerfile-parser/lint';
import type { NamedContext } from '../graph/context.ts';
import type { DockerfileSource } from '../graph/dockerfile-source.ts';
import type { KnownImages } from './known-images.ts';

/** What build checks use besides the Dockerfile itself. */
export interface CheckFacts {
  readonly target: string | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** At least one. */
  readonly platforms: readonly Platform[];
  readonly namedContexts: ReadonlyMap<string, NamedContext>;
  readonly images: Pick<KnownImages, 'get'>;
  /** Whether the ignore file leaves a path of the context out. */
  readonly ignores: (path: string) => boolean;
}

export interface CheckedDockerfile {
  /** For every platform, each once, in the order of their lines. */
  readonly findings: readonly Finding[];
  /** Set when there are findings, and the file or a build argument calls them errors. */
  readonly violation: ShaleError | undefined;
}

/** Runs the build checks. @throws {DockerfileError} when the Dockerfile or one of its directives cannot be read. */
export async function checkDockerfile(dockerfile: DockerfileSource, facts: CheckFacts): Promise<CheckedDockerfile> {
  const { lintDockerfile } = await loadChecks();
  return lintDockerfile(dockerfile, facts);
}

/** Loads the code of the checks: most builds need it late, or not at all. */
export function loadChecks(): Promise<typeof import('./lint-dockerfile.ts')> {
  return import('./lint-dockerfile.ts');
}
