export type { Environment } from './environment.ts';
export { type Builder, type BuilderOptions, type BuilderSettings, openBuilder } from './open-builder.ts';
export {
  type CacheLocation,
  type DirectoryCacheLocation,
  parseCacheRepository,
  type RegistryCacheLocation,
  stateCache,
} from './caches/cache-location.ts';
export {
  type CacheSettings,
  type CacheTier,
  type CacheWiring,
  openCache,
  type OpenCache,
} from './caches/open-cache.ts';
export {
  type BaseImagePolicy,
  type BaseImageSettings,
  imageSources,
  type ImagesWiring,
} from './base-images/image-sources.ts';
export {
  checkOutputs,
  describeOutput,
  exporterFor,
  type ExporterWiring,
  registryExporter,
} from './outputs/exporters.ts';
export type { Output } from './outputs/output.ts';
export { OutputUnwritableError } from './outputs/output-unwritable-error.ts';
export { stateReferences } from './base-images/state-references.ts';
export { urlFetcher } from './registries/fetch-url.ts';
export { parseMirrors } from './registries/mirrors.ts';
export { openCacheClient, openRegistryClient, type RegistryWiring } from './registries/open-registry-client.ts';
export { proxyOf } from './registries/proxy.ts';
export type { CertificateFiles, CredentialSettings, RegistrySettings } from './registries/registry-settings.ts';
export { gitEnvironment } from './sources/git-environment.ts';
export type {
  ContextLocation,
  DirectoryLocation,
  DockerfileLocation,
  GitLocation,
  LayoutLocation,
  NamedContextLocation,
} from './sources/location.ts';
export { type BuildSources, openSources, type SourceSettings } from './sources/open-sources.ts';
