/** Clocks of machines that share files are at most this far apart, in milliseconds. */
const MAX_SKEW_MS = 5 * 60_000;

/**
 * The age of a file or a record, in milliseconds. A time in the future tells no age: it counts as older than anything, so
 * that what claims to be from the year 2099 does not stay valid until then.
 */
export function ageMs(timeMs: number, nowMs: number = Date.now()): number {
  const age = nowMs - timeMs;
  return age < -MAX_SKEW_MS ? Number.POSITIVE_INFINITY : Math.max(age, 0);
}
