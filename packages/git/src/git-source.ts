import { redactUrl } from '@shale/core';
import { GitFailedError } from './git-failed-error.ts';

/** A repository, and the part of it to take. */
export interface GitSource {
  readonly url: string;
  /** A branch, tag or commit for `git fetch`; `HEAD` if none is named. */
  readonly ref: string;
  /** Relative to the root of the repository; `''` means all of it. */
  readonly directory: string;
  /** The expected commit, or a prefix of it. */
  readonly checksum: string | undefined;
  readonly keepGitDirectory: boolean | undefined;
}

const SCHEME = /^(https?|ssh|git):\/\/(?!-)[^\s/]/i;
const SCP_FORM = /^[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9_][A-Za-z0-9_.-]*:(?![:-])[^\s]/;
/** What git allows in a name, except what it reads as an option, a refspec or a pattern. */
const REF = /^(?![-+/])(?!.*(?:\.\.|@\{|\/\/))[^\p{Cc}\s~^:?*[\\]+(?<![/.]|\.lock)$/u;
const COMMIT = /^[0-9a-f]{7,64}$/;

/** Whether ADD treats a text as a repository. The path of a web address must end in `.git`. */
export function isGitSource(text: string): boolean {
  if (/^(?:git|ssh):\/\//i.test(text)) return true;
  return SCP_FORM.test(text) || /^https?:\/\/[^#?]*\.git(?:[#?].*)?$/i.test(text);
}

/**
 * Reads `https://host/repo.git#ref:directory`, `git@host:repo.git#…`, and what Docker takes after `?`: `ref`, `branch`,
 * `tag`, `subdir`, `checksum` (or `commit`) and `keep-git-dir`.
 * @see https://docs.docker.com/build/concepts/context/#git-repositories
 * @throws {GitFailedError} for transports, refs and directories that could run a program or leave the repository.
 */
export function parseGitSource(text: string): GitSource {
  const { url, query, fragment } = splitSource(text);
  const fail = (why: string) =>
    new GitFailedError(`Not a git source: ${redactUrl(text.slice(0, 200))}: ${why}`, {
      hint: 'Write https://host/repository.git#ref:directory.',
    });
  if (/[\s\0]/.test(url) || /[\r\n\0]/.test(text)) throw fail('it has a blank or a line end');
  if (!SCHEME.test(url) && !SCP_FORM.test(url)) throw fail('only https, http, ssh and git are supported');
  const source = { url, ...wanted(query, fragment, fail) };
  if (!REF.test(source.ref.replace(/^refs\/(?:heads|tags)\//, ''))) throw fail('the ref is malformed');
  if (source.directory.split('/').includes('..')) throw fail('the directory leaves the repository');
  if (source.checksum !== undefined && !isAbbreviatedCommit(source.checksum)) throw fail('the checksum is no commit');
  return source;
}

function splitSource(text: string): { url: string; query: string; fragment: string } {
  const [address, fragment] = splitOnce(text, '#');
  const [url, query] = splitOnce(address, '?');
  return { url, query, fragment };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function wanted(query: string, fragment: string, fail: (why: string) => GitFailedError): Omit<GitSource, 'url'> {
  if (query !== '' && fragment !== '') throw fail('what follows # and what follows ? exclude each other');
  const [ref, directory] = splitOnce(fragment, ':');
  const options = new Map(new URLSearchParams(query));
  const take = (name: string) => {
    const value = options.get(name);
    options.delete(name);
    return value || undefined;
  };
  const refs = [take('ref'), prefixed('refs/heads/', take('branch')), prefixed('refs/tags/', take('tag'))];
  const [named, ...others] = refs.filter((name) => name !== undefined);
  if (others.length > 0) throw fail('ref, branch and tag exclude each other');
  const source = {
    ref: (named ?? ref) || 'HEAD',
    directory: take('subdir') ?? directory,
    checksum: take('checksum') ?? take('commit'),
    keepGitDirectory: asFlag(take('keep-git-dir'), fail),
  };
  const [unknown] = options.keys();
  if (unknown !== undefined) throw fail(`unexpected query "${unknown}"`);
  return source;
}

const prefixed = (prefix: string, name: string | undefined) => (name === undefined ? undefined : `${prefix}${name}`);

function asFlag(text: string | undefined, fail: (why: string) => GitFailedError): boolean | undefined {
  if (text === undefined) return undefined;
  if (text === '1' || text === 'true') return true;
  if (text === '0' || text === 'false') return false;
  throw fail('keep-git-dir is true or false');
}

export const isFullCommit = (ref: string): boolean => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref);
export const isAbbreviatedCommit = (ref: string): boolean => COMMIT.test(ref);
