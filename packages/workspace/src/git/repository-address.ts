import { basename } from 'node:path';
import { redactUrl } from '@shale/core';

/** How git reaches a repository. */
export type Transport = 'http' | 'ssh' | 'git' | 'file';

/** A repository as the user names it, taken apart. */
export interface RepositoryAddress {
  /** For git, without user and password of the web. */
  readonly url: string;
  readonly transport: Transport;
  /** What followed `#`; `undefined` for the repository's default. */
  readonly ref: string | undefined;
  /** Scheme, host and port of an http address: where its credentials may go. */
  readonly origin: string | undefined;
  /** Of the URL itself. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** As written, without `#…`: may carry credentials. */
  readonly written: string;
}

const SCP_FORM = /^(?:([^@/\s]+)@)?([^:/\s]+|\[[^\]\s]+\]):(?!\/\/)(.*)$/s;

/**
 * Reads `https://…`, `ssh://…`, `git://…`, `file://…`, `[user@]host:path` and paths, each with an optional `#ref`. As in
 * envbuilder `host.example:12345/repo` is ssh.
 */
export function parseRepositoryAddress(text: string): RepositoryAddress {
  const trimmed = text.trim();
  const at = trimmed.indexOf('#');
  const written = at < 0 ? trimmed : trimmed.slice(0, at);
  const ref = at < 0 ? undefined : trimmed.slice(at + 1) || undefined;
  const common = { ref, written, origin: undefined, username: undefined, password: undefined };
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(written)?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return { ...common, ...webAddress(written) };
  if (scheme === 'ssh' || scheme === 'git+ssh' || scheme === 'ssh+git')
    return { ...common, ...sshAddress(written.replace(/^[^:]+:/, 'ssh:')) };
  if (scheme === 'git') return { ...common, url: written, transport: 'git' };
  if (scheme !== undefined || written.startsWith('/') || written.startsWith('.'))
    return { ...common, url: written, transport: 'file' };
  const [, username, , path] = SCP_FORM.exec(written) ?? [];
  if (path === undefined) return { ...common, url: written, transport: 'file' };
  return { ...common, url: written, transport: 'ssh', username };
}

/** For messages. */
export function describeAddress({ written }: RepositoryAddress): string {
  return redactUrl(written);
}

/** The folder a repository is cloned into: its name without `.git`. */
export function repositoryName(url: string | undefined): string {
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

function webAddress(written: string): Omit<RepositoryAddress, 'ref' | 'written'> {
  if (!URL.canParse(written))
    return { url: written, transport: 'http', origin: undefined, username: undefined, password: undefined };
  const url = new URL(written);
  const username = decoded(url.username);
  const password = decoded(url.password);
  const { origin } = url;
  const bare = written.replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1');
  return { url: bare, transport: 'http', origin, username, password };
}

function sshAddress(written: string): Pick<RepositoryAddress, 'url' | 'transport' | 'username'> {
  const username = /^ssh:\/\/(?:([^@/:]*)(?::[^@/]*)?@)/.exec(written)?.[1] || undefined;
  return { url: written, transport: 'ssh', username };
}

function decoded(text: string): string | undefined {
  if (text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
