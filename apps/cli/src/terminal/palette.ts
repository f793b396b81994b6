import { styleText } from 'node:util';
import type { Environment } from '../session.ts';

type Paint = (text: string) => string;

/** Colours by meaning. */
export interface Palette {
  readonly enabled: boolean;
  readonly bold: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly cached: Paint;
  readonly active: Paint;
  readonly warning: Paint;
  readonly bad: Paint;
}

type Format = Parameters<typeof styleText>[0];

const paint =
  (enabled: boolean, format: Format): Paint =>
  (text) =>
    enabled ? styleText(format, text, { validateStream: false }) : text;

/**
 * Colours for a terminal that has them; plain text elsewhere, under `NO_COLOR` and for a dumb terminal. `FORCE_COLOR`
 * turns them on.
 * @see https://no-color.org
 */
export function palette(stream: { readonly isTTY?: boolean }, env: Environment): Palette {
  return paletteOf(hasColours(stream, env));
}

export function paletteOf(enabled: boolean): Palette {
  return {
    enabled,
    bold: paint(enabled, 'bold'),
    dim: paint(enabled, 'dim'),
    good: paint(enabled, 'green'),
    cached: paint(enabled, 'blue'),
    active: paint(enabled, 'cyan'),
    warning: paint(enabled, 'yellow'),
    bad: paint(enabled, ['red', 'bold']),
  };
}

function hasColours({ isTTY }: { readonly isTTY?: boolean }, env: Environment): boolean {
  if (isSet(env['NO_COLOR'])) return false;
  if (isSet(env['FORCE_COLOR'])) return env['FORCE_COLOR'] !== '0';
  return isTTY === true && env['TERM'] !== 'dumb';
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
