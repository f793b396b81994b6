import type { PrivateFiles } from './private-files.ts';

/** How ssh logs in, in place of the user's own settings and keys. */
export interface SshAccess {
  /** @default what the address says */
  readonly username?: string | undefined;
  /** The text of a private key. Without one the agent of `SSH_AUTH_SOCK` is asked. */
  readonly privateKey?: string | undefined;
  /** A file of host keys. Without it every host key is accepted, and reported. */
  readonly knownHosts?: string | undefined;
}

const ACCEPTED_KEYS = 'known_hosts';

/** A command line for `GIT_SSH_COMMAND`. It reads no settings of the user, and asks nobody. */
export function sshCommand({ username, privateKey, knownHosts }: SshAccess, files: PrivateFiles): string {
  const options = [
    'BatchMode=yes',
    'ConnectTimeout=30',
    `StrictHostKeyChecking=${knownHosts === undefined ? 'no' : 'yes'}`,
    `UserKnownHostsFile=${knownHosts ?? files.path(ACCEPTED_KEYS)}`,
    'GlobalKnownHostsFile=/dev/null',
    'HashKnownHosts=no',
    'UpdateHostKeys=no',
    'LogLevel=ERROR',
    ...(privateKey === undefined ? [] : keyOptions(privateKey, files)),
  ];
  if (username !== undefined) options.push(`User=${username}`);
  return ['ssh', '-F', '/dev/null', ...options.flatMap((option) => ['-o', option])].map(quoted).join(' ');
}

/** Host keys that ssh accepted, as `TYPE KEY`. */
export function acceptedHostKeys(files: PrivateFiles): readonly string[] {
  const lines = files.read(ACCEPTED_KEYS)?.split('\n') ?? [];
  return lines.filter((line) => line !== '').map((line) => line.split(' ').slice(1).join(' '));
}

/** ssh wants a key that only its user can read, and mounted secrets are not like that: it gets a copy. */
function keyOptions(privateKey: string, files: PrivateFiles): readonly string[] {
  const path = files.write('key', privateKey.endsWith('\n') ? privateKey : `${privateKey}\n`);
  return [`IdentityFile=${path}`, 'IdentitiesOnly=yes', 'IdentityAgent=none'];
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
