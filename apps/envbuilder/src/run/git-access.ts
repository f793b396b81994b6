import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import { type GitAccess, GitFailedError } from '@shale/git';
import type { WorkspaceOptions } from '../options/option-table.ts';
import type { Environment } from '../options/read-options.ts';

/**
 * The access to the repository that the options give.
 * @throws {GitFailedError} for a key or certificate that cannot be read
 */
export function gitAccess(options: WorkspaceOptions, env: Environment): GitAccess {
  const { gitSshPrivateKeyPath, gitSshPrivateKeyBase64, sslCertBase64 } = options;
  return {
    username: options.gitUsername,
    password: options.gitPassword,
    ssh: {
      username: options.gitUsername,
      privateKey: decoded(gitSshPrivateKeyBase64) ?? (gitSshPrivateKeyPath && readPrivateKey(gitSshPrivateKeyPath)),
      knownHosts: env['SSH_KNOWN_HOSTS'] || undefined,
    },
    proxy: options.gitHttpProxyUrl,
    certificates: certificates(env['SSL_CERT_FILE'], decoded(sslCertBase64)),
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

/** The certificates of Node and of both variables, as for registries. The container may have none of its own. */
function certificates(path: string | undefined, given: string | undefined): string {
  const hint = 'Mount the file, or give the certificate as ENVBUILDER_SSL_CERT_BASE64.';
  const named = path ? [read(path, `The file ${path} of SSL_CERT_FILE`, hint)] : [];
  return [...getCACertificates('default'), ...named, ...(given === undefined ? [] : [given])].join('\n');
}

function read(path: string, what: string, hint: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GitFailedError(`${what} cannot be read: ${(cause as Error).message}`, { cause, hint });
  }
}
