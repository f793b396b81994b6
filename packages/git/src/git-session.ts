import { tmpdir } from 'node:os';
import { credentialsFor, type WebCredentials } from './git-credentials.ts';
import type { GitRemote } from './git-remote.ts';
import type { GitSetting } from './git-settings.ts';
import { PrivateFiles } from './private-files.ts';
import { type GitProgram, runGit, type RunGitOptions } from './run-git.ts';
import { acceptedHostKeys, type SshAccess, sshCommand } from './ssh-command.ts';

/** Credentials and network settings for a repository. */
export interface GitAccess extends WebCredentials {
  /** @default the `GIT_SSH_COMMAND` of the environment, else the user's own settings and keys */
  readonly ssh?: SshAccess | undefined;
  readonly proxy?: string | undefined;
  /** PEM certificates, which replace those of the machine. */
  readonly certificates?: string | undefined;
  /** Trust any certificate. @default false */
  readonly insecure?: boolean | undefined;
}

export interface OpenGitSessionOptions {
  readonly program?: GitProgram | undefined;
  readonly access?: GitAccess | undefined;
  /** For keys and certificates while git runs. @default the temporary directory of the system */
  readonly privateDir?: string | undefined;
}

type SessionCall = Pick<RunGitOptions, 'cwd' | 'onLine' | 'signal'>;

/** git with access to one repository. Its files are removed on disposal. */
export interface GitSession extends Disposable {
  /** Runs a command that talks to the server. @throws {GitFailedError} */
  remote(args: readonly string[], call: SessionCall): Promise<string>;
  /** Runs a command on local files, without credentials and settings of the user. @throws {GitFailedError} */
  local(args: readonly string[], call: SessionCall): Promise<string>;
  /** Host keys that were accepted since the last call, as `TYPE KEY`. */
  newHostKeys(): readonly string[];
}

/** @throws {GitFailedError} for credentials that have a line end */
export function openGitSession(
  remote: GitRemote,
  { program, access = {}, privateDir = tmpdir() }: OpenGitSessionOptions = {},
): GitSession {
  const credentials = credentialsFor(remote, access);
  const files = new PrivateFiles(privateDir);
  const ssh = remote.transport === 'ssh' && access.ssh !== undefined ? sshCommand(access.ssh, files) : undefined;
  const settings = [...credentials.settings, ...transportSettings(remote, access, files)];
  const env = { ...credentials.env, ...(ssh !== undefined && { GIT_SSH_COMMAND: ssh, GIT_SSH_VARIANT: 'ssh' }) };
  const { secrets } = credentials;
  const reported = new Set<string>();
  return {
    remote: (args, call) =>
      runGit(args, { ...call, program, settings, env, secrets, readsUserSettings: program?.readsUserSettings }),
    local: (args, call) => runGit(args, { ...call, program }),
    newHostKeys() {
      const fresh = acceptedHostKeys(files).filter((key) => !reported.has(key));
      fresh.forEach((key) => reported.add(key));
      return fresh;
    },
    [Symbol.dispose]: () => files[Symbol.dispose](),
  };
}

function transportSettings({ transport }: GitRemote, access: GitAccess, files: PrivateFiles): GitSetting[] {
  const settings: GitSetting[] = [];
  if (transport === 'file') settings.push(['protocol.file.allow', 'always']);
  if (access.proxy !== undefined) settings.push(['http.proxy', access.proxy]);
  if (access.insecure === true) settings.push(['http.sslVerify', 'false']);
  if (transport === 'http' && access.certificates !== undefined)
    settings.push(['http.sslCAInfo', files.write('authorities.pem', access.certificates)]);
  return settings;
}
