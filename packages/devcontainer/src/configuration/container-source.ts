import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { undefinedIfMissing } from '@shale/core/files';
import { DevcontainerInvalidError } from '../devcontainer-error.ts';
import type { BuildProperties, DevcontainerConfiguration, Scalar } from './configuration.ts';
import { insideFolder } from './inside-folder.ts';

export interface DockerfileSource {
  readonly type: 'dockerfile';
  /** Absolute. */
  readonly dockerfile: string;
  /** Absolute. */
  readonly context: string;
  readonly args: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  readonly cacheFrom: readonly string[];
  /** Flags of `docker build`. */
  readonly options: readonly string[];
}

/** What a dev container is made from. */
export type ContainerSource =
  | { readonly type: 'image'; readonly image: string }
  | DockerfileSource
  | { readonly type: 'compose'; readonly files: readonly string[]; readonly service: string }
  | { readonly type: 'none' };

export interface ConfigurationPlace {
  /** Absolute path of the devcontainer.json; what it names is beside it. */
  readonly configurationPath: string;
  /** Absolute; nothing outside of it is named. */
  readonly workspaceFolder: string;
}

/**
 * What the configuration asks to be built or taken: a Dockerfile before compose files before an image.
 * @throws {DevcontainerInvalidError} for a path that leads out of the workspace folder, and a Dockerfile that is not there.
 */
export async function containerSource(
  configuration: DevcontainerConfiguration,
  { configurationPath, workspaceFolder }: ConfigurationPlace,
): Promise<ContainerSource> {
  const beside = (path: string) => insideFolder(workspaceFolder, dirname(configurationPath), path);
  const { build = {}, dockerFile, dockerComposeFile, image, service = '' } = configuration;
  const named = dockerFile ?? build.dockerfile;
  if (named !== undefined) {
    const dockerfile = await beside(named);
    if (!(await stat(dockerfile).catch(undefinedIfMissing))?.isFile()) {
      throw new DevcontainerInvalidError(`There is no Dockerfile ${dockerfile}`, { file: configurationPath });
    }
    const context = dockerFile === undefined ? build.context : configuration.context;
    const folder = context ? await beside(context) : dirname(dockerfile);
    return { type: 'dockerfile', dockerfile, context: folder, ...buildOptions(build) };
  }
  if (dockerComposeFile !== undefined) {
    const files = [dockerComposeFile].flat().map(beside);
    return { type: 'compose', files: await Promise.all(files), service };
  }
  return image ? { type: 'image', image } : { type: 'none' };
}

function buildOptions({ args = {}, target, cacheFrom = [], options = [] }: BuildProperties) {
  return { args: textValues(args), target, cacheFrom: [cacheFrom].flat(), options };
}

/** Numbers and truth values as the text that they are in JSON. */
export function textValues(values: Readonly<Record<string, Scalar>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
