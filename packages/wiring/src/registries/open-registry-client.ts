import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ProgressListener } from '@shale/core';
import {
  createRegistryClient,
  type ExchangeListener,
  type RegistryClient,
  type RegistryClientOptions,
} from '@shale/registry';
import type { Environment } from '../environment.ts';
import { readHostCertificates, readUserAuthorities } from './host-certificates.ts';
import { openKeychain } from './keychain.ts';
import { proxyOf } from './proxy.ts';
import type { RegistrySettings } from './registry-settings.ts';

export interface RegistryWiring {
  /** Of the process: names credentials, authorities and proxies. */
  readonly env: Environment;
  readonly onProgress?: ProgressListener | undefined;
  /** Called for each request and each piece of an answer. */
  readonly onExchange?: ExchangeListener | undefined;
  /** @default 'shale' */
  readonly userAgent?: string | undefined;
}

/** A build does not wait for a cache as it waits for a base image, and asks for the layers of all steps at once. */
const CACHE_PATIENCE = {
  retry: { baseDelayMs: 300, maxDelayMs: 1500 },
  requestConcurrency: 64,
} as const;

/**
 * Opens a client with credentials, certificates and proxies from where the field's tools look for them.
 * @throws {CertificateUnreadableError}
 */
export function openRegistryClient(settings: RegistrySettings, wiring: RegistryWiring): RegistryClient {
  return createRegistryClient(clientOptions(settings, wiring));
}

/** The same for repositories that hold cached layers: it gives up sooner. @throws {CertificateUnreadableError} */
export function openCacheClient(settings: RegistrySettings, wiring: RegistryWiring): RegistryClient {
  return createRegistryClient(clientOptions(settings, wiring, CACHE_PATIENCE));
}

function clientOptions(
  settings: RegistrySettings,
  wiring: RegistryWiring,
  patience: Pick<RegistryClientOptions, 'retry' | 'requestConcurrency'> = {},
): RegistryClientOptions {
  const { credentials = {}, authorities = [], certificates = {}, retries, ...others } = settings;
  const { env, ...listeners } = wiring;
  const home = env['HOME'] ?? homedir();
  let trusted: readonly string[] | undefined;
  return {
    ...others,
    ...listeners,
    keychain: openKeychain(credentials, wiring),
    certificates: readHostCertificates(certificates),
    // read late: a bundle of authorities is large, and many a build asks no registry
    get ca() {
      return (trusted ??= [...readUserAuthorities(env), ...authorities]);
    },
    certificateDirectories: [
      join(home, '.config/containers/certs.d'),
      join(home, '.docker/certs.d'),
      '/etc/containers/certs.d',
      '/etc/docker/certs.d',
    ],
    proxy: proxyOf(env),
    retry: retries === undefined ? undefined : { tries: retries + 1 },
    ...patience,
  };
}
