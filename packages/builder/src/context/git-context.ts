import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallOptions } from '@shale/core';
import { openScratchDirectory, redactUrl } from '@shale/core';
import { findPath, rootOf } from '../tree/find-path.ts';
import { plainTree } from '../tree/source-tree.ts';
import type { BuildContext } from '../graph/context.ts';
import { type GitCommandOptions, runGit } from './git-command.ts';
import type { GitSource } from './git-source.ts';
import { GitFailedError, parseGitSource } from './git-source.ts';

export interface GitContextOptions extends CallOptions {
  /** Where to check out. @default the system's directory for temporary files */
  readonly scratchParent?: string | undefined;
  /** Keep `.git` with one commit in it. The source's own `keep-git-dir` goes first. @default false */
  readonly keepGitDirectory?: boolean | undefined;
  /** The commit that must be there: a prefix of at least 7 digits will do. */
  readonly checksum?: string | undefined;
  /** For git: `PATH`, `HOME`, `SSH_AUTH_SOCK` and the like, as the app sees fit. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** For a web server: the header of that name. */
  readonly authorization?: string | undefined;
}

/**
 * Fetches one commit, without its past. No hook, filter, submodule or configuration of the repository is ever run or read.
 * @param text As `parseGitSource` reads it.
 * @throws {GitFailedError}
 * @example
 * await using context = await openGitContext('https://example.com/team/app.git#v1.2:docker');
 */
export async function openGitContext(text: string, options: GitContextOptions = {}): Promise<BuildContext> {
  const source = parseGitSource(text);
  const scratch = await openScratchDirectory(options.scratchParent);
  try {
    const checkout = join(scratch.path, 'context'); // unlike the private one readable, for steps that mount it
    await mkdir(checkout, { mode: 0o755 });
    const { environment, authorization, signal } = options;
    const command = { cwd: checkout, environment, header: headerFor(source, authorization), signal };
    await checkOut(source, command);
    const commit = (await runGit(['rev-parse', 'HEAD'], command)).trim();
    for (const checksum of [options.checksum, source.checksum]) checkCommit(commit, source, checksum);
    const commitTime = Number((await runGit(['log', '-1', '--format=%ct'], command)).trim());
    await tidy(source.keepGitDirectory ?? options.keepGitDirectory ?? false, command);
    const root = subdirectory(checkout, source);
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

/**
 * The commit that a ref stands for just now, or the ref itself where it is a commit already: what a cache key needs to
 * know of a repository.
 * @throws {GitFailedError}
 */
export async function resolveGitCommit(
  text: string,
  { environment, authorization, signal }: Pick<GitContextOptions, 'environment' | 'authorization' | 'signal'> = {},
): Promise<string> {
  const source = parseGitSource(text);
  const { url, ref } = source;
  const command = { cwd: '/', environment, header: headerFor(source, authorization), signal };
  if (isFullCommit(ref)) return ref;
  const lines = await runGit(['--git-dir=/dev/null', 'ls-remote', '--', url, ref, `${ref}^{}`], command);
  const commits = new Map(lines.split('\n').flatMap((line) => entryOf(line)));
  const names = [`${ref}^{}`, ref, `refs/tags/${ref}^{}`, `refs/tags/${ref}`, `refs/heads/${ref}`];
  const found = names.map((name) => commits.get(name)).find((commit) => commit !== undefined);
  if (found !== undefined) return found;
  if (isAbbreviatedCommit(ref)) return ref;
  throw new GitFailedError(`${redactUrl(url)} has no branch or tag ${ref}`);
}

function headerFor({ url }: GitSource, authorization: string | undefined): GitCommandOptions['header'] {
  return authorization === undefined
    ? undefined
    : { origin: new URL(url).origin, text: `Authorization: ${authorization}` };
}

function entryOf(line: string): [string, string][] {
  const [commit, name] = line.split('\t');
  return commit === undefined || name === undefined ? [] : [[name, commit]];
}

const isFullCommit = (ref: string) => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref);
const isAbbreviatedCommit = (ref: string) => /^[0-9a-f]{7,64}$/.test(ref);

async function checkOut(source: GitSource, command: GitCommandOptions): Promise<void> {
  await init('sha1', command);
  try {
    await fetchRef(source, command);
  } catch (error) {
    // only the answer to a fetch says that a repository has other hashes
    if (!(error instanceof GitFailedError) || !/mismatched algorithms/.test(error.message)) throw error;
    await rm(join(command.cwd, '.git'), { recursive: true });
    await init('sha256', command);
    await fetchRef(source, command);
  }
}

/** Without a template, which could hold hooks. */
async function init(algorithm: 'sha1' | 'sha256', command: GitCommandOptions): Promise<void> {
  await runGit(['init', '--quiet', '--template=', `--object-format=${algorithm}`, '.'], command);
}

async function fetchRef({ url, ref }: GitSource, command: GitCommandOptions): Promise<void> {
  const fetch = async (...args: string[]) => {
    await runGit(['fetch', '--quiet', '--no-recurse-submodules', ...args], command);
  };
  try {
    await fetch('--depth=1', '--no-tags', '--', url, ref).catch((error: unknown) => {
      // files behind a plain web server: git can only take all of them
      if (!(error instanceof GitFailedError) || !/dumb http transport/.test(error.message)) throw error;
      return fetch('--no-tags', '--', url, ref);
    });
    await runGit(['checkout', '--quiet', '--detach', 'FETCH_HEAD'], command);
  } catch (error) {
    // servers need not give commits by name, and none knows an abbreviated one
    if (!isAbbreviatedCommit(ref) || command.signal?.aborted) throw error;
    await fetch('--', url, '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*');
    await runGit(['checkout', '--quiet', '--detach', `${ref}^{commit}`], command);
  }
}

function checkCommit(commit: string, { url }: GitSource, checksum: string | undefined): void {
  if (checksum === undefined) return;
  if (/^[0-9a-f]{7,64}$/.test(checksum) && commit.startsWith(checksum)) return;
  throw new GitFailedError(`expected checksum to match ${checksum}, got ${commit} from ${redactUrl(url)}`);
}

/** What is kept of `.git` names neither this machine nor the hour: a new index knows files by content alone. */
async function tidy(keepsGitDirectory: boolean, command: GitCommandOptions): Promise<void> {
  const gone = keepsGitDirectory ? ['.git/FETCH_HEAD', '.git/logs', '.git/index'] : ['.git'];
  for (const path of gone) await rm(join(command.cwd, path), { recursive: true, force: true });
  if (keepsGitDirectory) await runGit(['read-tree', 'HEAD'], command);
}

function subdirectory(root: string, { directory, url }: GitSource): string {
  const tree = plainTree(root);
  const found = findPath(tree, rootOf(tree), directory);
  if (found?.stats.isDirectory() === true) return found.host;
  throw new GitFailedError(`${redactUrl(url)} has no directory ${directory}`);
}
