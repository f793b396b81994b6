import { setTimeout as sleep } from 'node:timers/promises';

/** How often and how patiently a failed request is repeated. */
export interface RetryPolicy {
  /** Tries of one request, the first included. @default 3 */
  readonly tries: number;
  /** The first pause, in milliseconds. Pauses double, and are randomized by up to half. @default 500 */
  readonly baseDelayMs: number;
  /** The longest pause, in milliseconds, even when a registry asks for more. @default 300_000 */
  readonly maxDelayMs: number;
  /**
   * The longest time without progress, over all tries and the pauses between them, in milliseconds. A registry that asks
   * for a pause that would not end in time is not waited for.
   * @default 55_000, or 18_000 for each try when that is more
   */
  readonly budgetMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = { tries: 3, baseDelayMs: 500, maxDelayMs: 300_000, budgetMs: 55_000 };
const BUDGET_MS_PER_TRY = 18_000;

export function retryPolicy(given: Partial<RetryPolicy> = {}): RetryPolicy {
  const { tries = DEFAULT_RETRY.tries } = given;
  return { ...DEFAULT_RETRY, budgetMs: Math.max(DEFAULT_RETRY.budgetMs, tries * BUDGET_MS_PER_TRY), ...given };
}

const RETRIED: ReadonlySet<number> = new Set([408, 429, 499, 500, 502, 503, 504, 522]);

export function isRetriedStatus(status: number): boolean {
  return RETRIED.has(status);
}

/** The pause after the `failures`th failure, in milliseconds. */
export function retryDelay(policy: RetryPolicy, failures: number): number {
  const delay = policy.baseDelayMs * 2 ** (failures - 1);
  return Math.min(policy.maxDelayMs, delay * (0.5 + Math.random()));
}

/**
 * Reads `Retry-After`, seconds or an HTTP date.
 * @returns Milliseconds from `now`; `undefined` when the header is absent or malformed.
 */
export function parseRetryAfter(value: string | undefined, now: number = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}(?:\.\d+)?$/.test(value.trim())) return Number(value) * 1000;
  const date = /[A-Za-z]{3}/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** @throws the signal's reason when it aborts. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
