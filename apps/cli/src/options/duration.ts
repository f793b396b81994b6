import { UsageError } from '../errors/usage-error.ts';
import type { OptionOrigin } from './option.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g;
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/;

/** Milliseconds from `7d`, `12h`, `1h30m`; `0` needs no unit. */
export function parseDuration(text: string, { name }: OptionOrigin): number {
  if (text === '0') return 0;
  if (!WHOLE.test(text)) {
    throw new UsageError(`${name} takes a length of time, not ${JSON.stringify(text)}`, {
      hint: 'Write a number with its unit, as in 7d, 12h or 90m.',
    });
  }
  return [...text.matchAll(PART)].reduce(
    (sum, [, amount, unit = '']) => sum + Number(amount) * (UNIT_MS[unit] ?? 0),
    0,
  );
}
