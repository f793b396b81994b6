const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
const STEPS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** `12.3 MB`. */
export function formatBytes(bytes: number): string {
  const unit = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  return `${(bytes / 1000 ** unit).toFixed(unit === 0 ? 0 : 1)} ${UNITS[unit]}`;
}

/** `in 5 minutes`, `2 days ago`. */
export function formatAge(differenceMs: number): string {
  const [name, length] = STEPS.find(([, unit]) => Math.abs(differenceMs) >= unit) ?? ['second', 1000];
  return relative.format(Math.round(differenceMs / length), name);
}

/** `340 ms`, `12 s`. */
export function formatLength(durationMs: number): string {
  return durationMs < 1000 ? `${Math.round(durationMs)} ms` : `${Math.round(durationMs / 1000)} s`;
}
