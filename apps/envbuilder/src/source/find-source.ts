import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkspaceOptions } from '../options/option-table.ts';
import type { BuildSource, FoundSource } from './build-source.ts';
import { SourceInvalidError } from './dockerfile-source.ts';

export interface FindSourceOptions {
  readonly options: WorkspaceOptions;
  /** They are asked in order. */
  readonly sources: readonly BuildSource[];
  /** The checkout. */
  readonly repository: string;
}

/** @returns what the repository describes; `undefined` for nothing @throws {SourceInvalidError} */
export async function findSource({
  options,
  sources,
  repository,
}: FindSourceOptions): Promise<FoundSource | undefined> {
  for (const source of sources) {
    const found = await source.find({ options, repository });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** @throws {SourceInvalidError} also when the repository describes nothing */
export async function requireSource(options: FindSourceOptions): Promise<FoundSource> {
  const found = await findSource(options);
  if (found === undefined) throw nothingFound(options.repository);
  return found;
}

function nothingFound(repository: string): SourceInvalidError {
  const devcontainer = ['.devcontainer/devcontainer.json', '.devcontainer.json', 'devcontainer.json'].find((name) =>
    existsSync(join(repository, name)),
  );
  const why = devcontainer === undefined ? '' : `: ${devcontainer} is there, and dev containers are not built yet`;
  return new SourceInvalidError(`no Dockerfile or devcontainer.json found${why}`, {
    hint: 'Set ENVBUILDER_DOCKERFILE_PATH to the path of a Dockerfile in the repository.',
  });
}
