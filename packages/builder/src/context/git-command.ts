import { spawn } from 'node:child_process';
import type { CallOptions } from '@shale/core';
import { redactUrl } from '@shale/core';
import { hostShell } from '../host/host-program.ts';
import { GitFailedError } from './git-source.ts';

export interface GitCommandOptions extends CallOptions {
  readonly cwd: string;
  /** `PATH`, `HOME`, `SSH_AUTH_SOCK` and the like; `GIT_…` of it is not passed on, but for `GIT_SSH_COMMAND`. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Said to this web server only. It is nowhere on a command line, where others could read it. */
  readonly header?: { readonly origin: string; readonly text: string } | undefined;
}

/** Nothing that a repository brings may start a program, and no other transport may be reached by way of it. */
const HARDENING = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.symlinks=true',
  'core.autocrlf=false',
  'core.attributesFile=/dev/null',
  'log.showSignature=false',
  'core.protectHFS=true',
  'core.protectNTFS=true',
  'protocol.allow=never',
  'protocol.http.allow=always',
  'protocol.https.allow=always',
  'protocol.ssh.allow=always',
  'protocol.git.allow=always',
  'submodule.recurse=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'advice.detachedHead=false',
  'init.defaultBranch=main',
  'filter.lfs.required=false',
  'filter.lfs.smudge=',
  'filter.lfs.process=',
];
/** Of git's own variables; which transports there are may be narrowed. */
const PASSED: ReadonlySet<string> = new Set(['GIT_SSH_COMMAND', 'GIT_ALLOW_PROTOCOL']);
const MAX_OUTPUT_BYTES = 64 * 1024;
const KILL_SIGNAL = 'SIGTERM';

/**
 * Runs git and gives what it printed. It asks nobody, reads no configuration of the system or of a repository that it
 * did not make, and makes files of mode 0644 and 0755.
 * @throws {GitFailedError}
 */
export function runGit(
  args: readonly string[],
  { cwd, environment = {}, header, signal }: GitCommandOptions,
): Promise<string> {
  signal?.throwIfAborted();
  const settings = HARDENING.flatMap((setting) => ['-c', setting]);
  const child = spawn(hostShell(), ['-c', 'umask 022; exec git "$@"', 'git', ...settings, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...gitEnvironment(environment), ...headerSetting(header) },
    detached: true, // its helpers die with it
  });
  const stop = () => child.pid !== undefined && process.kill(-child.pid, KILL_SIGNAL);
  signal?.addEventListener('abort', stop, { once: true });
  const output = collect(child.stdout);
  const message = collect(child.stderr);
  return new Promise<string>((resolve, reject) => {
    child.once('error', (cause) => reject(new GitFailedError(`git cannot be started: ${cause.message}`, { cause })));
    child.once('close', (status) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(signal.reason as Error);
      else if (status === 0) resolve(output());
      else reject(failure(args, status, message()));
    });
  });
}

function headerSetting(header: GitCommandOptions['header']): Record<string, string> {
  if (header === undefined) return {};
  const name = `http.${header.origin}/.extraHeader`;
  return { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: name, GIT_CONFIG_VALUE_0: header.text };
}

function gitEnvironment(environment: Readonly<Record<string, string>>): Record<string, string> {
  const passed = Object.entries(environment).filter(([name]) => !name.startsWith('GIT_') || PASSED.has(name));
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
    ...Object.fromEntries(passed),
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/true',
    GIT_CONFIG_NOSYSTEM: '1',
    LC_ALL: 'C',
  };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < MAX_OUTPUT_BYTES) chunks.push(chunk);
    bytes += chunk.byteLength;
  });
  return () => Buffer.concat(chunks).toString().slice(0, MAX_OUTPUT_BYTES);
}

function failure(args: readonly string[], status: number | null, message: string): GitFailedError {
  if (status === 127)
    return new GitFailedError('There is no program git here', { hint: 'Install git, or use a directory or a tar.' });
  const command = args.find((arg) => !arg.startsWith('-'));
  const why = withoutSecrets(message.trim(), args) || `it ended with ${status ?? 'a signal'}`;
  return new GitFailedError(`git ${command} failed: ${why}`, { hint: 'Check the URL, the ref and your access.' });
}

/** git repeats URLs and parts of them, with the credentials in them. */
function withoutSecrets(message: string, args: readonly string[]): string {
  const credentials = args.flatMap((arg) => /^[a-z+]+:\/\/([^/?#]*)@/i.exec(arg)?.[1] ?? []);
  const secrets = credentials.flatMap((text) => [`${text}@`, text, ...text.split(':').slice(1)]);
  const spelled = secrets.flatMap((secret) => [secret, decoded(secret)]).filter((secret) => secret !== '');
  const cleaned = spelled.reduce((text, secret) => text.replaceAll(secret, ''), message);
  return cleaned.replace(/[a-z+]+:\/\/[^\s'"]+/gi, (url) => redactUrl(url));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
