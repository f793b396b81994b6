import { type CallOptions, redactUrl } from '@shale/core';
import { GitFailedError } from './git-failed-error.ts';
import { parseGitRemote } from './git-remote.ts';
import { openGitSession, type OpenGitSessionOptions } from './git-session.ts';
import { isAbbreviatedCommit, isFullCommit, parseGitSource } from './git-source.ts';

/**
 * Asks the server which commit a ref names. A ref that is a commit is returned as it is.
 * @param text As `parseGitSource` reads it.
 * @throws {GitFailedError}
 */
export async function resolveGitCommit(
  text: string,
  { signal, ...options }: OpenGitSessionOptions & CallOptions = {},
): Promise<string> {
  const { url, ref } = parseGitSource(text);
  if (isFullCommit(ref)) return ref;
  const remote = parseGitRemote(url);
  using session = openGitSession(remote, options);
  const args = ['--git-dir=/dev/null', 'ls-remote', '--', remote.url, ref, `${ref}^{}`];
  const lines = await session.remote(args, { cwd: '/', signal });
  const commits = new Map(lines.split('\n').flatMap((line) => entryOf(line)));
  const names = [`${ref}^{}`, ref, `refs/tags/${ref}^{}`, `refs/tags/${ref}`, `refs/heads/${ref}`];
  const found = names.map((name) => commits.get(name)).find((commit) => commit !== undefined);
  if (found !== undefined) return found;
  if (isAbbreviatedCommit(ref)) return ref;
  throw new GitFailedError(`${redactUrl(url)} has no branch or tag ${ref}`);
}

function entryOf(line: string): [string, string][] {
  const [commit, name] = line.split('\t');
  return commit === undefined || name === undefined ? [] : [[name, commit]];
}
