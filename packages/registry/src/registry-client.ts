import type { ProgressListener, Reference } from '@shale/core';
import { type HostCertificates, readCertificateDirectory } from './certificates.ts';
import { type Endpoint, type InsecureHosts, mirrorEndpoint, registryEndpoint } from './endpoint.ts';
import type { ExchangeListener } from './exchange.ts';
import type { Keychain } from './keychain.ts';
import type { RateLimit } from './rate-limit.ts';
import { RegistryHost } from './registry-host.ts';
import { Repository } from './repository.ts';
import { retryPolicy, type RetryPolicy } from './retry.ts';
import { type HostWaitListener, type ProxyOptions, Transport } from './transport.ts';
import { NOTICE_MS } from './wait-watch.ts';

export interface RegistryClientOptions {
  /** Where credentials are looked up. @default no credentials */
  readonly keychain?: Keychain | undefined;
  /**
   * Mirrors to read from first, by the host of the registry, as `docker.io`: `[https://]host[:port][/path]`, or
   * `http://…`. A mirror is skipped when it lacks the content or does not answer. Nothing is pushed to a mirror.
   */
  readonly mirrors?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Whether the registry itself is asked after its mirrors. @default true */
  readonly mirrorFallback?: boolean | undefined;
  /**
   * Hosts (`registry.local:5000`) whose certificate is not checked and that may speak plain http; `true` for all.
   * @default none
   */
  readonly insecure?: InsecureHosts | undefined;
  /** PEM certificates of authorities to trust in addition to the system's. */
  readonly ca?: readonly string[] | undefined;
  /** Directories like `/etc/docker/certs.d`, with a folder of `.crt`, `.cert` and `.key` files for each host. */
  readonly certificateDirectories?: readonly string[] | undefined;
  /** Certificates for the host of a registry, in addition to those of the directories. */
  readonly certificates?: Readonly<Record<string, HostCertificates>> | undefined;
  /** For the host of a registry, further places (`host`, `host:port`) that may get its credentials as its token realm. */
  readonly realmHosts?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly proxy?: ProxyOptions | undefined;
  /** Blobs in transfer at once with one host. @default 4 */
  readonly concurrency?: number | undefined;
  /** Other requests at once to one host. @default 16 */
  readonly requestConcurrency?: number | undefined;
  /** Longest wait for a connection, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number | undefined;
  /** Longest silence of a registry before a try counts as failed, in milliseconds. @default 30_000 */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * Longest wait until a registry has stored what it received, in milliseconds.
   * @default 30 seconds, and a second for each 64 MiB
   */
  readonly commitTimeoutMs?: number | undefined;
  /** A download that is slower than this over half a minute counts as failed. @default 1024 */
  readonly minimumBytesPerSecond?: number | undefined;
  /** The highest rate of downloads. Clients may share it. @default no limit */
  readonly rateLimit?: RateLimit | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** Pushes blobs in parts of this size, for proxies that limit requests. @default undefined, in one piece */
  readonly chunkBytes?: number | undefined;
  /** @default 'shale' */
  readonly userAgent?: string | undefined;
  /** Called for transfers, skipped mirrors, warnings of registries, and waits of more than five seconds. */
  readonly onProgress?: ProgressListener | undefined;
  /** Called for each request and each piece of an answer. */
  readonly onExchange?: ExchangeListener | undefined;
}

/** Reads and writes images in registries. Disposing it closes its connections. */
export interface RegistryClient extends AsyncDisposable {
  /** Returns the same object for the same repository, so that a blob is not uploaded twice at once. */
  repository(reference: Pick<Reference, 'registry' | 'repository'>, options?: RepositoryWishes): Repository;
}

export interface RepositoryWishes {
  /**
   * Tries of each request without a blob, the first included: 1 for callers that have an alternative. Transfers of blobs
   * keep the tries of the client.
   * @default those of the client's `retry`
   */
  readonly tries?: number | undefined;
}

/**
 * Makes a client; no connection is opened and no HTTP code loaded before the first request.
 * Plain http is spoken only to loopback hosts and to those named in `insecure`.
 * @throws {ReferenceInvalidError} for a malformed mirror.
 * @example
 * await using client = createRegistryClient();
 * const manifest = await client.repository(parseReference('127.0.0.1:5000/app')).getManifest('latest');
 */
