import { readFileSync } from 'node:fs';
import type { WorkspaceOptions } from '../options/option-table.ts';
import type { Environment } from '../options/read-options.ts';
import { CloneFailedError } from './git-error.ts';
import type { GitAccess } from './git-session.ts';

/**
 * What the options say about getting at a repository.
 * @throws {CloneFailedError} for a key or certificate that cannot be read
 */
export function gitAccess(options: WorkspaceOptions, env: Environment): GitAccess {
  const { gitSshPrivateKeyPath, gitSshPrivateKeyBase64, sslCertBase64 } = options;
  return {
    username: options.gitUsername,
    password: options.gitPassword,
    sshPrivateKey: decoded(gitSshPrivateKeyBase64) ?? (gitSshPrivateKeyPath && readPrivateKey(gitSshPrivateKeyPath)),
    sshKnownHosts: env['SSH_KNOWN_HOSTS'] || undefined,
    proxy: options.gitHttpProxyUrl,
    certificate: certificates(env['SSL_CERT_FILE'], decoded(sslCertBase64)),
    insecure: options.insecure,
  };
}

function decoded(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8');
}

function readPrivateKey(path: string): string {
  const hint = 'Mount the file, or give the key as ENVBUILDER_GIT_SSH_PRIVATE_KEY_BASE64.';
  return read(path, `The private key ${path}`, hint);
}

/** Both variables count, as for registries. */
function certificates(path: string | undefined, given: string | undefined): string | undefined {
  if (path === undefined || path === '') return given;
  const hint = 'Mount the file, or give the certificate as ENVBUILDER_SSL_CERT_BASE64.';
  const named = read(path, `The file ${path} of SSL_CERT_FILE`, hint);
  return given === undefined ? named : `${named}\n${given}`;
}

function read(path: string, what: string, hint: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CloneFailedError(`${what} cannot be read: ${(cause as Error).message}`, { cause, hint });
  }
}
