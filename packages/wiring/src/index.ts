export type { Environment } from './environment.ts';
export { fetchUrl } from './fetch-url.ts';
export { type BaseImagePolicy, imageSources, type ImagesWiring } from './image-sources.ts';
export { openRegistryClient, type RegistrySettings, type RegistryWiring } from './open-registry-client.ts';
export { stateReferences } from './state-references.ts';
