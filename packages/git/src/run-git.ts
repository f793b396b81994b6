import { type ChildProcess, spawn } from 'node:child_process';
import type { CallOptions } from '@shale/core';
import { gitFailure, startFailure } from './git-failure.ts';
import { GitFailedError } from './git-failed-error.ts';
import { type GitSetting, HARDENING, settingVariables } from './git-settings.ts';
import { progressLines } from './progress-lines.ts';

/** The git program, and what it sees of the environment. */
export interface GitProgram {
  /** An absolute path, or a name in the `PATH` of `env`. @default 'git' */
  readonly path?: string | undefined;
  /** `PATH`, `HOME`, `SSH_AUTH_SOCK`, proxies. `GIT_…` is not passed on, but for `GIT_SSH_COMMAND` and `GIT_ALLOW_PROTOCOL`. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** A shell, which runs git with umask 022: its files have modes 0644 and 0755. @default git gets the umask of this process */
  readonly shell?: string | undefined;
  /** Whether commands that talk to a server may read `~/.gitconfig`, for credential helpers and proxies. @default false */
  readonly readsUserSettings?: boolean | undefined;
}

export interface RunGitOptions extends CallOptions {
  readonly cwd: string;
  readonly program?: GitProgram | undefined;
  /** Added to the hardening. */
  readonly settings?: readonly GitSetting[] | undefined;
  /** Added to the environment of the program. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Whether `~/.gitconfig` is read: only for commands that change no file of a work tree. @default false */
  readonly readsUserSettings?: boolean | undefined;
  /** Texts that no message may have. */
  readonly secrets?: readonly string[] | undefined;
  /** Called for each line of progress, without the parts that a terminal would overwrite. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** @default 64 MiB */
  readonly maxOutputBytes?: number | undefined;
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const MAX_MESSAGE_LINES = 40;
const PASSED: ReadonlySet<string> = new Set(['GIT_SSH_COMMAND', 'GIT_ALLOW_PROTOCOL']);

/**
 * Runs git and returns its output. git never prompts, runs nothing of a repository, and reads no settings of the system.
 * @throws {GitFailedError}
 */
export function runGit(args: readonly string[], options: RunGitOptions): Promise<string> {
  const { cwd, program = {}, secrets = [], onLine, maxOutputBytes = MAX_OUTPUT_BYTES, signal } = options;
  signal?.throwIfAborted();
  const [command, before] = commandOf(program);
  const child = spawn(command, [...before, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environmentOf(options),
    detached: true, // a signal to the group ends its helpers too
  });
  const stop = () => stopGroup(child);
  signal?.addEventListener('abort', stop, { once: true });
  const output: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes > maxOutputBytes) stop();
    else output.push(chunk);
  });
  const lines: string[] = [];
  const read = progressLines((line) => {
    lines.push(line);
    if (lines.length > MAX_MESSAGE_LINES) lines.shift();
    onLine?.(line);
  });
  child.stderr.setEncoding('utf8').on('data', read.text).once('end', read.end);
  return new Promise<string>((resolve, reject) => {
    child.once('error', (cause) => reject(startFailure(cause)));
    child.once('close', (status) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted === true) reject(signal.reason as Error);
      else if (bytes > maxOutputBytes) reject(new GitFailedError(`git printed more than ${maxOutputBytes} bytes`));
      else if (status === 0) resolve(Buffer.concat(output).toString());
      else reject(gitFailure({ args, status, message: lines.join('\n'), secrets }));
    });
  });
}

function commandOf({ path = 'git', shell }: GitProgram): [string, readonly string[]] {
  return shell === undefined ? [path, []] : [shell, ['-c', 'umask 022; exec "$0" "$@"', path]];
}

function environmentOf(options: RunGitOptions): Readonly<Record<string, string>> {
  const { program = {}, settings = [], env = {}, readsUserSettings = false } = options;
  const passed = Object.entries(program.env ?? {}).filter(([name]) => !name.startsWith('GIT_') || PASSED.has(name));
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
    ...Object.fromEntries(passed),
    ...env,
    ...settingVariables([...HARDENING, ...settings]),
    ...(!readsUserSettings && { GIT_CONFIG_GLOBAL: '/dev/null' }),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '', // else git would use SSH_ASKPASS
    GIT_OPTIONAL_LOCKS: '0',
    LC_ALL: 'C',
  };
}

function stopGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ESRCH: it has ended
  }
}
