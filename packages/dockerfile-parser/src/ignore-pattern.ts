import {
  type Characters,
  classMatches,
  codePoints,
  type GlobClass,
  type GlobToken,
  parseGlob,
  STAR,
} from './glob-syntax.ts';

/** The parts of a pattern. A string is a single character, `rest` is `**` at the end, `directories` is `**` elsewhere. */
type Part = string | GlobClass | { readonly type: 'any' | 'star' | 'directories' | 'rest' };

const DIRECTORIES: Part = { type: 'directories' };
const REST: Part = { type: 'rest' };

/** A regular expression with more variable parts, or a longer one, could take too long. */
const MAX_OPEN_PARTS = 2;
const MAX_REGEXP_PARTS = 256;

/**
 * Matches paths against one pattern of an ignore file. The parents of a path are not considered.
 * @see https://github.com/moby/patternmatcher/blob/v0.6.0/patternmatcher.go
 * @throws {DockerfileError} `syntax error in pattern`
 */
export function compileIgnorePattern(pattern: string): (path: string) => boolean {
  const tokens = parseGlob(pattern);
  if (!/[*?[\\]/.test(pattern)) return (path) => path === pattern;
  const [, stars = '', plain] = /^(\*\*)?([^*?[\\]*)(?:\*\*)?$/.exec(pattern) ?? [];
  if (plain !== undefined && stars !== '' && pattern.length === plain.length + 2) return endsWith(plain);
  if (plain !== undefined && stars === '') return (path) => path.startsWith(plain);
  const parts = toParts(tokens);
  const open = parts.filter(isOpen).length;
  if (open > MAX_OPEN_PARTS || parts.length > MAX_REGEXP_PARTS) return (path) => matchParts(parts, codePoints(path));
  const expression = new RegExp(`^${parts.map(toExpression).join('')}$`, 'su');
  return (path) => expression.test(path);
}

/** `**` and plain text, which need not begin at a slash. */
function endsWith(plain: string): (path: string) => boolean {
  const whole = plain.startsWith('/') ? plain.slice(1) : undefined;
  return (path) => path.endsWith(plain) || path === whole;
}

function toParts(tokens: readonly GlobToken[]): Part[] {
  const parts: Part[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] ?? '';
    if (token !== STAR || tokens[index + 1] !== STAR) {
      parts.push(token);
      continue;
    }
    index += tokens[index + 2] === '/' ? 2 : 1;
    const isLast = index + 1 === tokens.length;
    // a second `**` has no effect
    if (isLast) parts.push(REST);
    else if (parts.at(-1) !== DIRECTORIES) parts.push(DIRECTORIES);
  }
  return parts;
}

const isOpen = (part: Part) => part === STAR || part === DIRECTORIES || part === REST;

function toExpression(part: Part): string {
  if (typeof part === 'string') return literal(part);
  switch (part.type) {
    case 'any':
      return '[^/]';
    case 'star':
      return '[^/]*';
    case 'directories':
      return '(?:.*/)?';
    case 'rest':
      return '.*';
    case 'class':
      return `[${part.negated ? '^' : ''}${part.ranges.map(({ first, last }) => `${codePoint(first)}-${codePoint(last)}`).join('')}]`;
  }
}

const literal = (character: string) => character.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&');
const codePoint = (code: number) => `\\u{${code.toString(16)}}`;

/**
 * Follows every way through the pattern at once. Each part but a star consumes a character, so that the number of steps is at
 * most the square of the path's length.
 */
function matchParts(parts: readonly Part[], path: Characters): boolean {
  // the positions in the path that are reached, before and after a part
  let before = new Uint8Array(path.length + 1);
  let after = new Uint8Array(path.length + 1);
  before[0] = 1;
  for (const part of parts) {
    const found = isOpen(part) ? stepOver(part, path, before, after) : stepOne(part, path, before, after);
    if (!found) return false;
    [before, after] = [after, before];
  }
  return before[path.length] === 1;
}

function stepOne(part: Part, path: Characters, before: Uint8Array, after: Uint8Array): boolean {
  let found = false;
  after[0] = 0;
  for (let at = 1; at < after.length; at += 1) {
    const isReached = before[at - 1] === 1 && matchesOne(part, path[at - 1] ?? '');
    after[at] = isReached ? 1 : 0;
    found ||= isReached;
  }
  return found;
}

/** From any position to any later one: `*` up to a slash, `directories` only to the position after a slash. */
function stepOver(part: Part, path: Characters, before: Uint8Array, after: Uint8Array): boolean {
  const isStar = part === STAR;
  const endsAtSlash = part === DIRECTORIES;
  let isOn = false;
  for (let at = 0; at < after.length; at += 1) {
    const isSlash = at > 0 && path[at - 1] === '/';
    if (isStar && isSlash) isOn = false;
    if (before[at] === 1) {
      isOn = true;
      after[at] = 1;
    } else after[at] = isOn && (!endsAtSlash || isSlash) ? 1 : 0;
  }
  return true;
}

function matchesOne(part: Part, character: string): boolean {
  if (typeof part === 'string') return part === character;
  return part.type === 'class' ? classMatches(part, character) : character !== '/';
}
