export type { ArchiveStore } from './archive-store.ts';
export type { HostCertificates } from './certificates.ts';
export { copyImage, type CopyOptions, type IndexedImages } from './copy.ts';
export { openDockerArchive } from './docker-archive.ts';
export { dockerConfigKeychain, type DockerConfigKeychainOptions } from './docker-config.ts';
export type { InsecureHosts } from './endpoint.ts';
export type { Exchange, ExchangeListener } from './exchange.ts';
export {
  type Credentials,
  type IdentityTokenCredentials,
  type Keychain,
  keychains,
  type PasswordCredentials,
  type RegistryTokenCredentials,
  staticKeychain,
} from './keychain.ts';
export { loadIndexed } from './load-indexed.ts';
export { layoutSource, loadLayoutImage, openLayout } from './layout.ts';
export { openLayoutTar } from './layout-tar.ts';
export { RateLimit } from './rate-limit.ts';
export { createRegistryClient, type RegistryClient, type RegistryClientOptions } from './registry-client.ts';
export type { ReferrersOptions } from './referrers.ts';
export {
  AuthRealmRefusedError,
  CredentialsInvalidError,
  type RegistryAnswer,
  type RegistryCall,
  RegistryRefusedError,
  type RegistryReply,
  RegistryUnreachableError,
} from './registry-error.ts';
export { registrySource } from './registry-source.ts';
export type { Repository } from './repository.ts';
export type { RetryPolicy } from './retry.ts';
export { LayoutInvalidError, StoreReadOnlyError } from './store-error.ts';
export type { ProxyOptions } from './transport.ts';
export { type NamedImage, writeDockerArchive, writeLayoutTar, type WriteArchiveOptions } from './write-archive.ts';
