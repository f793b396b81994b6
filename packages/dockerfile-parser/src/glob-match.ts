import { DockerfileError } from './dockerfile-error.ts';

const WILDCARD = /[*?[]/;

/** Whether a COPY source is a pattern; `\` takes the meaning of the next character away. */
export function hasWildcard(pattern: string): boolean {
  return WILDCARD.test(pattern.replace(/\\./gs, ''));
}

/** The name without the `\` of escapes. */
export function unescapePattern(pattern: string): string {
  return pattern.replace(/\\(.)/gs, '$1');
}

/**
 * Go's `filepath.Match`: `*` and `?` stop at `/`, `[a-z]` and `[^a-z]` are classes. Backtracks over the last `*` alone, so
 * that it takes at most pattern times name steps.
 * @throws {DockerfileError} `syntax error in pattern`
 */
export function globMatch(pattern: string, name: string): boolean {
  const parts = compileGlob(pattern);
  let part = 0;
  let at = 0;
  let starPart = -1;
  let starAt = 0;
  for (;;) {
    const current = parts[part];
    if (current === '*') {
      starPart = part;
      starAt = at;
      part += 1;
      continue;
    }
    if (current === undefined && at === name.length) return true;
    const character = name[at];
    if (current !== undefined && character !== undefined && current(character)) {
      part += 1;
      at += 1;
      continue;
    }
    if (starPart < 0 || starAt >= name.length || name[starAt] === '/') return false;
    starAt += 1;
    at = starAt;
    part = starPart + 1;
  }
}

type GlobPart = '*' | ((character: string) => boolean);

function compileGlob(pattern: string): GlobPart[] {
  const parts: GlobPart[] = [];
  const characters = pattern.split('');
  for (let index = 0; index < characters.length; index += 1) {
    const character = characters[index] ?? '';
    if (character === '*') {
      if (parts.at(-1) !== '*') parts.push('*');
    } else if (character === '?') parts.push((other) => other !== '/');
    else if (character === '[') {
      const { test, end } = compileClass(characters, index);
      parts.push(test);
      index = end;
    } else {
      if (character === '\\') index += 1;
      const literal = characters[index];
      if (literal === undefined) throw badPattern(pattern);
      parts.push((other) => other === literal);
    }
  }
  return parts;
}

function compileClass(
  characters: readonly string[],
  start: number,
): { test: (character: string) => boolean; end: number } {
  let index = start + 1;
  const negated = characters[index] === '^';
  if (negated) index += 1;
  const ranges: [string, string][] = [];
  const take = () => {
    if (characters[index] === '\\') index += 1;
    const character = characters[index];
    if (character === undefined) throw badPattern(characters.join(''));
    index += 1;
    return character;
  };
  while (characters[index] !== ']' || ranges.length === 0) {
    if (characters[index] === '-' || characters[index] === ']') throw badPattern(characters.join(''));
    const low = take();
    let high = low;
    if (characters[index] === '-') {
      index += 1;
      if (characters[index] === ']') throw badPattern(characters.join(''));
      high = take();
    }
    ranges.push([low, high]);
  }
  const inside = (character: string) => ranges.some(([low, high]) => character >= low && character <= high);
  return { test: (character) => character !== '/' && inside(character) !== negated, end: index };
}

function badPattern(pattern: string): DockerfileError {
  return new DockerfileError(`syntax error in pattern: ${JSON.stringify(pattern)}`, {
    hint: 'Write \\[ for a bracket that is part of a name.',
  });
}
