export type { Environment } from './environment.ts';
export { urlFetcher } from './fetch-url.ts';
export { gitEnvironment } from './git-environment.ts';
export { type BaseImagePolicy, imageSources, type ImagesWiring } from './image-sources.ts';
export { openRegistryClient, proxyOf, type RegistrySettings, type RegistryWiring } from './open-registry-client.ts';
export { stateReferences } from './state-references.ts';
