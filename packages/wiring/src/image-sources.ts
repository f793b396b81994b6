import { join } from 'node:path';
import { baseImageCache, type BaseImageCacheEvent } from '@shale/cache/base-images';
import {
  formatReference,
  type ImageSource,
  type LocalBlobStore,
  messageOf,
  type ProgressEvent,
  type ProgressListener,
  referenceTarget,
} from '@shale/core';
import { layoutSource, type RegistryClient } from '@shale/registry';
import { rememberedImages } from './remembered-images.ts';

/**
 * When the registry is asked about a tag that a warmer keeps: `always`; only when it is `missing`; `never`, also for what
 * is missing; or when it was not confirmed lately, with the warmed image standing in while the registry cannot answer.
 */
export type BaseImagePolicy = 'always' | 'missing' | 'never' | 'stale-if-error';

export interface ImagesWiring {
  readonly client: RegistryClient;
  readonly store: LocalBlobStore;
  readonly stateDir: string;
  /** Absolute; `undefined` for none. */
  readonly baseImageCacheDir: string | undefined;
  /** After which the registry is asked whether a tag in that directory has moved; `undefined` for never. */
  readonly baseImageMaxAgeMs: number | undefined;
  /** @default 'stale-if-error' */
  readonly baseImagePolicy?: BaseImagePolicy | undefined;
  /** Images that `--build-context NAME=oci-layout://…` names. */
  readonly named: ImageSource | undefined;
  /** Pass over what was built here under the same name, and ask registries what a tag names now. */
  readonly pull: boolean;
  readonly offline: boolean;
  readonly onProgress: ProgressListener;
}

/** Where base images are looked for: named layouts, built here, the warmed directory, then registries. */
export function imageSources(wiring: ImagesWiring): readonly ImageSource[] {
  const { client, store, stateDir, named, pull, baseImagePolicy: policy, onProgress } = wiring;
  const offline = wiring.offline || policy === 'never';
  const staleIfError = policy !== 'always';
  const directory = join(stateDir, 'images');
  const registries = rememberedImages({ client, store, directory, offline, staleIfError, onProgress });
  const sources = [named, pull ? undefined : localImages(stateDir), warmedImages(wiring), registries];
  return sources.filter((source) => source !== undefined);
}

/** What `--tag` kept. */
function localImages(stateDir: string): ImageSource {
  return { ...layoutSource(stateDir), name: 'images built here' };
}

function warmedImages(wiring: ImagesWiring): ImageSource | undefined {
  const { client, baseImageCacheDir, pull, offline, onProgress, baseImagePolicy: policy = 'stale-if-error' } = wiring;
  if (baseImageCacheDir === undefined) return undefined;
  const mayAsk = !offline && policy !== 'never';
  const maxAgeMs = { always: 0, missing: undefined, never: undefined, 'stale-if-error': wiring.baseImageMaxAgeMs };
  return baseImageCache(baseImageCacheDir, {
    resolveDigest: mayAsk
      ? async (reference, options) => {
          const found = await client.repository(reference).headManifest(referenceTarget(reference), options);
          return found?.digest;
        }
      : undefined,
    maxAgeMs: pull ? 0 : maxAgeMs[policy],
    staleIfError: policy !== 'always',
    onEvent: (event) => onProgress(warningOf(event)),
  });
}

function warningOf(event: BaseImageCacheEvent): ProgressEvent {
  const { reference, error } = event;
  const reason = messageOf(error);
  const name = formatReference(reference);
  return event.type === 'stale'
    ? { type: 'warning', code: 'base-image-stale', message: `${name} is taken as it was last warmed: ${reason}` }
    : { type: 'warning', code: 'base-image-damaged', message: `The warmed ${name} is passed over: ${reason}` };
}
