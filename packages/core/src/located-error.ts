import { type ErrorCode, ShaleError } from './errors.ts';
import type { SourcePlace } from './progress.ts';

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** A failure with the lines of the file that caused it. */
export class LocatedError extends ShaleError {
  readonly code: ErrorCode;
  readonly place: SourcePlace;
  /** The lines around the place. The lines of the place are marked. */
  readonly excerpt: string;
  /** The failure itself. */
  readonly failure: Failure;

  constructor(failure: Failure, place: SourcePlace, excerpt: string) {
    super(failure.message, { hint: failure.hint, cause: failure.cause });
    this.code = failure.code;
    this.place = place;
    this.excerpt = excerpt;
    this.failure = failure;
  }
}
