import { join } from 'node:path';

/** The files of this program. Most names are envbuilder's. */
export interface WorkspacePaths {
  /** `/.envbuilder`. It keeps its content when the root is replaced. */
  readonly directory: string;
  /** An empty file that the first successful start makes. */
  readonly built: string;
  /** User and environment of the image that was built here, for SKIP_REBUILD. */
  readonly builtConfig: string;
  /** User and environment of a pushed image. */
  readonly image: string;
  /** The clone of REMOTE_REPO_BUILD_MODE. */
  readonly remoteRepository: string;
  /** What the setup script writes. */
  readonly setupEnvironment: string;
  /** A docker config, if the user mounts one. */
  readonly dockerConfig: string;
  /** A file with the reason why the fallback image was started. */
  readonly fallbackReason: string;
  /** Blobs, layers and trees. */
  readonly state: string;
  /** Keys and certificates while git runs. */
  readonly secrets: string;
}

export const MAGIC_DIRECTORY = '/.envbuilder';

/** @param directory @default '/.envbuilder' */
export function workspacePaths(directory: string = MAGIC_DIRECTORY): WorkspacePaths {
  return {
    directory,
    built: join(directory, 'built'),
    builtConfig: join(directory, 'built-image.json'),
    image: join(directory, 'image'),
    remoteRepository: join(directory, 'repo'),
    setupEnvironment: join(directory, 'environ'),
    dockerConfig: join(directory, 'config.json'),
    fallbackReason: join(directory, 'fallback-reason'),
    state: join(directory, 'state'),
    secrets: join(directory, 'tmp'),
  };
}
