import { readFileSync } from 'node:fs';
import type { WorkspaceOptions } from '../options/option-table.ts';
import type { Environment } from '../options/read-options.ts';
import { CloneFailedError } from './git-error.ts';
import type { GitAccess } from './git-session.ts';

/** What the options say about getting at a repository. @throws {CloneFailedError} for a key that cannot be read */
export function gitAccess(options: WorkspaceOptions, env: Environment): GitAccess {
  const { gitSshPrivateKeyPath, gitSshPrivateKeyBase64, sslCertBase64 } = options;
  return {
    username: options.gitUsername,
    password: options.gitPassword,
    sshPrivateKey: decoded(gitSshPrivateKeyBase64) ?? (gitSshPrivateKeyPath && readPrivateKey(gitSshPrivateKeyPath)),
    sshKnownHosts: env['SSH_KNOWN_HOSTS'] || undefined,
    proxy: options.gitHttpProxyUrl,
    certificate: decoded(sslCertBase64),
    insecure: options.insecure,
  };
}

function decoded(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8');
}

function readPrivateKey(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CloneFailedError(`The private key ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
