import { isAbsolute, join, resolve } from 'node:path';

export interface EnvbuilderPlaceOptions {
  /** Absolute, or relative to the workspace folder. @default '.devcontainer' */
  readonly directory?: string | undefined;
  /** Absolute, or relative to the directory. @default 'devcontainer.json' */
  readonly jsonPath?: string | undefined;
}

export interface EnvbuilderPlace {
  /** Of the devcontainer.json, absolute. */
  readonly path: string;
  /** What relative paths in the file start from; the file itself may be elsewhere. */
  readonly directory: string;
}

/** Where envbuilder's options place a devcontainer.json; without any of them it is searched for. */
export function envbuilderPlace(workspaceFolder: string, options: EnvbuilderPlaceOptions): EnvbuilderPlace | undefined {
  const { directory, jsonPath } = options;
  if (!directory && !jsonPath) return undefined;
  const folder = resolve(workspaceFolder, directory || '.devcontainer');
  const path = jsonPath || 'devcontainer.json';
  return { path: isAbsolute(path) ? path : join(folder, path), directory: folder };
}
