import { LocatedError } from '@shale/core';
import { excerpt, type SourceRange } from '@shale/dockerfile-parser';
import type { Finding } from '@shale/dockerfile-parser/lint';
import { escapeControls, escapeControlsInLines } from '../terminal/escape.ts';
import { countOf } from '../terminal/format.ts';
import type { Palette } from '../terminal/palette.ts';

/** What a run of the checks has to say. */
export interface LintReport {
  readonly file: string;
  readonly text: string;
  readonly findings: readonly Finding[];
  readonly severity: 'warning' | 'error';
  /** Why the file could not be built, or may not be. */
  readonly failure: Error | undefined;
}

const RULER = '-'.repeat(20);

/** For people: a block a finding, as `docker build --check` shows it, and a line of conclusion. */
export function lintText({ file, text, findings, severity, failure }: LintReport, palette: Palette): string {
  const paint = severity === 'error' ? palette.bad : palette.warning;
  const blocks = findings.map(({ rule, url, message, range }) => [
    `${paint(`${severity.toUpperCase()}:`)} ${palette.bold(rule)} - ${palette.dim(url)}`,
    escapeControls(message),
    escapeControls(`${file}:${range.startLine}`),
    RULER,
    escapeControlsInLines(excerpt(text, range)),
    RULER,
    '',
  ]);
  const lines = [...blocks.flat(), ...(failure === undefined ? [conclusion(findings.length)] : [])];
  return lines.map((line) => `${line}\n`).join('');
}

function conclusion(count: number): string {
  if (count === 0) return 'Check complete, no warnings found.';
  return `Check complete, ${countOf(count, 'warning')} ${count === 1 ? 'has' : 'have'} been found!`;
}

/** For programs: BuildKit's document of `--call=check,format=json`, and each warning's severity. */
export function lintJson({ file, text, findings, severity, failure }: LintReport): string {
  const document = {
    warnings: findings.map(({ rule, description, url, message, range }) => ({
      ruleName: rule,
      description,
      url,
      detail: message,
      severity,
      location: locationOf(range),
    })),
    sources: [{ filename: file, language: 'Dockerfile', data: Buffer.from(text).toString('base64') }],
    ...(failure === undefined ? {} : { buildError: { message: failure.message, ...placeOf(failure) } }),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function placeOf(failure: Error): { readonly location?: object } {
  if (!(failure instanceof LocatedError)) return {};
  const { line, endLine = line } = failure.place;
  return { location: locationOf({ startLine: line, endLine }) };
}

function locationOf({ startLine, endLine }: SourceRange): object {
  return { sourceIndex: 0, ranges: [{ start: { line: startLine }, end: { line: endLine } }] };
}
