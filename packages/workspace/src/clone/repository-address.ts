import { basename } from 'node:path';
import { redactUrl } from '@shale/core';
import { type GitRemote, parseGitRemote } from '@shale/git';

/** A repository as the user names it, taken apart. */
export interface RepositoryAddress extends GitRemote {
  /** What followed `#`; `undefined` for the repository's default. */
  readonly ref: string | undefined;
  /** As written, without `#…`: may have credentials. */
  readonly written: string;
}

/**
 * Reads `https://…`, `ssh://…`, `git://…`, `file://…`, `[user@]host:path` and paths, each with an optional `#ref`. As in
 * envbuilder `host.example:12345/repo` is ssh.
 */
export function parseRepositoryAddress(text: string): RepositoryAddress {
  const trimmed = text.trim();
  const at = trimmed.indexOf('#');
  const written = at < 0 ? trimmed : trimmed.slice(0, at);
  const ref = at < 0 ? undefined : trimmed.slice(at + 1) || undefined;
  return { ref, written, ...parseGitRemote(written) };
}

/** For messages. */
export function describeAddress({ written }: RepositoryAddress): string {
  return redactUrl(written);
}

/** The folder a repository is cloned into: its name without `.git`; `empty` for what is no address at all, as in envbuilder. */
export function repositoryName(url: string | undefined): string {
  if (!/[:/]/.test(url ?? '')) return 'empty';
  const written = parseRepositoryAddress(url ?? '')
    .written.replace(/[?].*$/, '')
    .replace(/\/+$/, '');
  const path = /^[a-z][a-z0-9+.-]*:\/\//i.test(written) ? pathOfUrl(written) : written.replace(/^[^/]*:/, '');
  const name = basename(path).replace(/\.git$/, '');
  return name === '' || name === '.' || name === '..' ? 'empty' : name;
}

function pathOfUrl(written: string): string {
  try {
    return decodeURIComponent(new URL(written).pathname);
  } catch {
    return '';
  }
}
