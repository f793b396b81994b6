import type { Environment } from '../session.ts';

export interface Glyphs {
  readonly done: string;
  readonly cached: string;
  readonly failed: string;
  readonly warning: string;
  readonly output: string;
  readonly down: string;
  readonly up: string;
  readonly barFull: string;
  readonly barTip: string;
  readonly barEmpty: string;
  readonly spinner: readonly string[];
}

const UNICODE: Glyphs = {
  done: '✔',
  cached: '●',
  failed: '✘',
  warning: '▲',
  output: '│',
  down: '↓',
  up: '↑',
  barFull: '━',
  barTip: '╸',
  barEmpty: '─',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};

const ASCII: Glyphs = {
  done: '+',
  cached: '=',
  failed: 'x',
  warning: '!',
  output: '|',
  down: 'v',
  up: '^',
  barFull: '=',
  barTip: '>',
  barEmpty: '-',
  spinner: ['-', '\\', '|', '/'],
};

/** The kernel's own console has few characters; every other terminal of today has all of these. */
export function glyphsFor({ TERM }: Environment): Glyphs {
  return TERM === 'linux' ? ASCII : UNICODE;
}
