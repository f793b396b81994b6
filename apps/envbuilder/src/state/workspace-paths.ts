import { join } from 'node:path';

/** Where this program keeps its files: envbuilder's names, and a few of its own. */
export interface WorkspacePaths {
  /** `/.envbuilder`. It stays when the root is replaced. */
  readonly directory: string;
  /** Empty; there after the first successful start. */
  readonly built: string;
  /** The config of the image that was built here, for SKIP_REBUILD. */
  readonly builtConfig: string;
  /** In a pushed image: how its environment starts. */
  readonly image: string;
  /** Clone for REMOTE_REPO_BUILD_MODE. */
  readonly remoteRepository: string;
  /** What the setup script writes. */
  readonly setupEnvironment: string;
  /** A place for a docker config that users may mount. */
  readonly dockerConfig: string;
  /** Why the fallback image was started. */
  readonly fallbackReason: string;
  /** Blobs, layers and trees. */
  readonly state: string;
  /** Keys and certificates, while they are needed. */
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
