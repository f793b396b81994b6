import { cleanPath } from './clean-path.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { compileIgnorePattern } from './ignore-pattern.ts';

/** The rules of a `.dockerignore`. Paths are clean, relative to the context, and separated by `/`. */
export interface IgnoreMatcher {
  /** Whether a path is ignored. Fast for paths of the same directory in a row, because the result for the directory is kept. */
  ignores(path: string): boolean;
  /** Whether a `!` rule may include something below this ignored directory, so that a walk must enter it. */
  mayReinclude(directory: string): boolean;
}

interface Rule {
  /** Whether the rule begins with `!`, and includes again. */
  readonly exclusion: boolean;
  readonly segments: readonly string[];
  readonly matches: (path: string) => boolean;
}

const IGNORE_NOTHING: IgnoreMatcher = { ignores: () => false, mayReinclude: () => false };

/**
 * Matches as moby/patternmatcher does: the last rule that matches a path or one of its parents wins.
 * @see https://github.com/moby/patternmatcher/blob/v0.6.0/patternmatcher.go
 * @throws {DockerfileError} `syntax error in pattern`
 * @example ignoreMatcher(['dist', '!dist/index.html']).ignores('dist/main.js') // true
 */
export function ignoreMatcher(patterns: readonly string[]): IgnoreMatcher {
  const rules = patterns
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '')
    .map(compileRule);
  if (rules.length === 0) return IGNORE_NOTHING;
  const directories = new Map<string, Uint8Array>();

  /** The rules that match a directory or a parent of it. */
  const matchesOf = (directory: string): Uint8Array => {
    const known = directories.get(directory);
    if (known !== undefined) return known;
    const parent = parentOf(directory);
    const above = parent === undefined ? undefined : matchesOf(parent);
    const result = Uint8Array.from(rules, (rule, index) => (above?.[index] === 1 || rule.matches(directory) ? 1 : 0));
    directories.set(directory, result);
    return result;
  };

  return {
    ignores(path) {
      if (path === '.' || path === '') return false;
      const parent = parentOf(path);
      const above = parent === undefined ? undefined : matchesOf(parent);
      const decisive = rules.findLast((rule, index) => above?.[index] === 1 || rule.matches(path));
      return decisive?.exclusion === false;
    },
    mayReinclude: (directory) => rules.some((rule) => rule.exclusion && mayMatchBelow(rule, directory)),
  };
}

function parentOf(path: string): string | undefined {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? undefined : path.slice(0, slash);
}

function compileRule(pattern: string): Rule {
  const cleaned = cleanPath(pattern);
  if (cleaned === '!')
    throw new DockerfileError('illegal exclusion pattern: "!"', { hint: 'Write a pattern after the !.' });
  const exclusion = cleaned.startsWith('!');
  const text = exclusion ? cleaned.slice(1) : cleaned;
  return { exclusion, segments: text.split('/'), matches: compileIgnorePattern(text) };
}

/** Whether a rule could match something below `directory`. A wildcard in the pattern may match anything. */
function mayMatchBelow({ segments }: Rule, directory: string): boolean {
  for (const [index, part] of directory.split('/').entries()) {
    const segment = segments[index];
    if (segment === undefined || /[*?[\\]/.test(segment)) return true;
    if (segment !== part) return false;
  }
  return true;
}
