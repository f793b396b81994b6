/** The shell patterns in `${v#p}` and `${v/p/r}`: only `*`, `?` and `\x`. They are matched without backtracking. */

/** The text between two stars: characters, and `undefined` for any character. */
type Segment = readonly (string | undefined)[];
type Pattern = readonly Segment[];

export interface AffixOptions {
  readonly from: 'start' | 'end';
  readonly longest: boolean;
}

/** Removes the part at the start or end of the value that the pattern matches. */
export function removeAffix(value: string, pattern: string, { from, longest }: AffixOptions): string {
  const segments = parsePattern(pattern);
  const characters = [...value];
  if (from === 'start') {
    const end = matchAt(characters, 0, segments, longest);
    return end === undefined ? value : characters.slice(end).join('');
  }
  // searches for the mirrored pattern at the start of the mirrored text
  const mirrored = segments.map((segment) => segment.toReversed()).toReversed();
  const length = matchAt(characters.toReversed(), 0, mirrored, longest);
  return length === undefined ? value : characters.slice(0, characters.length - length).join('');
}

export interface ReplaceOptions {
  readonly replacement: string;
  readonly all: boolean;
}

/** Replaces the first or every longest match. An empty pattern matches before every character, as Go's regexp does. */
export function replaceMatches(value: string, pattern: string, { replacement, all }: ReplaceOptions): string {
  const segments = parsePattern(pattern);
  const characters = [...value];
  let result = '';
  let copied = 0;
  for (let search = 0; search <= characters.length; ) {
    const match = findMatch(characters, search, segments);
    if (match === undefined) break;
    result += characters.slice(copied, match.start).join('');
    // no empty match directly after another match
    if (match.end > copied || match.start === 0) result += replacement;
    copied = match.end;
    if (!all) break;
    search = Math.max(match.end, search + 1);
  }
  return result + characters.slice(copied).join('');
}

function parsePattern(text: string): Pattern {
  const segments: (string | undefined)[][] = [[]];
  const characters = [...text];
  for (let index = 0; index < characters.length; index += 1) {
    const character = characters[index];
    if (character === '*') segments.push([]);
    else if (character === '?') segments.at(-1)?.push(undefined);
    else {
      if (character === '\\' && index + 1 < characters.length) index += 1;
      segments.at(-1)?.push(characters[index]);
    }
  }
  return segments;
}

function findMatch(
  text: readonly string[],
  from: number,
  pattern: Pattern,
): { start: number; end: number } | undefined {
  // a later start leaves less room for the rest, so that the first one is the best
  const start = indexOf(text, pattern[0] ?? [], from);
  const end = start === undefined ? undefined : matchAt(text, start, pattern, true);
  return start === undefined || end === undefined ? undefined : { start, end };
}

/** The end of a match that begins at `start`. */
function matchAt(text: readonly string[], start: number, pattern: Pattern, longest: boolean): number | undefined {
  const [first = [], ...rest] = pattern;
  if (!matchesAt(text, first, start)) return undefined;
  let at: number | undefined = start + first.length;
  for (const [index, segment] of rest.entries()) {
    const isLast = index === rest.length - 1;
    at = isLast && longest ? lastIndexOf(text, segment, at) : indexOf(text, segment, at);
    if (at === undefined) return undefined;
    at += segment.length;
  }
  return at;
}

function indexOf(text: readonly string[], segment: Segment, from: number): number | undefined {
  for (let at = from; at + segment.length <= text.length; at += 1) if (matchesAt(text, segment, at)) return at;
  return undefined;
}

function lastIndexOf(text: readonly string[], segment: Segment, from: number): number | undefined {
  for (let at = text.length - segment.length; at >= from; at -= 1) if (matchesAt(text, segment, at)) return at;
  return undefined;
}

function matchesAt(text: readonly string[], segment: Segment, at: number): boolean {
  if (at + segment.length > text.length) return false;
  for (let index = 0; index < segment.length; index += 1) {
    const wanted = segment[index];
    if (wanted !== undefined && wanted !== text[at + index]) return false;
  }
  return true;
}
