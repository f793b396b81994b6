import { basename } from 'node:path';
import { redactUrl } from '@shale/core';
import { type GitRemote, parseGitRemote } from '@shale/git';

/** The parts of an address of a repository. */
export interface RepositoryAddress extends GitRemote {
  /** The part after `#`; `undefined` means the default branch. */
  readonly ref: string | undefined;
  /** The address without `#…`. It may have credentials. */
  readonly written: string;
}

/**
 * Reads `https://…`, `ssh://…`, `git://…`, `file://…`, `[user@]host:path` and paths, each with an optional `#ref`.
 * `host.example:12345/repo` is ssh, as in envbuilder.
 */
export function parseRepositoryAddress(text: string): RepositoryAddress {
  const trimmed = text.trim();
  const at = trimmed.indexOf('#');
  const written = at < 0 ? trimmed : trimmed.slice(0, at);
  const ref = at < 0 ? undefined : trimmed.slice(at + 1) || undefined;
  return { ref, written, ...parseGitRemote(written) };
}

/** The address without its password, for messages. */
export function describeAddress({ written }: RepositoryAddress): string {
  return redactUrl(written);
}

/** The name of the folder for a clone: the name of the repository without `.git`. A text that is no address gives `empty`. */
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
