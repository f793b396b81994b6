import { spawn } from 'node:child_process';
import type { CallOptions } from '@shale/core';
import { redactUrl } from '@shale/core';
import { CloneFailedError } from './git-error.ts';

/** The git that is run. */
export interface GitProgram {
  /** Absolute, or a name to be found in `PATH` of `env`. */
  readonly path: string;
  /** All that git and its helpers see, besides what a call adds. */
  readonly env: Readonly<Record<string, string>>;
}

export interface RunGitOptions extends CallOptions {
  readonly cwd: string;
  readonly git: GitProgram;
  /** `-c` by environment: names and values, which no other process may read from a command line. */
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Each line of progress, without the repetitions that a terminal overwrites. */
  readonly onLine?: ((line: string) => void) | undefined;
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const MAX_MESSAGE_LINES = 40;

/** Nothing asks, nothing of the system or the user is read, and nothing that a repository brings is run. */
const SETTINGS: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.askPass', ''],
  ['credential.helper', ''],
  ['safe.directory', '*'],
  ['protocol.version', '2'],
  ['protocol.ext.allow', 'never'],
  ['advice.detachedHead', 'false'],
  ['init.defaultBranch', 'main'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['submodule.recurse', 'false'],
];

/** Runs git and gives what it printed. @throws {CloneFailedError} with git's own words */
export function runGit(args: readonly string[], options: RunGitOptions): Promise<string> {
  const { cwd, git, settings, env = {}, onLine, signal } = options;
  signal?.throwIfAborted();
  const child = spawn(git.path, [...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...git.env, ...env, ...settingVariables([...SETTINGS, ...settings]), ...QUIET },
    detached: true, // its helpers die with it
  });
  const stop = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  };
  signal?.addEventListener('abort', stop, { once: true });
  const output: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes <= MAX_OUTPUT_BYTES) output.push(chunk);
  });
  const lines: string[] = [];
  let rest = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = (parts.pop() ?? '').slice(-4096);
    for (const line of parts.map(lastOverwritten).filter((part) => part !== '')) {
      lines.push(line);
      if (lines.length > MAX_MESSAGE_LINES) lines.shift();
      onLine?.(line);
    }
  });
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(cannotStart(git, cause)));
    child.once('close', (status) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted === true) reject(signal.reason as Error);
      else if (status === 0) resolve(Buffer.concat(output).toString());
      else reject(failure(args, status, [...lines, lastOverwritten(rest)].join('\n').trim()));
    });
  });
}

const QUIET = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_OPTIONAL_LOCKS: '0',
  LC_ALL: 'C',
} as const;

/** @see https://git-scm.com/docs/git-config#ENVIRONMENT */
function settingVariables(settings: readonly (readonly [string, string])[]): Record<string, string> {
  const pairs = settings.flatMap(([name, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, name],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return Object.fromEntries([['GIT_CONFIG_COUNT', String(settings.length)], ...pairs]) as Record<string, string>;
}

function lastOverwritten(line: string): string {
  return line.replace(/\r$/, '').split('\r').at(-1)?.trimEnd() ?? '';
}

function cannotStart(git: GitProgram, cause: Error): CloneFailedError {
  return new CloneFailedError(`git cannot be started: ${cause.message}`, {
    cause,
    hint: `There must be a git program at ${git.path}.`,
  });
}

/** The texts that scripts look for, before git's own. */
function failure(args: readonly string[], status: number | null, message: string): CloneFailedError {
  const words = message.replace(/[a-z+]+:\/\/[^\s'"]+/gi, (url) => redactUrl(url)) || `it ended with ${status}`;
  const command = args.find((arg) => !arg.startsWith('-') && !arg.includes('=')) ?? '';
  if (
    /Authentication failed|could not read (?:Username|Password)|(?:error|code)[: ]+40[13]\b|HTTP 40[13]/i.test(message)
  )
    return new CloneFailedError(`authentication required: git ${command}: ${words}`, {
      hint: 'Set ENVBUILDER_GIT_USERNAME and ENVBUILDER_GIT_PASSWORD, or check them.',
    });
  if (/Permission denied \(|Host key verification failed|Too many authentication failures|invalid format/.test(message))
    return new CloneFailedError(`ssh: handshake failed: git ${command}: ${words}`, {
      hint: 'Check the private key, and SSH_KNOWN_HOSTS if it is set.',
    });
  return new CloneFailedError(`git ${command}: ${words}`, { hint: 'Check the URL, the ref and the network.' });
}
