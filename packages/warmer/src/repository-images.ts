import { readFile, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { undefinedIfMissing } from '@shale/core/files';
import { devcontainerImages } from './devcontainer-images.ts';
import { dockerfileImages, type DockerfileImagesOptions } from './dockerfile-images.ts';
import { repositoryFile } from './repository-file.ts';
import type { WarmTarget } from './warm-plan.ts';

export interface RepositoryImagesOptions extends Omit<DockerfileImagesOptions, 'file'> {
  /** Paths below the root. @default `Dockerfile` and `Containerfile`, if they exist */
  readonly dockerfiles?: readonly string[] | undefined;
  /** Paths below the root. @default those in the specification, if they exist */
  readonly devcontainers?: readonly string[] | undefined;
}

const DOCKERFILES = ['Dockerfile', 'Containerfile'];
const DEVCONTAINERS = ['.devcontainer/devcontainer.json', '.devcontainer.json'];

/**
 * The images that the Dockerfiles and devcontainer.json files of a checked-out repository refer to. The files are not trusted:
 * a link that leads out of the repository is refused.
 * @throws {RepositoryFileMissingError} @throws {DockerfileError} @throws {DevcontainerInvalidError}
 * @see https://containers.dev/implementors/spec/#devcontainerjson
 */
export async function repositoryImages(
  root: string,
  options: RepositoryImagesOptions = {},
): Promise<readonly WarmTarget[]> {
  const base = await realpath(root);
  const dockerfiles = options.dockerfiles ?? (await existing(base, DOCKERFILES));
  const devcontainers = options.devcontainers ?? (await existing(base, [...DEVCONTAINERS, ...(await nested(base))]));
  const targets: WarmTarget[] = [];
  for (const file of dockerfiles) {
    const text = await readFile(await repositoryFile(base, file), 'utf8');
    targets.push(...dockerfileImages(text, { ...options, file }));
  }
  for (const file of devcontainers) {
    targets.push(...(await devcontainerImages(await repositoryFile(base, file), { ...options, root: base })));
  }
  return targets;
}

/** `.devcontainer/<folder>/devcontainer.json`. */
async function nested(base: string): Promise<readonly string[]> {
  const entries = await readdir(join(base, '.devcontainer'), { withFileTypes: true }).catch(undefinedIfMissing);
  const folders = (entries ?? []).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return folders.toSorted().map((name) => join('.devcontainer', name, 'devcontainer.json'));
}

async function existing(base: string, files: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(files.map((file) => realpath(join(base, file)).catch(undefinedIfMissing)));
  return files.filter((_, index) => found[index] !== undefined);
}
