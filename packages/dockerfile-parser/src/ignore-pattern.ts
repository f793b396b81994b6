import { type Characters, classMatches, codePoints, type GlobClass, type GlobToken, parseGlob } from './glob-syntax.ts';

/** A pattern's parts. A string is that one character; `directories` is `**` before more, `rest` is `**` at the end. */
type Part = string | GlobClass | { readonly type: 'any' | 'star' | 'directories' | 'rest' };

/** Regular expressions with more open parts, or longer ones, could take too long. */
const MAX_OPEN_PARTS = 2;
const MAX_REGEXP_PARTS = 256;

/**
 * Whether a path matches one pattern of an ignore file, parents left aside.
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

/** `**` and plain text: it need not begin at a slash. */
function endsWith(plain: string): (path: string) => boolean {
  const whole = plain.startsWith('/') ? plain.slice(1) : undefined;
  return (path) => path.endsWith(plain) || path === whole;
}

function toParts(tokens: readonly GlobToken[]): Part[] {
  const parts: Part[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] ?? '';
    if (!isStar(token) || !isStar(tokens[index + 1])) {
      parts.push(token);
      continue;
    }
    index += tokens[index + 2] === '/' ? 2 : 1;
    parts.push({ type: index + 1 < tokens.length ? 'directories' : 'rest' });
  }
  return parts;
}

const isStar = (token: GlobToken | undefined) => typeof token === 'object' && token.type === 'star';
const isOpen = (part: Part) => typeof part === 'object' && part.type !== 'any' && part.type !== 'class';

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
    case 'class': {
      const ranges = part.ranges
        .filter(([first, last]) => first <= last)
        .map(([first, last]) => `${inClass(first)}-${inClass(last)}`);
      return `[${part.negated ? '^' : ''}${ranges.join('')}]`;
    }
  }
}

const literal = (character: string) => character.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&');
const inClass = (character: string) => character.replace(/[\\^\]-]/u, '\\$&');

/** Follows every way through the pattern at once: at most pattern times path steps. */
function matchParts(parts: readonly Part[], path: Characters): boolean {
  let reached = new Uint8Array(path.length + 1);
  reached[0] = 1;
  for (const part of parts) {
    const next = step(part, path, reached);
    if (next === undefined) return false;
    reached = next;
  }
  return reached[path.length] === 1;
}

/** The places that are reached after one more part; `undefined` when there is none. */
function step(part: Part, path: Characters, reached: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const next = new Uint8Array(reached.length);
  const type = typeof part === 'string' ? 'character' : part.type;
  let isOn = false;
  let found = false;
  for (let at = 0; at < reached.length; at += 1) {
    const before = path[at - 1];
    if (type === 'character' || type === 'any' || type === 'class') {
      isOn = at > 0 && reached[at - 1] === 1 && before !== undefined && matchesOne(part, before);
      next[at] = isOn ? 1 : 0;
    } else {
      isOn = reached[at] === 1 || (isOn && (type !== 'star' || before !== '/'));
      // a directory ends with its slash
      next[at] = reached[at] === 1 || (isOn && (type !== 'directories' || before === '/')) ? 1 : 0;
    }
    found ||= next[at] === 1;
  }
  return found ? next : undefined;
}

function matchesOne(part: Part, character: string): boolean {
  if (typeof part === 'string') return part === character;
  return part.type === 'class' ? classMatches(part, character) : character !== '/';
}
