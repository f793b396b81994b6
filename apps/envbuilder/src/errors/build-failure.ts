import { type ErrorCode, LocatedError, ShaleError } from '@shale/core';

/** A failed build, in the words that scripts look for. */
export class BuildFailedError extends ShaleError {
  readonly code: ErrorCode;

  constructor(cause: unknown, message: string) {
    super(message, { cause, hint: cause instanceof ShaleError ? cause.hint : undefined });
    this.code = cause instanceof ShaleError ? cause.code : 'STEP_FAILED';
  }
}

/** The build failed, and there is no fallback image. */
export class NoFallbackError extends ShaleError {
  readonly code: ErrorCode;

  constructor(cause: ShaleError) {
    super(`${cause.message}: no fallback image has been specified`, { cause, hint: cause.hint });
    this.code = cause.code;
  }
}

/** Failures that another image would not avoid: of the machine, of options, of a required cache. */
const NOT_THE_BUILD: ReadonlySet<ErrorCode> = new Set(['NO_SPACE', 'STORE_INVALID', 'USAGE_INVALID', 'CACHE_REQUIRED']);

/** Whether the repository or its images caused the failure, so that the fallback image may be started. */
export function isBuildFailure(error: unknown): error is ShaleError {
  return error instanceof ShaleError && !NOT_THE_BUILD.has(error.code);
}

/** Adds envbuilder's words to an error of the builder. */
export function buildFailure(error: ShaleError): BuildFailedError {
  const { code } = error;
  const message = withPlace(error);
  if (code === 'DOCKERFILE_INVALID') {
    const words = message.includes('dockerfile parse error') ? message : `dockerfile parse error: ${message}`;
    return new BuildFailedError(error, `parsing dockerfile: ${words}`);
  }
  const isRefused = code === 'REGISTRY_REFUSED' || code === 'CREDENTIALS_INVALID';
  if (isRefused && /\b40[13]\b|unauthorized|denied/i.test(message))
    return new BuildFailedError(error, `error building stage: ${message}: Unauthorized: authentication required`);
  if (code === 'BASE_IMAGE_MISSING')
    return new BuildFailedError(error, `error building stage: ${message}: manifest unknown`);
  if (code === 'SOURCE_MISSING')
    return new BuildFailedError(error, `error building stage: ${message}: no such file or directory`);
  if (code === 'CONTEXT_INVALID') return new BuildFailedError(error, message);
  return new BuildFailedError(error, `error building stage: ${message}`);
}

function withPlace(error: ShaleError): string {
  if (!(error instanceof LocatedError)) return error.message;
  return `${error.place.file}:${error.place.line}: ${error.message}`;
}
