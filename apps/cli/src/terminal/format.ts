const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Decimal units, three digits: `12.3 MB`. */
export function formatBytes(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 999.5 && unit < BYTE_UNITS.length - 1) {
    amount /= 1000;
    unit++;
  }
  const digits = unit === 0 || amount >= 99.95 ? 0 : 1;
  return `${amount.toFixed(digits)} ${BYTE_UNITS[unit]}`;
}

/** `0.4s`, `12.3s`, `1m 02s`, `2h 05m`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < MINUTE_MS - 50) return `${(durationMs / SECOND_MS).toFixed(1)}s`;
  const seconds = Math.round(durationMs / SECOND_MS) * SECOND_MS;
  if (seconds < HOUR_MS) return `${Math.floor(seconds / MINUTE_MS)}m ${twoDigits((seconds % MINUTE_MS) / SECOND_MS)}s`;
  return `${Math.floor(seconds / HOUR_MS)}h ${twoDigits(Math.floor((seconds % HOUR_MS) / MINUTE_MS))}m`;
}

/** In its largest unit, rounded down: `40s`, `5m`, `3h`, `12d`. */
export function formatAge(ageMs: number): string {
  if (ageMs < MINUTE_MS) return `${Math.max(0, Math.floor(ageMs / SECOND_MS))}s`;
  if (ageMs < HOUR_MS) return `${Math.floor(ageMs / MINUTE_MS)}m`;
  return ageMs < 2 * DAY_MS ? `${Math.floor(ageMs / HOUR_MS)}h` : `${Math.floor(ageMs / DAY_MS)}d`;
}

/** `1 step`, `2 steps`. */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
