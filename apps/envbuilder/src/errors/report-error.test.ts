import { type ErrorCode, LocatedError, ShaleError } from '@shale/core';
import { describe, expect, it } from 'vitest';
import { optionTable } from '../options/option-table.ts';
import { type OptionTable, variableOf } from '../options/option.ts';
import { buildFailure, NoFallbackError } from './build-failure.ts';
import { remedies } from './remedies.ts';
import { reportError } from './report-error.ts';

class AnyError extends ShaleError {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, hint?: string) {
    super(message, { hint });
    this.code = code;
  }
}

describe('reportError()', () => {
  it('has the whole reason in one line, then the lines of the Dockerfile, then hints', () => {
    const missing = new AnyError(
      'BASE_IMAGE_MISSING',
      'No x:1 was found:\n  r.example: answers 401',
      'Check the name.',
    );
    const located = new LocatedError(missing, { file: 'Dockerfile', line: 1 }, ' 1 | >>> FROM x:1');
    expect(reportError(new NoFallbackError(buildFailure(located))).split('\n')).toEqual([
      'error: error building stage: Dockerfile:1: No x:1 was found: r.example: answers 401: manifest unknown: no fallback image has been specified',
      ' 1 | >>> FROM x:1',
      `hint:  Check the name. ${remedies.BASE_IMAGE_MISSING}`,
      '',
    ]);
  });

  it('reports any error', () => {
    expect(reportError(new Error('odd\nthing'))).toBe('error: odd; thing\n');
  });
});

describe('remedies', () => {
  it('name variables that this program has, and no flag', () => {
    const known = new Set(Object.values(optionTable as OptionTable).map(variableOf));
    const text = Object.values(remedies).join(' ');
    expect((text.match(/ENVBUILDER_[A-Z0-9_]+/g) ?? []).filter((name) => !known.has(name))).toEqual([]);
    expect(text).not.toContain('--');
  });
});
