import type { PrivateFiles } from './private-files.ts';

/** How ssh logs in. It replaces the settings and keys of the user. */
export interface SshAccess {
  /** @default the user name in the address */
  readonly username?: string | undefined;
  /** The text of a private key. @default the agent of `SSH_AUTH_SOCK` */
  readonly privateKey?: string | undefined;
  /** A file of host keys. Without it every host key is accepted and reported. */
  readonly knownHosts?: string | undefined;
}

const ACCEPTED_KEYS = 'known_hosts';

/** The command line for `GIT_SSH_COMMAND`. This ssh reads no settings of the user and never prompts. */
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

/** ssh refuses keys that others can read, as mounted secrets are. It gets a copy. */
function keyOptions(privateKey: string, files: PrivateFiles): readonly string[] {
  const path = files.write('key', privateKey.endsWith('\n') ? privateKey : `${privateKey}\n`);
  return [`IdentityFile=${path}`, 'IdentitiesOnly=yes', 'IdentityAgent=none'];
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
