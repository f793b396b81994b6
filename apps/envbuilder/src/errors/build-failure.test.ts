import { type ErrorCode, ShaleError } from '@shale/core';
import { describe, expect, it } from 'vitest';
import { buildFailure, isBuildFailure, NoFallbackError } from './build-failure.ts';

class AnyError extends ShaleError {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message, { hint: 'do this' });
    this.code = code;
  }
}

describe('buildFailure()', () => {
  it.each([
    ['DOCKERFILE_INVALID', 'line 3', 'parsing dockerfile: dockerfile parse error: line 3'],
    ['STEP_FAILED', 'make broke', 'error building stage: make broke'],
    ['BASE_IMAGE_MISSING', 'no x', 'error building stage: no x: manifest unknown'],
    ['REGISTRY_REFUSED', 'answers 401', 'error building stage: answers 401: Unauthorized: authentication required'],
    ['REGISTRY_REFUSED', 'answers 500', 'error building stage: answers 500'],
    ['CREDENTIALS_INVALID', 'answers 401', 'error building stage: answers 401: Unauthorized: authentication required'],
    ['CREDENTIALS_INVALID', 'no JSON', 'error building stage: no JSON'],
    ['SOURCE_MISSING', 'no a', 'error building stage: no a: no such file or directory'],
    ['CONTEXT_INVALID', 'no such folder', 'no such folder'],
  ] as const)("has envbuilder's words for %s", (code, message, expected) => {
    const failure = buildFailure(new AnyError(code, message));
    expect(failure).toMatchObject({ message: expected, code, hint: 'do this' });
    expect(new NoFallbackError(failure)).toMatchObject({
      message: `${expected}: no fallback image has been specified`,
      code,
      hint: 'do this',
    });
  });
});

it('isBuildFailure() is what another image may help with', () => {
  expect(isBuildFailure(new AnyError('STEP_FAILED', 'x'))).toBe(true);
  expect(isBuildFailure(new AnyError('NO_SPACE', 'x'))).toBe(false);
  expect(isBuildFailure(new Error('a fault of ours'))).toBe(false);
});
