import { cleanPath } from './clean-path.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { compileIgnorePattern } from './ignore-pattern.ts';

/** The rules of one `.dockerignore`. Paths are clean, relative to the context, with `/`. */
export interface IgnoreMatcher {
  /** Fast when a directory's paths are asked for one after another: what is known of the directory is kept. */
  ignores(path: string): boolean;
  /** Whether something below this ignored directory may be taken in again by a `!` rule, so that a walk must go in. */
  mayReinclude(directory: string): boolean;
}

interface Rule {
  /** `!`: takes in again. */
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

  /** Which rules match a directory or a parent of it. */
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

/** Whether a rule could match something below `directory`: a wildcard in the way counts as yes. */
function mayMatchBelow({ segments }: Rule, directory: string): boolean {
  for (const [index, part] of directory.split('/').entries()) {
    const segment = segments[index];
    if (segment === undefined || /[*?[\\]/.test(segment)) return true;
    if (segment !== part) return false;
  }
  return true;
}
