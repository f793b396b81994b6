import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CallOptions, redactUrl } from '@shale/core';
import { GitFailedError } from './git-failed-error.ts';
import { parseGitRemote } from './git-remote.ts';
import { type GitSession, openGitSession, type OpenGitSessionOptions } from './git-session.ts';
import { type GitSource, isAbbreviatedCommit } from './git-source.ts';

export interface CheckOutCommitOptions extends OpenGitSessionOptions, CallOptions {
  /** The path of an empty directory. */
  readonly directory: string;
  /** The expected commit, or at least its first 7 digits. The source may expect one too. */
  readonly checksum?: string | undefined;
  /** Keep `.git` with one commit in it. `keep-git-dir` of the source wins. @default false */
  readonly keepGitDirectory?: boolean | undefined;
}

/** The commit in the directory. */
export interface CheckedOutCommit {
  readonly commit: string;
  /** The time of the committer, in seconds since the epoch. */
  readonly commitTime: number;
}

/**
 * Fetches one commit, without its history, and checks it out. No hook, filter, submodule or setting of the repository is
 * run or read.
 * @throws {GitFailedError}
 */
export async function checkOutCommit(source: GitSource, options: CheckOutCommitOptions): Promise<CheckedOutCommit> {
  const { directory, checksum, keepGitDirectory = false, signal } = options;
  const remote = parseGitRemote(source.url);
  using session = openGitSession(remote, options);
  const work: Work = { session, url: remote.url, ref: source.ref, call: { cwd: directory, signal } };
  await fetchAndCheckOut(work);
  const [commit = '', time = ''] = (await session.local(['log', '-1', '--format=%H %ct'], work.call)).trim().split(' ');
  for (const wanted of [checksum, source.checksum]) checkCommit(commit, source, wanted);
  await tidy(work, source.keepGitDirectory ?? keepGitDirectory);
  return { commit, commitTime: Number(time) };
}

interface Work {
  readonly session: GitSession;
  readonly url: string;
  readonly ref: string;
  readonly call: { readonly cwd: string; readonly signal: AbortSignal | undefined };
}

async function fetchAndCheckOut(work: Work): Promise<void> {
  await init('sha1', work);
  try {
    await fetchRef(work);
  } catch (error) {
    // only a fetch tells which hash a repository uses
    if (!(error instanceof GitFailedError) || error.reason !== 'other-hash') throw error;
    await rm(join(work.call.cwd, '.git'), { recursive: true });
    await init('sha256', work);
    await fetchRef(work);
  }
}

/** Uses no template, because templates can have hooks. */
async function init(algorithm: 'sha1' | 'sha256', { session, call }: Work): Promise<void> {
  await session.local(['init', '--quiet', '--template=', `--object-format=${algorithm}`, '.'], call);
}

async function fetchRef({ session, url, ref, call }: Work): Promise<void> {
  const fetch = async (...args: string[]) => {
    await session.remote(['fetch', '--quiet', '--no-recurse-submodules', ...args], call);
  };
  const checkOut = (commit: string) => session.local(['checkout', '--quiet', '--detach', commit], call);
  try {
    await fetch('--depth=1', '--no-tags', '--', url, ref).catch((error: unknown) => {
      // a plain web server serves files: git has to fetch all of them
      if (!(error instanceof GitFailedError) || error.reason !== 'shallow-unsupported') throw error;
      return fetch('--no-tags', '--', url, ref);
    });
    await checkOut('FETCH_HEAD');
  } catch (error) {
    // servers need not serve commits by name, and none serves abbreviated names
    if (!isAbbreviatedCommit(ref) || call.signal?.aborted) throw error;
    await fetch('--', url, '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*');
    await checkOut(`${ref}^{commit}`);
  }
}

function checkCommit(commit: string, { url }: GitSource, checksum: string | undefined): void {
  if (checksum === undefined) return;
  if (isAbbreviatedCommit(checksum) && commit.startsWith(checksum)) return;
  throw new GitFailedError(`expected checksum to match ${checksum}, got ${commit} from ${redactUrl(url)}`);
}

/** Removes what depends on this machine or the time from `.git`. A new index has no times of files. */
async function tidy({ session, call }: Work, keepsGitDirectory: boolean): Promise<void> {
  const gone = keepsGitDirectory ? ['.git/FETCH_HEAD', '.git/logs', '.git/index'] : ['.git'];
  for (const path of gone) await rm(join(call.cwd, path), { recursive: true, force: true });
  if (keepsGitDirectory) await session.local(['read-tree', 'HEAD'], call);
}
