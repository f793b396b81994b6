import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import type { RepositoryAddress } from './repository-address.ts';

/** What git may use to get at a repository. */
export interface GitAccess {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** A private key's text. Without one the agent of `SSH_AUTH_SOCK` is asked. */
  readonly sshPrivateKey?: string | undefined;
  /** A file of host keys; without it every host key is accepted, and told. */
  readonly sshKnownHosts?: string | undefined;
  readonly proxy?: string | undefined;
  /** PEM certificates to trust besides the usual ones. */
  readonly certificate?: string | undefined;
  /** Do not verify certificates. */
  readonly insecure?: boolean | undefined;
}

/** Settings and variables for git, and the private files behind them, which go when it is disposed. */
export interface GitSession extends Disposable {
  readonly settings: readonly (readonly [string, string])[];
  readonly env: Readonly<Record<string, string>>;
  /** Host keys that were accepted since the last call, as `TYPE KEY`. */
  newHostKeys(): readonly string[];
}

/** @param privateDir A folder for files that only this user may read; made when missing. */
export function openGitSession(address: RepositoryAddress, access: GitAccess, privateDir: string): GitSession {
  mkdirSync(privateDir, { recursive: true, mode: 0o700 });
  const directory = mkdtempSync(join(privateDir, 'git-'));
  chmodSync(directory, 0o700);
  const ssh = sshCommand(address, access, directory);
  const acceptedKeys = join(directory, 'known_hosts');
  const told = new Set<string>();
  return {
    settings: [...webSettings(address, access), ...certificateSettings(address, access, directory)],
    env: ssh === undefined ? {} : { GIT_SSH_COMMAND: ssh, GIT_SSH_VARIANT: 'ssh' },
    newHostKeys() {
      const fresh = readLines(acceptedKeys).filter((key) => !told.has(key));
      fresh.forEach((key) => told.add(key));
      return fresh;
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** A header for one origin only: git sends it nowhere else, and writes it nowhere. */
function webSettings(address: RepositoryAddress, access: GitAccess): (readonly [string, string])[] {
  const settings: (readonly [string, string])[] = [];
  if (access.proxy !== undefined) settings.push(['http.proxy', access.proxy]);
  if (access.insecure === true) settings.push(['http.sslVerify', 'false']);
  const { username = '', password = '' } = credentialsOf(address, access);
  if (address.origin !== undefined && (username !== '' || password !== '')) {
    const basic = Buffer.from(`${username}:${password}`).toString('base64');
    settings.push([`http.${address.origin}/.extraHeader`, `Authorization: Basic ${basic}`]);
  }
  return settings;
}

/** The options win over what the URL says, as in envbuilder. */
function credentialsOf(address: RepositoryAddress, access: GitAccess): Pick<GitAccess, 'username' | 'password'> {
  return access.username === undefined && access.password === undefined ? address : access;
}

function certificateSettings(
  { transport }: RepositoryAddress,
  { certificate }: GitAccess,
  directory: string,
): (readonly [string, string])[] {
  if (transport !== 'http') return [];
  const bundle = join(directory, 'authorities.pem');
  const extra = certificate === undefined ? [] : [certificate];
  writeFileSync(bundle, [...getCACertificates('default'), ...extra].join('\n'));
  return [['http.sslCAInfo', bundle]];
}

function sshCommand({ transport }: RepositoryAddress, access: GitAccess, directory: string): string | undefined {
  if (transport !== 'ssh') return undefined;
  const hosts = access.sshKnownHosts ?? join(directory, 'known_hosts');
  const options = [
    'BatchMode=yes',
    'ConnectTimeout=30',
    `StrictHostKeyChecking=${access.sshKnownHosts === undefined ? 'no' : 'yes'}`,
    `UserKnownHostsFile=${hosts}`,
    'GlobalKnownHostsFile=/dev/null',
    'HashKnownHosts=no',
    'UpdateHostKeys=no',
    'LogLevel=ERROR',
    ...keyOptions(access, directory),
  ];
  if (access.username !== undefined) options.push(`User=${access.username}`);
  return ['ssh', '-F', '/dev/null', ...options.flatMap((option) => ['-o', option])].map(quoted).join(' ');
}

/** ssh wants a key that only its user can read, and mounted secrets are not like that: it gets a copy. */
function keyOptions({ sshPrivateKey }: GitAccess, directory: string): readonly string[] {
  if (sshPrivateKey === undefined) return [];
  const path = join(directory, 'key');
  writeFileSync(path, sshPrivateKey.endsWith('\n') ? sshPrivateKey : `${sshPrivateKey}\n`, { mode: 0o600 });
  return [`IdentityFile=${path}`, 'IdentitiesOnly=yes', 'IdentityAgent=none'];
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function readLines(path: string): readonly string[] {
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => line.split(' ').slice(1).join(' '));
  } catch {
    return [];
  }
}
