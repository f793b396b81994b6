import { type Characters, classMatches, codePoints, type GlobToken, parseGlob, STAR } from './glob-syntax.ts';

const WILDCARD = /[*?[]/;

/** Whether a COPY source is a pattern. `\` makes the next character literal. */
export function hasWildcard(pattern: string): boolean {
  return WILDCARD.test(pattern.replace(/\\./gs, ''));
}

/** Removes the `\` of escapes from a name. */
export function unescapePattern(pattern: string): string {
  return pattern.replace(/\\(.)/gs, '$1');
}

/**
 * Go's `filepath.Match`: `*` and `?` do not match `/`, `[a-z]` and `[^a-z]` are classes, `**` equals `*`.
 * @throws {DockerfileError} `syntax error in pattern`
 * @example globMatch('*.go', 'main.go') // true
 */
export function globMatch(pattern: string, name: string): boolean {
  return compileGlob(pattern)(name);
}

/** `globMatch` for many names. @throws {DockerfileError} `syntax error in pattern` */
export function compileGlob(pattern: string): (name: string) => boolean {
  const tokens = parseGlob(pattern);
  return (name) => matchTokens(tokens, codePoints(name));
}

/** Backtracks to the last star only, which is enough. So it takes at most pattern length times name length steps. */
function matchTokens(tokens: readonly GlobToken[], name: Characters): boolean {
  let token = 0;
  let at = 0;
  let afterStar = -1;
  let starEnd = 0;
  for (;;) {
    const current = tokens[token];
    const character = name[at];
    if (current === STAR) {
      token += 1;
      afterStar = token;
      starEnd = at;
    } else if (current === undefined && character === undefined) return true;
    else if (current !== undefined && character !== undefined && matchesOne(current, character)) {
      token += 1;
      at += 1;
    } else {
      const next = name[starEnd];
      if (afterStar < 0 || next === undefined || next === '/') return false;
      starEnd += 1;
      at = starEnd;
      token = afterStar;
    }
  }
}

function matchesOne(token: GlobToken, character: string): boolean {
  if (typeof token === 'string') return token === character;
  return token.type === 'class' ? classMatches(token, character) : character !== '/';
}
