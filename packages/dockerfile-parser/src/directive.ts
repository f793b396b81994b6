import { DockerfileError, placed } from './dockerfile-error.ts';
import type { SourceRange } from './position.ts';

export type Escape = '\\' | '`';

/** The `# key=value` lines at the top of a Dockerfile. */
export interface Directives {
  /** The frontend image, for example `docker/dockerfile:1`. */
  readonly syntax: string | undefined;
  readonly escape: Escape;
  /** Options of the build checks. `parseCheckOptions` reads them. */
  readonly check: string | undefined;
  /** The line of `check`, if there is one. */
  readonly checkRange?: SourceRange;
}

export interface DirectiveBlock {
  readonly directives: Directives;
  /** The number of lines of all directives. */
  readonly lineCount: number;
}

const DIRECTIVE = /^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S.*)$/;
const KNOWN: ReadonlySet<string> = new Set(['syntax', 'escape', 'check']);

/** Reads directives up to the first line that is not a known one, which may be a comment or an empty line. */
export function parseDirectives(lines: readonly string[]): DirectiveBlock {
  const values = new Map<string, string>();
  let lineCount = 0;
  for (const line of lines) {
    const directive = readDirective(line, '#');
    if (directive === undefined) break;
    lineCount += 1;
    const { name, value } = directive;
    placed(
      () => ({ startLine: lineCount, endLine: lineCount }),
      () => checkDirective(name, value, values),
    );
    values.set(name, value);
  }
  const afterShebang =
    lineCount === 0 && lines[0]?.startsWith('#!') === true ? blockValues(lines.slice(1), '#') : values;
  const directives: Directives = {
    syntax: firstWord(afterShebang.get('syntax')),
    escape: values.get('escape') === '`' ? '`' : '\\',
    check: afterShebang.get('check'),
    ...(afterShebang.has('check') && { checkRange: rangeOf('check', lines) }),
  };
  return { directives, lineCount };
}

/**
 * Finds the frontend of a file in any language: `# syntax=`, `// syntax=` or `{"syntax": …}`, also after `#!`.
 * @example detectSyntax('#!/usr/bin/env shale\n//syntax=docker/dockerfile:1\n') // 'docker/dockerfile:1'
 */
export function detectSyntax(text: string): string | undefined {
  const plain = text.replace(/^\uFEFF/, '').replace(/^#![^\n]*\n?/, '');
  const lines = plain.split('\n', KNOWN.size);
  const value = blockValues(lines, '#').get('syntax') ?? blockValues(lines, '//').get('syntax');
  return firstWord(value ?? syntaxOfJson(plain));
}

function syntaxOfJson(text: string): string | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const syntax = typeof value === 'object' && value !== null && 'syntax' in value ? value.syntax : undefined;
    return typeof syntax === 'string' ? syntax : undefined;
  } catch {
    return undefined;
  }
}

function rangeOf(name: string, lines: readonly string[]): SourceRange {
  const line = lines.findIndex((text) => readDirective(text, '#')?.name === name) + 1;
  return { startLine: line, endLine: line };
}

function blockValues(lines: readonly string[], comment: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of lines) {
    const directive = readDirective(line, comment);
    if (directive === undefined || values.has(directive.name)) break;
    values.set(directive.name, directive.value);
  }
  return values;
}

function readDirective(line: string, comment: string): { name: string; value: string } | undefined {
  const text = line.trim();
  if (!text.startsWith(comment)) return undefined;
  const [, key = '', value = ''] = DIRECTIVE.exec(text.slice(comment.length).trimStart()) ?? [];
  const name = key.toLowerCase();
  return KNOWN.has(name) ? { name, value } : undefined;
}

function checkDirective(name: string, value: string, seen: ReadonlyMap<string, string>): void {
  if (seen.has(name)) {
    throw new DockerfileError(`only one ${name} parser directive can be used`, { hint: 'Remove this line.' });
  }
  if (name === 'escape' && value !== '\\' && value !== '`') {
    throw new DockerfileError(`invalid escape token '${value}' does not match \` or \\`, {
      hint: 'Write # escape=` to continue lines with a backtick, or remove this line.',
    });
  }
}

const firstWord = (text: string | undefined) => text?.split(' ', 1)[0];
