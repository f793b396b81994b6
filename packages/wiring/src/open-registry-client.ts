import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_REGISTRY, type ProgressListener, ShaleError } from '@shale/core';
import {
  createRegistryClient,
  type ProxyOptions,
  type RegistryClient,
  type RegistryClientOptions,
} from '@shale/registry';
import type { Environment } from './environment.ts';
import { userKeychain } from './keychain.ts';

/** What users say about registries. */
export interface RegistrySettings {
  /** A docker config.json, encoded. */
  readonly dockerConfigBase64: string | undefined;
  /** Plain http and unverified certificates are accepted. */
  readonly insecure: boolean;
  /** `URL`, or `HOST=URL`. */
  readonly registryMirror: readonly string[];
  /** A PEM certificate of an authority to trust, encoded. */
  readonly sslCertBase64: string | undefined;
}

export interface RegistryWiring {
  readonly options: RegistrySettings;
  readonly env: Environment;
  readonly onProgress: ProgressListener;
  /** @default as for whatever a build cannot do without */
  readonly patience?: Pick<RegistryClientOptions, 'retry' | 'requestConcurrency'> | undefined;
}

class CertificateUnreadableError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

/** A client with credentials, certificates and proxies from where the field's tools look for them. */
export function openRegistryClient({ options, env, onProgress, patience }: RegistryWiring): RegistryClient {
  const { dockerConfigBase64, insecure, registryMirror, sslCertBase64 } = options;
  const home = env['HOME'] ?? homedir();
  return createRegistryClient({
    keychain: userKeychain({ env, dockerConfigBase64, onProgress }),
    mirrors: mirrorsByRegistry(registryMirror),
    insecure: insecure ? true : undefined,
    ca: certificates(env, sslCertBase64),
    certificateDirectories: [
      join(home, '.config/containers/certs.d'),
      join(home, '.docker/certs.d'),
      '/etc/containers/certs.d',
      '/etc/docker/certs.d',
    ],
    proxy: proxyOf(env),
    ...patience,
    onProgress,
  });
}

/** `https://mirror.example` is for docker.io, `quay.io=https://mirror.example` for quay.io. */
export function mirrorsByRegistry(mirrors: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, string[]> = {};
  for (const mirror of mirrors) {
    const [, registry = DEFAULT_REGISTRY, url = ''] = /^(?:([^=/]+)=)?(.*)$/.exec(mirror) ?? [];
    const name = registry === 'index.docker.io' ? DEFAULT_REGISTRY : registry;
    (found[name] ??= []).push(url);
  }
  return found;
}

/** Go's variable for a private authority, as every registry tool reads it. */
function certificates({ SSL_CERT_FILE: path }: Environment, base64: string | undefined): readonly string[] {
  const decoded = base64 === undefined ? [] : [Buffer.from(base64, 'base64').toString('utf8')];
  if (path === undefined || path === '') return decoded;
  try {
    return [readFileSync(path, 'utf8'), ...decoded];
  } catch (cause) {
    throw new CertificateUnreadableError(`SSL_CERT_FILE names ${path}, which cannot be read`, { cause });
  }
}

function proxyOf(env: Environment): ProxyOptions {
  const read = (name: string) => env[name.toLowerCase()] || env[name] || undefined;
  return { http: read('HTTP_PROXY'), https: read('HTTPS_PROXY'), noProxy: read('NO_PROXY') };
}
