import { DockerfileError } from './dockerfile-error.ts';

/** A string stands for a single character. */
export type GlobToken = string | GlobWildcard | GlobClass;

export interface GlobWildcard {
  readonly type: 'any' | 'star';
}

export interface GlobClass {
  readonly type: 'class';
  readonly negated: boolean;
  readonly ranges: readonly GlobRange[];
}

/** Code points, both included. */
export interface GlobRange {
  readonly first: number;
  readonly last: number;
}

const ANY: GlobWildcard = { type: 'any' };
/** The only token of its kind. */
export const STAR: GlobWildcard = { type: 'star' };

/**
 * The tokens of Go's `filepath.Match`: `*`, `?`, `[a-z]`, `[^a-z]`, and `\` before a literal character.
 * @throws {DockerfileError} `syntax error in pattern`
 */
export function parseGlob(pattern: string): GlobToken[] {
  const characters = codePoints(pattern);
  const tokens: GlobToken[] = [];
  for (let index = 0; index < characters.length; index += 1) {
    const character = characters[index];
    if (character === '*') tokens.push(STAR);
    else if (character === '?') tokens.push(ANY);
    else if (character === '[') {
      const { token, end } = parseClass(characters, index, pattern);
      tokens.push(token);
      index = end;
    } else {
      if (character === '\\') index += 1;
      tokens.push(characters[index] ?? fail(pattern));
    }
  }
  return tokens;
}

function parseClass(characters: Characters, start: number, pattern: string): { token: GlobClass; end: number } {
  const negated = characters[start + 1] === '^';
  const ranges: GlobRange[] = [];
  let index = start + (negated ? 2 : 1);
  const take = (): number => {
    const character = characters[index];
    if (character === '-' || character === ']') return fail(pattern);
    if (character === '\\') index += 1;
    const taken = characters[index] ?? fail(pattern);
    index += 1;
    return taken.codePointAt(0) ?? fail(pattern);
  };
  while (characters[index] !== ']' || ranges.length === 0) {
    const first = take();
    const isRange = characters[index] === '-';
    if (isRange) index += 1;
    const last = isRange ? take() : first;
    const before = ranges.at(-1);
    if (before === undefined || before.first !== first || before.last !== last) ranges.push({ first, last });
  }
  return { token: { type: 'class', negated, ranges: mergeRanges(ranges) }, end: index };
}

/** Sorts the ranges of a class and joins those that touch, so that a class of a million letters is fast to match. */
function mergeRanges(ranges: readonly GlobRange[]): GlobRange[] {
  const merged: GlobRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    const before = merged.at(-1);
    if (range.first > range.last) continue;
    if (before === undefined || range.first > before.last + 1) merged.push(range);
    else merged[merged.length - 1] = { first: before.first, last: Math.max(before.last, range.last) };
  }
  return merged;
}

export function classMatches({ negated, ranges }: GlobClass, character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  const isInside = ranges.some(({ first, last }) => code >= first && code <= last);
  return isInside !== negated;
}

/** A text that can be indexed by character: a string, unless some of its characters take two units. */
export type Characters = string | readonly string[];

export function codePoints(text: string): Characters {
  return /[\uD800-\uDFFF]/.test(text) ? [...text] : text;
}

const MAX_SHOWN = 200;

function fail(pattern: string): never {
  throw new DockerfileError(`syntax error in pattern: ${JSON.stringify(pattern.slice(0, MAX_SHOWN))}`, {
    hint: 'Write \\[ for a bracket that is part of a name.',
  });
}
