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
import { DEFAULT_CACHE_TTL_MS } from '../caches/open-cache.ts';
import { rememberedImages } from './remembered-images.ts';

/**
 * When the registry is asked about a tag that a warmer keeps: `always`; only when the image is `missing`; `never`, not even
 * then; or when no warmer confirmed the tag lately. With `stale-if-error`, the warmed image stands in while the registry
 * does not answer.
 */
export type BaseImagePolicy = 'always' | 'missing' | 'never' | 'stale-if-error';

/** Where base images come from. Every field may be left out. */
export interface BaseImageSettings {
  /** Absolute path of a directory that a warmer fills. @default none */
  readonly directory?: string | undefined;
  /**
   * Time in milliseconds since a warmer last confirmed a tag, after which the registry is asked about it; `Infinity` for
   * never. @default 7 days
   */
  readonly maxAgeMs?: number | undefined;
  /** @default 'stale-if-error' */
  readonly policy?: BaseImagePolicy | undefined;
  /** Ask registries what a tag names now, also for images that were built here. @default false */
  readonly pull?: boolean | undefined;
}

export interface ImagesWiring {
  readonly client: RegistryClient;
  readonly store: LocalBlobStore;
  readonly stateDir: string;
  /** Ask no registry. @default false */
  readonly offline?: boolean | undefined;
  readonly onProgress: ProgressListener;
}

/** Where base images are looked for, in this order: built here, the warmed directory, registries. */
export function imageSources(settings: BaseImageSettings, wiring: ImagesWiring): readonly ImageSource[] {
  const { client, store, stateDir, onProgress } = wiring;
  const { pull, policy } = settings;
  const offline = wiring.offline === true || policy === 'never';
  const staleIfError = policy !== 'always';
  const directory = join(stateDir, 'images');
  const registries = rememberedImages({ client, store, directory, offline, staleIfError, onProgress });
  const sources = [pull === true ? undefined : localImages(stateDir), warmedImages(settings, wiring), registries];
  return sources.filter((source) => source !== undefined);
}

/** Images that were built here and named. */
function localImages(stateDir: string): ImageSource {
  return { ...layoutSource(stateDir), name: 'images built here' };
}

function warmedImages(settings: BaseImageSettings, { client, offline, onProgress }: ImagesWiring) {
  const { directory, pull, policy = 'stale-if-error', maxAgeMs = DEFAULT_CACHE_TTL_MS } = settings;
  if (directory === undefined) return undefined;
  const mayAsk = offline !== true && policy !== 'never';
  const maxAges = { always: 0, missing: undefined, never: undefined, 'stale-if-error': maxAgeMs };
  return baseImageCache(directory, {
    resolveDigest: mayAsk
      ? async (reference, options) => {
          const found = await client.repository(reference).headManifest(referenceTarget(reference), options);
          return found?.digest;
        }
      : undefined,
    maxAgeMs: pull === true ? 0 : maxAges[policy],
    staleIfError: policy !== 'always',
    onEvent: (event) => onProgress(warningOf(event)),
  });
}

function warningOf(event: BaseImageCacheEvent): ProgressEvent {
  const { reference, error } = event;
  const reason = messageOf(error);
  const name = formatReference(reference);
  return event.type === 'stale'
    ? { type: 'warning', code: 'base-image-stale', message: `Using the warmed copy of ${name}: ${reason}` }
    : { type: 'warning', code: 'base-image-damaged', message: `Skipping the warmed copy of ${name}: ${reason}` };
}
