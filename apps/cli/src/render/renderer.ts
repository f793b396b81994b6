import type { Digest, ProgressEvent, ProgressListener } from '@shale/core';

/** What a finished build has to show. */
export interface BuildOutcome {
  /** @default 'Built' */
  readonly verb?: string | undefined;
  readonly digest: Digest;
  /** Where the image went, as a user would write it. */
  readonly targets: readonly string[];
  /** What cache hits saved, in milliseconds. */
  readonly savedMs: number;
}

/** Shows progress. Disposed without `finish`, it leaves the terminal fit for an error message. */
export interface Renderer extends Disposable {
  readonly onProgress: ProgressListener;
  finish(outcome: BuildOutcome): void;
}

/** Where a renderer writes, and how it tells time. */
export interface RendererOutput {
  readonly write: (text: string) => void;
  /** Milliseconds; only differences matter. */
  readonly now: () => number;
}

type Handlers = {
  readonly [Type in ProgressEvent['type']]?: (event: Extract<ProgressEvent, { type: Type }>) => void;
};

/** A listener from one function for each type of event; the others are passed over. */
export function progressListener(handlers: Handlers): ProgressListener {
  return (event) => {
    const handle = handlers[event.type] as ((event: ProgressEvent) => void) | undefined;
    handle?.(event);
  };
}
