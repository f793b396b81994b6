import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallOptions } from '@shale/core';
import { openScratchDirectory, redactUrl, ShaleError } from '@shale/core';
import { plainTree } from '../copy/source-tree.ts';
import { resolveInTree } from '../isolation/scoped-path.ts';
import type { BuildContext } from './context.ts';

export interface GitContextOptions extends CallOptions {
  readonly scratchParent?: string | undefined;
  /** @default false */
  readonly keepGitDirectory?: boolean | undefined;
  /** The commit that must be there: a prefix of at least 7 digits will do. */
  readonly checksum?: string | undefined;
  /** For git: `PATH`, `HOME`, `SSH_AUTH_SOCK` and the like, as the app sees fit. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
}

export class GitFailedError extends ShaleError {
  readonly code = 'GIT_FAILED';
}

/** A repository, and what of it to take: `https://host/repo.git#ref:directory`. */
export interface GitSource {
  readonly url: string;
  /** Branch, tag or commit; `HEAD` without. */
  readonly ref: string;
  readonly directory: string;
}

const SCHEMES = /^(?:https?|ssh|git):\/\//i;
const SCP_FORM = /^[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+:[^:]/;
const REF = /^[A-Za-z0-9_][A-Za-z0-9_./@+-]*$/;

/** @throws {GitFailedError} for transports, refs and directories that could run a program or leave the repository. */
export function parseGitSource(text: string): GitSource {
  const fail = (why: string) =>
    new GitFailedError(`Not a git source: ${redactUrl(text.slice(0, 200))}: ${why}`, {
      hint: 'Write https://host/repository.git#ref:directory.',
    });
  const hash = text.indexOf('#');
  const url = hash < 0 ? text : text.slice(0, hash);
  const [ref = '', directory = ''] = hash < 0 ? [] : splitOnce(text.slice(hash + 1), ':');
  if (/[\s\0]/.test(url) || /[\r\n\0]/.test(text)) throw fail('it has a blank or a line end');
  if (!SCHEMES.test(url) && !SCP_FORM.test(url)) throw fail('only https, http, ssh and git are spoken');
  if (ref !== '' && (!REF.test(ref) || ref.includes('..'))) throw fail('the ref is malformed');
  if (directory.split('/').includes('..')) throw fail('the directory leaves the repository');
  return { url, ref: ref === '' ? 'HEAD' : ref, directory };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** Fetches one commit, without its past. No hook, filter, submodule or configuration of the repository is ever run or read. */
export async function openGitContext(text: string, options: GitContextOptions = {}): Promise<BuildContext> {
  const source = parseGitSource(text);
  const scratch = await openScratchDirectory(options.scratchParent);
  try {
    await fetchCommit(source, scratch.path, options);
    const commit = (await git(['rev-parse', 'HEAD'], scratch.path, options)).trim();
    checkCommit(commit, source, options.checksum);
    const commitTime = Number((await git(['log', '-1', '--format=%ct'], scratch.path, options)).trim());
    if (options.keepGitDirectory !== true) await rm(join(scratch.path, '.git'), { recursive: true, force: true });
    const root = subdirectory(scratch.path, source);
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

async function fetchCommit({ url, ref }: GitSource, directory: string, options: GitContextOptions): Promise<void> {
  await git(['init', '--quiet', '.'], directory, options);
  await git(['fetch', '--quiet', '--depth=1', '--no-tags', '--', url, ref], directory, options);
  await git(['checkout', '--quiet', '--detach', 'FETCH_HEAD'], directory, options);
}

function checkCommit(commit: string, { url }: GitSource, checksum: string | undefined): void {
  if (checksum === undefined) return;
  if (/^[0-9a-f]{7,64}$/.test(checksum) && commit.startsWith(checksum)) return;
  throw new GitFailedError(`expected checksum to match ${checksum}, got ${commit} from ${redactUrl(url)}`);
}

function subdirectory(root: string, { directory, url }: GitSource): string {
  const { existing, missing } = resolveInTree(root, directory);
  if (missing.length === 0) return existing;
  throw new GitFailedError(`${redactUrl(url)} has no directory ${directory}`);
}

const HARDENING = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.symlinks=true',
  'protocol.ext.allow=never',
  'protocol.file.allow=never',
  'submodule.recurse=false',
  'filter.lfs.required=false',
  'filter.lfs.smudge=',
  'filter.lfs.process=',
];
const MAX_MESSAGE = 4096;

function git(args: readonly string[], cwd: string, { signal, environment = {} }: GitContextOptions): Promise<string> {
  const child = spawn('git', [...HARDENING.flatMap((setting) => ['-c', setting]), ...args], {
    cwd,
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      ...environment,
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_NOSYSTEM: '1',
      LC_ALL: 'C',
    },
  });
  let output = '';
  let message = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    if (message.length < MAX_MESSAGE) message += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new GitFailedError(`git could not be started: ${cause.message}`, { cause, hint: 'Install git.' })),
    );
    child.once('close', (status) => {
      if (status === 0) resolve(output);
      else
        reject(
          new GitFailedError(`git ${args[0]} failed: ${redactMessage(message)}`, {
            hint: 'Check the URL, the ref and your access.',
          }),
        );
    });
  });
}

const redactMessage = (message: string) => message.trim().replace(/\S+:\/\/\S+/g, (url) => redactUrl(url));
