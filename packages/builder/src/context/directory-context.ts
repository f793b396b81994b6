import { realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ignoreMatcher } from '@shale/dockerfile-parser';
import { fingerprintOf } from '../tree/fingerprint.ts';
import type { BuildContext } from '../graph/context.ts';
import { ContextInvalidError } from '../graph/context.ts';
import { openStatCache } from './stat-cache.ts';

export interface DirectoryContextOptions {
  /** Rules of a `.dockerignore`, as `parseIgnoreFile` reads them. @default [] */
  readonly ignore?: readonly string[] | undefined;
  /** State folder of builds. It keeps hashes of files between builds; without it every build reads every file. */
  readonly stateDir?: string | undefined;
}

/**
 * Opens a directory. Files are read only when a step needs them, and never copied.
 * @throws {ContextInvalidError}
 * @example
 * await using context = openDirectoryContext('.', { ignore: ['node_modules'], stateDir: '/var/lib/shale' });
 */
export function openDirectoryContext(
  path: string,
  { ignore = [], stateDir }: DirectoryContextOptions = {},
): BuildContext {
  const root = checkedRoot(path);
  const { ignores, mayReinclude } = ignoreMatcher(ignore);
  const cache = stateDir === undefined ? undefined : openStatCache(join(stateDir, 'stat-cache'), root);
  return {
    kind: 'directory',
    root,
    files: {
      root,
      hidesSome: ignore.length > 0,
      ignores,
      mayReinclude,
      fingerprint: (file, host, stats) =>
        cache === undefined ? fingerprintOf(host) : cache.valueOf(file, stats, () => fingerprintOf(host)),
    },
    async [Symbol.asyncDispose]() {
      cache?.save();
    },
  };
}

function checkedRoot(path: string): string {
  const hint = 'Name a directory, a tar archive, a git URL, or - for a tar on standard input.';
  try {
    const root = realpathSync(path);
    if (statSync(root).isDirectory()) return root;
  } catch (cause) {
    throw new ContextInvalidError(`The build context ${path} cannot be read: ${(cause as Error).message}`, {
      cause,
      hint,
    });
  }
  throw new ContextInvalidError(`The build context ${path} is not a directory`, { hint });
}
