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
/** A duration in Go has 63 bits. */
const MAX_NANOSECONDS = 2 ** 63;

/** Go's `time.ParseDuration`, in nanoseconds. @throws {DockerfileError} */
export function parseDuration(text: string): number {
  const digits = text.replace(/^[+-]/, '');
  if (digits === '0') return 0;
  let total = 0;
  let at = 0;
  while (at < digits.length) {
    PART.lastIndex = at;
    const [part = '', amount, unit = ''] = PART.exec(digits) ?? [];
    if (part === '') throw invalid(text);
    total += Number(amount) * (UNITS[unit] ?? 0);
    at += part.length;
  }
  if (digits === '' || total >= MAX_NANOSECONDS) throw invalid(text);
  return Math.round(text.startsWith('-') ? -total : total);
}

function invalid(text: string): DockerfileError {
  return new DockerfileError(`time: invalid duration ${JSON.stringify(text)}`, {
    hint: 'Write a number and a unit, as in 30s or 1m30s.',
  });
}