export function createRegistryClient(options: RegistryClientOptions = {}): RegistryClient {
  const { insecure, mirrors = {}, mirrorFallback = true } = options;
  const onWait = waitListener(options.onProgress);
  const transport = openTransport(options, onWait);
  const hostOf = registryHosts(options, { transport, onWait });
  const mirrorEndpoints = new Map(
    Object.entries(mirrors).map(([registry, texts]) => [
      registry,
      texts.map((text) => mirrorEndpoint(text, registry, insecure)),
    ]),
  );
  const repositories = new Map<string, Repository>();

  const openRepository = (
    { registry, repository }: Pick<Reference, 'registry' | 'repository'>,
    { tries }: RepositoryWishes,
  ): Repository => {
    const origin = { host: hostOf(registryEndpoint(registry, insecure)), repository, tries };
    const near = (mirrorEndpoints.get(registry) ?? []).map((endpoint) => ({
      host: hostOf(endpoint),
      repository: endpoint.repositoryPrefix + repository,
      tries,
    }));
    return new Repository({
      origin,
      readable: mirrorFallback || near.length === 0 ? [...near, origin] : near,
      reference: { registry, repository },
      policy: retryPolicy(options.retry),
      idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_MS,
      commitTimeoutMs: options.commitTimeoutMs,
      minimumBytesPerSecond: options.minimumBytesPerSecond ?? DEFAULT_MINIMUM_RATE,
      chunkBytes: options.chunkBytes,
      rateLimit: options.rateLimit,
      onProgress: options.onProgress ?? (() => undefined),
    });
  };

  return {
    repository(reference, wishes = {}) {
      const name = JSON.stringify([reference.registry, reference.repository, wishes.tries]);
      const repository = repositories.get(name) ?? openRepository(reference, wishes);
      repositories.set(name, repository);
      return repository;
    },
    [Symbol.asyncDispose]: () => transport.close(),
  };
}

const DEFAULT_CONNECT_MS = 10_000;
const DEFAULT_IDLE_MS = 30_000;
const DEFAULT_MINIMUM_RATE = 1024;
const DEFAULT_CONCURRENCY = 4;
const DEFAULT_REQUEST_CONCURRENCY = 16;

/** Reports one wait for a host at a time: of parallel requests that wait, the one that may wait longest. */
function waitListener(onProgress: ProgressListener | undefined): HostWaitListener {
  const reported = new Map<string, number>();
  return (host, wait) => {
    if (wait.untilMs < (reported.get(host) ?? 0) + NOTICE_MS) return;
    reported.set(host, wait.untilMs);
    onProgress?.({ type: 'waiting', host, ...wait });
  };
}

function openTransport(options: RegistryClientOptions, onWait: HostWaitListener): Transport {
  return new Transport({
    onWait,
    proxy: options.proxy,
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULT_CONNECT_MS,
    idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_MS,
    concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    requestConcurrency: options.requestConcurrency ?? DEFAULT_REQUEST_CONCURRENCY,
  });
}

/** One object for each host, which keeps its scheme and challenges. */
function registryHosts(
  options: RegistryClientOptions,
  { transport, onWait }: { readonly transport: Transport; readonly onWait: HostWaitListener },
): (endpoint: Endpoint) => RegistryHost {
  const hosts = new Map<string, RegistryHost>();
  const { keychain = { resolve: async () => undefined }, onProgress } = options;
  const policy = retryPolicy(options.retry);
  return (endpoint) => {
    const key = JSON.stringify(endpoint);
    const known = hosts.get(key);
    if (known) return known;
    const host = new RegistryHost({
      endpoint,
      transport,
      keychain,
      // A mirror is tried once, because there is another place to ask.
      policy: endpoint.namespace === undefined ? policy : { ...policy, tries: 1 },
      realmHosts: options.realmHosts?.[endpoint.registry] ?? [],
      certificates: (authority) => readCertificates(options, authority),
      userAgent: options.userAgent ?? 'shale',
      onExchange: options.onExchange,
      onWarning: (message) =>
        onProgress?.({ type: 'warning', code: 'registry-warning', message: `${endpoint.registry} says: ${message}` }),
      onWait: (wait) => onWait(endpoint.authority, wait),
    });
    hosts.set(key, host);
    return host;
  };
}

async function readCertificates(options: RegistryClientOptions, authority: string): Promise<HostCertificates> {
  const directories = options.certificateDirectories ?? [];
  const found = await Promise.all(directories.map((directory) => readCertificateDirectory(directory, authority)));
  const named = options.certificates?.[authority];
  const all = named === undefined ? found : [named, ...found];
  const client = all.find(({ cert }) => cert !== undefined);
  return {
    ca: [...(options.ca ?? []), ...all.flatMap(({ ca }) => ca)],
    cert: client?.cert,
    key: client?.key,
  };
}
