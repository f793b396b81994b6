import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_REGISTRY, type ProgressListener, ShaleError } from '@shale/core';
import {
  createRegistryClient,
  type HostCertificates,
  type ProxyOptions,
  RateLimit,
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
  /** Hosts that may speak plain http and whose certificates are not checked. @default none */
  readonly insecureRegistry?: readonly string[] | undefined;
  /** The same. */
  readonly skipTlsVerifyRegistry?: readonly string[] | undefined;
  /** `HOST=FILE`: an authority to trust for this registry. @default none */
  readonly registryCertificate?: readonly string[] | undefined;
  /** `HOST=CERTIFICATE,KEY`: files that prove who the client is. @default none */
  readonly registryClientCert?: readonly string[] | undefined;
  /** `HOST=PLACE`: asked before the registry itself. @default none */
  readonly registryMap?: readonly string[] | undefined;
  /** Whether only mirrors are asked, where there are some. @default false */
  readonly skipDefaultRegistryFallback?: boolean | undefined;
  /** How often a request is repeated. @default 2 */
  readonly imageDownloadRetry?: number | undefined;
  /** What blobs are downloaded at, at most. @default no limit */
  readonly maxBytesPerSecond?: number | undefined;
}

export interface RegistryWiring {
  readonly options: RegistrySettings;
  readonly env: Environment;
  readonly onProgress: ProgressListener;
  /** @default as for whatever a build cannot do without */
  readonly patience?: Pick<RegistryClientOptions, 'retry' | 'requestConcurrency'> | undefined;
}

class RegistrySettingInvalidError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

class CertificateUnreadableError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

/** A client with credentials, certificates and proxies from where the field's tools look for them. */
export function openRegistryClient({ options, env, onProgress, patience }: RegistryWiring): RegistryClient {
  const { dockerConfigBase64, registryMirror, registryMap = [], sslCertBase64 } = options;
  const { imageDownloadRetry, maxBytesPerSecond } = options;
  const home = env['HOME'] ?? homedir();
  return createRegistryClient({
    keychain: userKeychain({ env, dockerConfigBase64, onProgress }),
    mirrors: mirrorsByRegistry([...registryMap.flatMap((text) => text.split(';')), ...registryMirror]),
    mirrorFallback: options.skipDefaultRegistryFallback !== true,
    insecure: insecureHosts(options),
    certificates: hostCertificates(options),
    // A bundle of authorities is large, and many a build asks no registry.
    get ca() {
      return certificates(env, sslCertBase64);
    },
    certificateDirectories: [
      join(home, '.config/containers/certs.d'),
      join(home, '.docker/certs.d'),
      '/etc/containers/certs.d',
      '/etc/docker/certs.d',
    ],
    proxy: proxyOf(env),
    retry: imageDownloadRetry === undefined ? undefined : { tries: imageDownloadRetry + 1 },
    rateLimit: maxBytesPerSecond === undefined ? undefined : new RateLimit(maxBytesPerSecond),
    ...patience,
    onProgress,
  });
}

function insecureHosts({ insecure, insecureRegistry = [], skipTlsVerifyRegistry = [] }: RegistrySettings) {
  return insecure ? true : [...insecureRegistry, ...skipTlsVerifyRegistry];
}

function hostCertificates({
  registryCertificate = [],
  registryClientCert = [],
}: RegistrySettings): Readonly<Record<string, HostCertificates>> {
  const found: Record<string, HostCertificates> = {};
  for (const text of registryCertificate) {
    const [host, file] = assignment(text, '--registry-certificate takes HOST=FILE');
    found[host] = { ...found[host], ca: [...(found[host]?.ca ?? []), readCertificate(file, host)] };
  }
  for (const text of registryClientCert) {
    const usage = '--registry-client-cert takes HOST=CERTIFICATE,KEY';
    const [host, files] = assignment(text, usage);
    const [cert = '', key] = files.split(',');
    if (key === undefined) throw new RegistrySettingInvalidError(`${usage}, not ${JSON.stringify(text)}`);
    const pair = { cert: readCertificate(cert, host), key: readCertificate(key, host) };
    found[host] = { ca: found[host]?.ca ?? [], ...pair };
  }
  return found;
}

function assignment(text: string, usage: string): readonly [string, string] {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw new RegistrySettingInvalidError(`${usage}, not ${JSON.stringify(text)}`);
}

function readCertificate(path: string, host: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CertificateUnreadableError(`The certificate for ${host} in ${path} cannot be read`, { cause });
  }
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

/** Proxies as every tool takes them from the environment; of two spellings the lower case counts. */
export function proxyOf(env: Environment): ProxyOptions {
  const read = (name: string) => env[name.toLowerCase()] || env[name] || undefined;
  return { http: read('HTTP_PROXY'), https: read('HTTPS_PROXY'), noProxy: read('NO_PROXY') };
}
