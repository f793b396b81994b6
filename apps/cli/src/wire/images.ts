import { join } from 'node:path';
import { type ImageSource, type LocalBlobStore, type ProgressListener } from '@shale/core';
import { layoutSource, type RegistryClient } from '@shale/registry';
import { rememberedImages } from './remembered-images.ts';

export interface ImagesWiring {
  readonly client: RegistryClient;
  readonly store: LocalBlobStore;
  readonly stateDir: string;
  /** Absolute; `undefined` for none. */
  readonly baseImageCacheDir: string | undefined;
  /** Images that `--build-context NAME=oci-layout://…` names. */
  readonly named: ImageSource | undefined;
  /** Pass over what was built here under the same name. */
  readonly pull: boolean;
  readonly offline: boolean;
  readonly onProgress: ProgressListener;
}

/** Where base images are looked for: built here, named layouts, the warmed directory, then registries. */
export function imageSources(wiring: ImagesWiring): readonly ImageSource[] {
  const { client, store, stateDir, named, pull, offline, onProgress } = wiring;
  const registries = rememberedImages({ client, store, directory: join(stateDir, 'images'), offline, onProgress });
  return [...(named === undefined ? [] : [named]), ...(pull ? [] : [localImages(stateDir)]), registries];
}

/** What `--tag` kept. */
function localImages(stateDir: string): ImageSource {
  return { ...layoutSource(stateDir), name: 'images built here' };
}
