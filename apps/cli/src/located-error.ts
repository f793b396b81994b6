import { type ErrorCode, ShaleError, type SourcePlace } from '@shale/core';

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly cause?: unknown;
}

/** A failure, and the lines of the Dockerfile that it is about. */
export class LocatedError extends ShaleError {
  readonly code: ErrorCode;
  readonly place: SourcePlace;
  readonly excerpt: string;

  constructor({ code, message, hint, cause }: Failure, place: SourcePlace, excerpt: string) {
    super(message, { hint, cause });
    this.code = code;
    this.place = place;
    this.excerpt = excerpt;
  }
}
