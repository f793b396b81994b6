import type { Digest } from './digest.ts';

/** A place in a text file. Lines and columns count from 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly endLine?: number | undefined;
}

export interface StepInfo {
  /** Unique in the build. */
  readonly id: string;
  /** Stage name, or its index when unnamed. */
  readonly stage: string;
  /** Counts from 1 in its stage. */
  readonly index: number;
  readonly total: number;
  /** The instruction as written, on one line. */
  readonly name: string;
  readonly place?: SourcePlace | undefined;
}

export type StepOutcome = 'cached' | 'ran' | 'failed';

/** Sent in the order of what happens. Renderers add prose and colours, round numbers and limit the rate. */
export type ProgressEvent =
  | { readonly type: 'build.planned'; readonly steps: readonly StepInfo[] }
  | {
      readonly type: 'isolation.chosen';
      readonly executor: string;
      readonly snapshotter: string;
      readonly reason: string;
    }
  | { readonly type: 'image.resolved'; readonly reference: string; readonly digest: Digest; readonly source: string }
  | { readonly type: 'step.started'; readonly step: StepInfo }
  | {
      readonly type: 'step.output';
      readonly step: StepInfo;
      readonly stream: 'stdout' | 'stderr';
      readonly data: Uint8Array;
    }
  | {
      readonly type: 'step.finished';
      readonly step: StepInfo;
      readonly outcome: StepOutcome;
      readonly durationMs: number;
      /** The cache tier that had the layer, when `outcome` is `cached`. */
      readonly origin?: string | undefined;
    }
  | {
      readonly type: 'transfer';
      readonly direction: 'pull' | 'push' | 'unpack' | 'export';
      readonly digest: Digest;
      readonly bytes: number;
      readonly totalBytes: number | undefined;
      readonly done: boolean;
    }
  | { readonly type: 'export.finished'; readonly target: string; readonly digest: Digest; readonly durationMs: number }
  | {
      /** Nothing has come from a host for some seconds, or a longer pause begins. */
      readonly type: 'waiting';
      /** As in `registry.example:5000`. */
      readonly host: string;
      readonly reason: string;
      /** When the wait ends at the latest, in milliseconds since the epoch. */
      readonly untilMs: number;
    }
  | { readonly type: 'cache.degraded'; readonly backend: string; readonly error: unknown }
  | { readonly type: 'cache.stored'; readonly backend: string; readonly key: string; readonly bytes: number }
  | {
      readonly type: 'warning';
      readonly code: string;
      readonly message: string;
      readonly place?: SourcePlace | undefined;
    }
  | {
      /** A finding of a build check. The build goes on. */
      readonly type: 'lint.finding';
      readonly rule: string;
      readonly description: string;
      readonly url: string;
      readonly message: string;
      readonly place: SourcePlace;
    };

/** Called often: it has to return at once, and must not throw. */
export type ProgressListener = (event: ProgressEvent) => void;
