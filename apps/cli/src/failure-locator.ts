import type { DockerfileSource } from '@shale/builder';
import { type ErrorCode, type ProgressListener, ShaleError, type SourcePlace } from '@shale/core';
import { DockerfileError, excerpt } from '@shale/dockerfile-parser';
import { LocatedError } from './located-error.ts';

/** What no line of a Dockerfile is to blame for. */
const ABOUT_THE_MACHINE: ReadonlySet<ErrorCode> = new Set(['EXECUTOR_UNAVAILABLE', 'NO_SPACE', 'STORE_INVALID']);

/** Watches a build for the step that fails, so that its error can be shown with its lines. */
export class FailureLocator {
  readonly #source: DockerfileSource;
  #failed: SourcePlace | undefined;

  constructor(source: DockerfileSource) {
    this.#source = source;
  }

  /** The listener, listened in on. */
  watch(onProgress: ProgressListener): ProgressListener {
    return (event) => {
      if (event.type === 'step.finished' && event.outcome === 'failed') this.#failed ??= event.step.place;
      onProgress(event);
    };
  }

  locate(error: unknown): unknown {
    const { name, text } = this.#source;
    if (error instanceof DockerfileError && error.range !== undefined) {
      const place = { file: error.file ?? name, line: error.range.startLine };
      return new LocatedError(error, place, excerpt(text, error.range));
    }
    if (!(error instanceof ShaleError) || this.#failed === undefined || ABOUT_THE_MACHINE.has(error.code)) return error;
    const { line, endLine = line } = this.#failed;
    return new LocatedError(error, this.#failed, excerpt(text, { startLine: line, endLine }));
  }
}
