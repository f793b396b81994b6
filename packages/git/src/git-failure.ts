import { redactUrl } from '@shale/core';
import { GitFailedError, type GitFailureReason } from './git-failed-error.ts';

export interface EndedGit {
  readonly args: readonly string[];
  /** `undefined` or `null` for one that a signal ended. */
  readonly status: number | null;
  readonly message: string;
  /** Texts that no message may have. */
  readonly secrets: readonly string[];
}

const NO_PROGRAM_STATUS = 127; // of a shell
const REASONS: readonly (readonly [GitFailureReason, RegExp])[] = [
  [
    'authentication',
    /Authentication failed|could not read (?:Username|Password)|(?:error|code)[: ]+40[13]\b|HTTP 40[13]/i,
  ],
  [
    'handshake',
    /Permission denied \(|Host key verification failed|Too many authentication failures|Load key .*invalid format/,
  ],
  ['reference-missing', /Remote branch .* not found|couldn't find remote ref/],
  ['shallow-unsupported', /does not support shallow/],
  ['other-hash', /mismatched algorithms/],
];
/** Texts that scripts look for. They precede git's own. */
const PREFIXES: Partial<Record<GitFailureReason, string>> = {
  authentication: 'authentication required: ',
  handshake: 'ssh: handshake failed: ',
};
const HINTS: Partial<Record<GitFailureReason, string>> = {
  authentication: 'Check the user name and the password or token, and whether they may read the repository.',
  handshake: 'Check the private key, and the known host keys.',
};

/** The error for a git that failed. */
export function gitFailure({ args, status, message, secrets }: EndedGit): GitFailedError {
  if (status === NO_PROGRAM_STATUS) return noProgram();
  const reason = REASONS.find(([, pattern]) => pattern.test(message))?.[0] ?? 'other';
  const command = args.find((arg) => !arg.startsWith('-')) ?? '';
  const words = withoutSecrets(oneLine(plain(message)), secrets) || `it ended with ${status ?? 'a signal'}`;
  return new GitFailedError(`${PREFIXES[reason] ?? ''}git ${command} failed: ${words}`, {
    reason,
    hint: HINTS[reason] ?? 'Check the URL, the ref and your access.',
  });
}

/** The error for a git that could not be started. */
export function startFailure(cause: Error): GitFailedError {
  if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return noProgram(cause);
  return new GitFailedError(`git cannot be started: ${cause.message}`, { cause });
}

function noProgram(cause?: Error): GitFailedError {
  const hint = 'Install git, or use a directory or a tar.';
  return new GitFailedError('There is no program git here', { hint, reason: 'no-program', cause });
}

/** Replaces git's complaint about a prompt: nobody can be asked here. */
function plain(message: string): string {
  return message.replace(
    /^fatal: could not read (?:Username|Password) for ('[^']*').*$/m,
    'no credentials that $1 accepts were given',
  );
}

const PROGRESS =
  /^(?:Cloning into |From |remote: (?:Enumerating|Counting|Compressing|Total|Finding|Getting)|(?:Receiving|Resolving|Unpacking|Updating|Filtering) )/;
const ADVICE = /^(?:Please make sure you have the correct access rights|and the repository exists\.)$/;

/** Joins the lines that say what is wrong: scripts read the first line only. */
function oneLine(message: string): string {
  const lines = message.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !PROGRESS.test(line) && !ADVICE.test(line)).join('; ');
}

/** git and servers repeat what they received. */
function withoutSecrets(message: string, secrets: readonly string[]): string {
  const cleaned = secrets
    .filter((secret) => secret !== '')
    .reduce((text, secret) => text.replaceAll(secret, '***'), message);
  return cleaned.replace(/[a-z+]+:\/\/[^\s'"]+/gi, (url) => redactUrl(url));
}
