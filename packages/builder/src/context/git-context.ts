import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CallOptions, redactUrl } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { checkOutCommit, GitFailedError, type GitSource, parseGitSource } from '@shale/git';
import type { BuildContext } from '../graph/context.ts';
import { findPath, rootOf } from '../tree/find-path.ts';
import { plainTree } from '../tree/source-tree.ts';
import { type GitSettings, hostGit } from './host-git.ts';

export interface GitContextOptions extends GitSettings, CallOptions {
  /** The parent of the checkout. @default the temporary directory of the system */
  readonly scratchParent?: string | undefined;
  /** Keeps `.git`, with one commit. `keep-git-dir` of the source overrides this. @default false */
  readonly keepGitDirectory?: boolean | undefined;
  /** The expected commit, or a prefix of at least 7 digits. */
  readonly checksum?: string | undefined;
}

/**
 * Fetches one commit without its history. Ignores hooks, filters, submodules and settings of the repository.
 * @param text As `parseGitSource` reads it.
 * @throws {GitFailedError}
 * @example
 * await using context = await openGitContext('https://example.com/team/app.git#v1.2:docker');
 */
export async function openGitContext(text: string, options: GitContextOptions = {}): Promise<BuildContext> {
  const source = parseGitSource(text);
  const scratch = await openScratchDirectory(options.scratchParent);
  try {
    const directory = join(scratch.path, 'context'); // readable by all users, for steps that mount it
    await mkdir(directory, { mode: 0o755 });
    const { checksum, keepGitDirectory, signal } = options;
    const call = { directory, checksum, keepGitDirectory, signal };
    const { commitTime } = await checkOutCommit(source, { ...call, ...hostGit(options) });
    const root = subdirectory(directory, source);
    return {
      kind: 'git',
      root,
      files: plainTree(root),
      commitTime,
      [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
    };
  } catch (error) {
    await scratch[Symbol.asyncDispose]();
    throw error;
  }
}

function subdirectory(root: string, { directory, url }: GitSource): string {
  const tree = plainTree(root);
  const found = findPath(tree, rootOf(tree), directory);
  if (found?.stats.isDirectory() === true) return found.host;
  throw new GitFailedError(`${redactUrl(url)} has no directory ${directory}`);
}
