import { DockerfileError } from './dockerfile-error.ts';

/** The rules of one `.dockerignore`. Paths are relative to the context, with `/`. */
export interface IgnoreMatcher {
  ignores(path: string): boolean;
  /** Whether something below this ignored directory may be taken in again by a `!` rule. */
  mayReinclude(directory: string): boolean;
}

interface Rule {
  readonly exclusion: boolean;
  readonly segments: readonly string[];
  readonly matches: (path: string) => boolean;
}

/** The patterns of a `.dockerignore`, cleaned; `!` stays. @throws {DockerfileError} `illegal exclusion pattern: "!"` */
export function parseIgnoreFile(text: string): string[] {
  const lines = (text.startsWith('\uFEFF') ? text.slice(1) : text).split(/\r?\n/);
  return lines.flatMap((line) => {
    if (line.startsWith('#')) return [];
    const trimmed = line.trim();
    if (trimmed === '') return [];
    const negated = trimmed.startsWith('!');
    const pattern = negated ? trimmed.slice(1).trim() : trimmed;
    if (negated && pattern === '') throw new DockerfileError('illegal exclusion pattern: "!"');
    const cleaned = cleanPath(pattern);
    const relative = cleaned.length > 1 && cleaned.startsWith('/') ? cleaned.slice(1) : cleaned;
    return [negated ? `!${relative}` : relative];
  });
}

/** Go's `filepath.Clean`. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push('..');
  }
  return `${rooted ? '/' : ''}${kept.join('/')}` || '.';
}

/**
 * Matches as moby/patternmatcher does: the last rule that matches a path or one of its parents wins.
 * @see https://github.com/moby/patternmatcher/blob/v0.6.0/patternmatcher.go
 * @throws {DockerfileError} `syntax error in pattern`
 */
export function ignoreMatcher(patterns: readonly string[]): IgnoreMatcher {
  const rules = patterns.map(compileRule);
  if (rules.length === 0) return { ignores: () => false, mayReinclude: () => false };
  const verdicts = new Map<string, readonly boolean[]>();

  // per path: which rules match it or a parent of it. A walk asks for parents first, so each path costs one match a rule.
  const matchesOf = (path: string): readonly boolean[] => {
    const known = verdicts.get(path);
    if (known !== undefined) return known;
    const slash = path.lastIndexOf('/');
    const parent = slash < 0 ? undefined : matchesOf(path.slice(0, slash));
    const result = rules.map((rule, index) => parent?.[index] === true || rule.matches(path));
    verdicts.set(path, result);
    return result;
  };
  return {
    ignores(path) {
      const matched = matchesOf(path).lastIndexOf(true);
      return matched >= 0 && rules[matched]?.exclusion === false;
    },
    mayReinclude: (directory) => rules.some((rule) => rule.exclusion && mayMatchBelow(rule, directory)),
  };
}

function compileRule(pattern: string): Rule {
  const exclusion = pattern.startsWith('!');
  const text = cleanPath((exclusion ? pattern.slice(1) : pattern).trim());
  return { exclusion, segments: text.split('/'), matches: compilePattern(text) };
}

/** Whether a rule could match something below `directory`: a wildcard in the way counts as yes. */
function mayMatchBelow({ segments }: Rule, directory: string): boolean {
  for (const [index, part] of directory.split('/').entries()) {
    const segment = segments[index];
    if (segment === undefined) return true;
    if (/[*?[\\]/.test(segment)) return true;
    if (segment !== part) return false;
  }
  return true;
}

const LITERAL = /[.$+()|{}^/]/;

/** moby translates its patterns to regular expressions; `**` may stand anywhere. */
function compilePattern(pattern: string): (path: string) => boolean {
  if (!/[*?[\\]/.test(pattern)) return (path) => path === pattern;
  if (pattern === '**') return () => true;
  if (/^\*\*\/[^*?[\\/]+$/.test(pattern)) {
    const name = pattern.slice(3);
    return (path) => path === name || path.endsWith(`/${name}`);
  }
  let expression = '^';
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index] ?? '';
    if (character === '*') {
      if (pattern[index + 1] === '*') {
        index += 1;
        if (pattern[index + 1] === '/') index += 1;
        expression += index + 1 === pattern.length ? '.*' : '(?:.*/)?';
      } else expression += '[^/]*';
    } else if (character === '?') expression += '[^/]';
    else if (character === '\\') {
      index += 1;
      const next = pattern[index];
      if (next === undefined) throw badPattern(pattern);
      expression += /[A-Za-z0-9]/.test(next) ? next : `\\${next}`;
    } else if (character === '[') {
      const end = classEnd(pattern, index);
      expression += pattern.slice(index, end + 1);
      index = end;
    } else expression += LITERAL.test(character) ? `\\${character}` : character;
  }
  try {
    const compiled = new RegExp(`${expression}$`, 's');
    return (path) => compiled.test(path);
  } catch (cause) {
    throw badPattern(pattern, cause);
  }
}

function classEnd(pattern: string, start: number): number {
  for (let index = start + 1; index < pattern.length; index += 1) {
    if (pattern[index] === '\\') index += 1;
    else if (pattern[index] === ']' && index > start + 1) return index;
  }
  throw badPattern(pattern);
}

function badPattern(pattern: string, cause?: unknown): DockerfileError {
  return new DockerfileError(`syntax error in pattern: ${JSON.stringify(pattern)}`, {
    cause,
    hint: 'Write \\[ for a bracket that is part of a name.',
  });
}
