import type { Digest, Platform, Reference } from '@shale/core';

export interface WarmedImage {
  readonly reference: Reference;
  readonly platform: Platform;
}

/**
 * What became of one image: `warmed` was fetched, `unchanged` was here already, `stale` could not be refreshed and stays
 * as it was, `failed` is not here.
 */
export type WarmStatus = 'warmed' | 'unchanged' | 'stale' | 'failed';

export interface WarmResult {
  readonly reference: Reference;
  /** `undefined` when it failed before the platforms of `all` were known. */
  readonly platform: Platform | undefined;
  readonly status: WarmStatus;
  /** The image's manifest; `undefined` when `failed`. */
  readonly digest: Digest | undefined;
  /** Of the archive. */
  readonly sizeBytes: number;
  /** What came from the registry; the rest was on disk. */
  readonly fetchedBytes: number;
  readonly durationMs: number;
  /** Why it is `stale` or `failed`. */
  readonly error: unknown;
}

/** In the order they happen, images interleaved. */
export type WarmEvent =
  | { readonly type: 'image.started'; readonly reference: Reference }
  | {
      readonly type: 'image.pulling';
      readonly image: WarmedImage;
      readonly digest: Digest;
      readonly totalBytes: number;
    }
  /** Each MiB or so: bytes of the image on disk so far, from wherever they came. */
  | {
      readonly type: 'image.progress';
      readonly image: WarmedImage;
      readonly bytes: number;
      readonly totalBytes: number;
    }
  | { readonly type: 'image.finished'; readonly result: WarmResult }
  | { readonly type: 'image.removed'; readonly digest: Digest; readonly sizeBytes: number };

/** Called from the hot path: returns at once, never throws. */
export type WarmListener = (event: WarmEvent) => void;
