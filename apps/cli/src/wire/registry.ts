import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_REGISTRY, type ProgressListener } from '@shale/core';
import { createRegistryClient, type ProxyOptions, type RegistryClient } from '@shale/registry';
import type { Environment } from '../environment.ts';
import type { OptionValues } from '../options/option.ts';
import type { registryOptions } from '../options/registries.ts';
import { UsageError } from '../usage-error.ts';
import { userKeychain } from './keychain.ts';

export interface RegistryWiring {
  readonly options: OptionValues<typeof registryOptions>;
  readonly env: Environment;
  readonly onProgress: ProgressListener;
}

/** The one client of this process. */
export function openRegistryClient({ options, env, onProgress }: RegistryWiring): RegistryClient {
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
    throw new UsageError(`SSL_CERT_FILE names ${path}, which cannot be read`, { cause });
  }
}

function proxyOf(env: Environment): ProxyOptions {
  const read = (name: string) => env[name.toLowerCase()] || env[name] || undefined;
  return { http: read('HTTP_PROXY'), https: read('HTTPS_PROXY'), noProxy: read('NO_PROXY') };
}
