/** The shell's patterns in `${v#p}` and `${v/p/r}`: `*`, `?` and `\x`, nothing else. */
function toExpression(pattern: string, lazy: boolean): string {
  let expression = '';
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index] ?? '';
    if (character === '*') {
      if (!expression.endsWith('*') && !expression.endsWith('*?')) expression += lazy ? '[^]*?' : '[^]*';
    } else if (character === '?') expression += '[^]';
    else if (character === '\\' && index + 1 < pattern.length) {
      index += 1;
      expression += literal(pattern[index] ?? '');
    } else expression += literal(character);
  }
  return expression;
}

const literal = (character: string) => character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');

export interface AffixOptions {
  readonly from: 'start' | 'end';
  readonly longest: boolean;
}

/** The value without the part at its start or end that the pattern matches. */
export function removeAffix(value: string, pattern: string, { from, longest }: AffixOptions): string {
  if (from === 'start') return value.replace(new RegExp(`^${toExpression(pattern, !longest)}`), '');
  // from the end, the shortest match begins at the last place that matches
  const whole = new RegExp(`^${toExpression(pattern, false)}$`);
  const starts = Array.from({ length: value.length + 1 }, (_, index) => (longest ? index : value.length - index));
  const start = starts.find((index) => whole.test(value.slice(index)));
  return start === undefined ? value : value.slice(0, start);
}

export interface ReplaceOptions {
  readonly replacement: string;
  readonly all: boolean;
}

export function replaceGlob(value: string, pattern: string, { replacement, all }: ReplaceOptions): string {
  if (pattern === '') return value;
  return value.replace(new RegExp(toExpression(pattern, false), all ? 'g' : ''), () => replacement);
}
