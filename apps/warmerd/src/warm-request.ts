import type { Reference } from '@shale/core';
import type { Exchange } from '@shale/registry';
import type { EntryForm, WarmEvent, WarmResult, WarmTarget } from '@shale/warmer';
import type { Config } from './config.ts';

/** A run for the worker: plain data, because it is sent to another process. */
export interface RunRequest {
  readonly targets: readonly WarmTarget[];
  readonly directory: string;
  readonly form: EntryForm;
  readonly ttlMs: number | undefined;
  readonly concurrency: number;
  readonly prune: boolean;
  readonly keep: readonly Reference[];
  readonly maxBytes: number | undefined;
  /** The limit for all runs together. */
  readonly bytesPerSecond: number | undefined;
  readonly registries: Config['registries'];
}

export type ToWorker =
  | { readonly type: 'run'; readonly id: number; readonly request: RunRequest }
  | { readonly type: 'abort'; readonly id: number };

/** Errors arrive as plain errors: they keep their message and lose their class. */
export type FromWorker =
  | { readonly type: 'event'; readonly id: number; readonly event: WarmEvent }
  | { readonly type: 'exchange'; readonly exchange: Exchange }
  | { readonly type: 'done'; readonly id: number; readonly results: readonly WarmResult[] }
  | { readonly type: 'failed'; readonly id: number; readonly error: unknown };
