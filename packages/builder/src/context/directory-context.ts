import { realpathSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ignoreMatcher } from '@shale/dockerfile-parser';
import { hashContent } from '../copy/source-tree.ts';
import type { BuildContext } from './context.ts';
import { ContextInvalidError } from './context.ts';
import { openStatCache } from './stat-cache.ts';

export interface DirectoryContextOptions {
  /** Rules of a `.dockerignore`, as `parseIgnoreFile` reads them. */
  readonly ignore?: readonly string[] | undefined;
  /** The folder of builds' private files: keeps the hashes of files between builds. Without it every file is read. */
  readonly stateDir?: string | undefined;
}

/** @throws {ContextInvalidError} */
export function openDirectoryContext(
  path: string,
  { ignore = [], stateDir }: DirectoryContextOptions = {},
): BuildContext {
  const root = checkedRoot(path);
  const matcher = ignoreMatcher(ignore);
  const cache = stateDir === undefined ? undefined : openStatCache(join(stateDir, 'stat-cache'), root);
  return {
    kind: 'directory',
    root,
    files: {
      root,
      ...matcher,
      hashFile: (host, stats) =>
        cache?.hashOf(relative(root, host), stats, () => hashContent(host)) ?? hashContent(host),
    },
    async [Symbol.asyncDispose]() {
      cache?.save();
    },
  };
}

function checkedRoot(path: string): string {
  try {
    const root = realpathSync(path);
    if (statSync(root).isDirectory()) return root;
  } catch (cause) {
    throw new ContextInvalidError(`The build context ${path} cannot be read: ${(cause as Error).message}`, {
      cause,
      hint: 'Name a directory, a tar archive, a git URL, or - for a tar on standard input.',
    });
  }
  throw new ContextInvalidError(`The build context ${path} is not a directory`);
}
