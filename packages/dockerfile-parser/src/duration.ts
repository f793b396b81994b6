import { DockerfileError } from './dockerfile-error.ts';

const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** Go's `time.ParseDuration`, in nanoseconds. */
export function parseDuration(text: string): number {
  const digits = text.replace(/^[+-]/, '');
  if (digits === '0') return 0;
  let total = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < digits.length) {
    const match = PART.exec(digits);
    if (match === null)
      throw new DockerfileError(`time: invalid duration ${JSON.stringify(text)}`, {
        hint: 'Write a number and a unit, as in 30s or 1m30s.',
      });
    total += Number(match[1]) * (UNITS[match[2] ?? ''] ?? 0);
  }
  if (digits === '') throw new DockerfileError(`time: invalid duration ${JSON.stringify(text)}`);
  return Math.round(text.startsWith('-') ? -total : total);
}
