import { DockerfileError } from './dockerfile-error.ts';

/** A string stands for that one character. */
export type GlobToken = string | GlobWildcard | GlobClass;

export interface GlobWildcard {
  readonly type: 'any' | 'star';
}

export interface GlobClass {
  readonly type: 'class';
  readonly negated: boolean;
  readonly ranges: readonly (readonly [first: string, last: string])[];
}

const ANY: GlobWildcard = { type: 'any' };
const STAR: GlobWildcard = { type: 'star' };

/**
 * The tokens of Go's `filepath.Match`: `*`, `?`, `[a-z]`, `[^a-z]`, and `\` before what is meant literally.
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
  const ranges: (readonly [string, string])[] = [];
  let index = start + (negated ? 2 : 1);
  const take = (): string => {
    const character = characters[index];
    if (character === '-' || character === ']') return fail(pattern);
    if (character === '\\') index += 1;
    const taken = characters[index] ?? fail(pattern);
    index += 1;
    return taken;
  };
  while (characters[index] !== ']' || ranges.length === 0) {
    const first = take();
    const isRange = characters[index] === '-';
    if (isRange) index += 1;
    ranges.push([first, isRange ? take() : first]);
  }
  return { token: { type: 'class', negated, ranges }, end: index };
}

export function classMatches({ negated, ranges }: GlobClass, character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  const isInside = ranges.some(
    ([first, last]) => code >= (first.codePointAt(0) ?? 0) && code <= (last.codePointAt(0) ?? 0),
  );
  return isInside !== negated;
}

/** What can be indexed by character: a string, unless some of its characters take two units. */
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
