import { UsageError } from '../errors/usage-error.ts';
import type { OptionOrigin } from './option.ts';

const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };
const SIZE = /^(\d+(?:\.\d+)?)([kmgt]?)(i?)b?$/i;

/** Bytes from `20GB`, `512MiB`, `1.5g` or a plain number. */
export function parseSize(text: string, { name }: Pick<OptionOrigin, 'name'>): number {
  const [, amount, unit = '', binary = ''] = SIZE.exec(text.trim()) ?? [];
  const decimal = UNIT_BYTES[unit.toLowerCase()];
  if (amount === undefined || decimal === undefined || (unit === '' && binary !== '')) {
    throw new UsageError(`${name} takes a size, not ${JSON.stringify(text)}`, {
      hint: 'Write a number with its unit, as in 20GB or 512MiB.',
    });
  }
  const factor = binary === '' ? decimal : 1024 ** Math.round(Math.log10(decimal) / 3);
  return Math.floor(Number(amount) * factor);
}
