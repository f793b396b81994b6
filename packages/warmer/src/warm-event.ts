import type { Digest, Platform, Reference } from '@shale/core';

export interface WarmedImage {
  readonly reference: Reference;
  readonly platform: Platform;
}

/**
 * The result for one image: `warmed` was fetched, `unchanged` was here already, `stale` could not be refreshed, so that the
 * old copy was kept, `failed` could not be fetched, and no copy is here.
 */
export type WarmStatus = 'warmed' | 'unchanged' | 'stale' | 'failed';

export interface WarmResult {
  readonly reference: Reference;
  /** `undefined` when warming failed before the platforms of `all` were known. */
  readonly platform: Platform | undefined;
  readonly status: WarmStatus;
  /** The digest of the image's manifest; `undefined` when `failed`. */
  readonly digest: Digest | undefined;
  /** The size of the archive. */
  readonly sizeBytes: number;
  /** The bytes that came from the registry; the rest was on disk. */
  readonly fetchedBytes: number;
  readonly durationMs: number;
  /** Why the image is `stale` or `failed`. */
  readonly error: unknown;
}

/** Events of several images are interleaved. */
export type WarmEvent =
  | { readonly type: 'image.started'; readonly reference: Reference }
  | {
      readonly type: 'image.pulling';
      readonly image: WarmedImage;
      readonly digest: Digest;
      readonly totalBytes: number;
    }
  /** Reported about once a MiB: the bytes of the image on disk so far, from any source. */
  | {
      readonly type: 'image.progress';
      readonly image: WarmedImage;
      readonly bytes: number;
      readonly totalBytes: number;
    }
  | { readonly type: 'image.finished'; readonly result: WarmResult }
  | { readonly type: 'image.removed'; readonly digest: Digest; readonly sizeBytes: number };

/** Called while images are fetched: it must return at once and never throw. */
export type WarmListener = (event: WarmEvent) => void;
