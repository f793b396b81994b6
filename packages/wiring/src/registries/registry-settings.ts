import type { RateLimit } from '@shale/registry';

/** How registries are reached. Every field may be left out. */
export interface RegistrySettings {
  readonly credentials?: CredentialSettings | undefined;
  /** Hosts that may speak plain http and whose certificates are not checked; `true` for all hosts. @default none */
  readonly insecure?: boolean | readonly string[] | undefined;
  /** For a registry's host, the mirrors to read from first. @see parseMirrors @default none */
  readonly mirrors?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Whether the registry itself is asked when no mirror has the image. @default true */
  readonly mirrorFallback?: boolean | undefined;
  /** PEM certificates of authorities to trust, beside the system's and those in `SSL_CERT_FILE`. @default none */
  readonly authorities?: readonly string[] | undefined;
  /** Certificates for one registry, by its host. @default none */
  readonly certificates?: Readonly<Record<string, CertificateFiles>> | undefined;
  /** For a registry's host, further places (`host`, `host:port`) that may get its credentials for a token. @default none */
  readonly realmHosts?: Readonly<Record<string, readonly string[]>> | undefined;
  /** How often a failed request is repeated. @default 2 */
  readonly retries?: number | undefined;
  /** Blobs in transfer at once with one registry. @default 4 */
  readonly concurrency?: number | undefined;
  /** The highest rate of downloads; clients may share one. @default no limit */
  readonly rateLimit?: RateLimit | undefined;
}

/** Where credentials are looked up. */
export interface CredentialSettings {
  /** Texts of docker config files, read before any file; messages name each by its `origin`. @default none */
  readonly configs?: readonly { readonly text: string; readonly origin: string }[] | undefined;
  /** Paths of docker config files. @default where docker, podman and envbuilder keep theirs */
  readonly paths?: readonly string[] | undefined;
}

/** Paths of PEM files. */
export interface CertificateFiles {
  /** Authorities to trust. @default none */
  readonly authorities?: readonly string[] | undefined;
  /** The client's own certificate and key. @default none */
  readonly client?: { readonly certificate: string; readonly key: string } | undefined;
}
