import { redactUrl, ShaleError } from '@shale/core';
import { Budget } from './budget.ts';
import { describeFailure } from './network-failure.ts';
import { RegistryUnreachableError } from './registry-error.ts';
import { isRetriedStatus, parseRetryAfter, pause, type RetryPolicy, retryDelay } from './retry.ts';
import type { TransportResponse } from './transport.ts';
import { reportPause, type WaitListener } from './wait-watch.ts';

/** Delays all requests to a host while it asks for that by `Retry-After`. */
export class QuietPeriod {
  #untilMs = 0;

  begin(ms: number): void {
    this.#untilMs = Math.max(this.#untilMs, performance.now() + ms);
  }

  get leftMs(): number {
    return this.#untilMs - performance.now();
  }

  async over(signal: AbortSignal | undefined): Promise<void> {
    for (let left = this.leftMs; left > 0; left = this.leftMs) await pause(left, signal);
  }
}

/** The last try of an operation gets at least this time. */
export const MIN_ATTEMPT_MS = 2000;

export interface Patience {
  readonly policy: RetryPolicy;
  readonly quiet: QuietPeriod;
  /** For errors. */
  readonly method: string;
  readonly url: string | URL;
  /** @default a new one, of the policy */
  readonly budget?: Budget | undefined;
  readonly onWait?: WaitListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Answered {
  readonly response: TransportResponse;
  /** From 1. */
  readonly tries: number;
}

/**
 * Repeats `attempt` after failures that may pass. Waits as long as `Retry-After` says, when the budget allows that.
 * @param attempt Gets the milliseconds that are left for it.
 * @returns The last answer, with any status.
 * @throws {RegistryUnreachableError} when there was no answer.
 */
export async function sendPatiently(
  { policy, quiet, method, url, budget = new Budget(policy.budgetMs), onWait, signal }: Patience,
  attempt: (leftMs: number) => Promise<TransportResponse>,
): Promise<Answered> {
  for (let tries = 1; ; tries += 1) {
    const isHeldBack = quiet.leftMs > 0;
    await quiet.over(signal);
    if (isHeldBack && tries === 1) budget.renew(); // another request was asked for the pause
    const delay = retryDelay(policy, tries);
    const mayRepeat = (pauseMs: number) => tries < policy.tries && budget.allows(pauseMs);
    let response: TransportResponse;
    try {
      response = await attempt(Math.max(budget.leftMs, MIN_ATTEMPT_MS));
    } catch (error) {
      signal?.throwIfAborted();
      // an error for users comes from a request that was repeated itself, as one for a token
      const isRetriable = !(error instanceof ShaleError) && describeFailure(error).retriable;
      if (!isRetriable || !mayRepeat(delay)) throw unreachable(error, { method, url, tries });
      await pause(delay, signal);
      continue;
    }
    if (!isRetriedStatus(response.status)) return { response, tries };
    const asked = parseRetryAfter(response.header('retry-after'));
    const wait = asked === undefined ? delay : Math.min(asked, policy.maxDelayMs);
    if (asked !== undefined && budget.allows(wait)) quiet.begin(wait);
    if (!mayRepeat(wait)) return { response, tries };
    await response.drop();
    reportPause(onWait, `it answered ${response.status} ${response.statusText}`, wait);
    if (asked === undefined) await pause(wait, signal);
  }
}

/** Turns a failure into an error for users, unless it is one already. */
export function unreachable(error: unknown, call: { method: string; url: string | URL; tries: number }): ShaleError {
  if (error instanceof ShaleError) return error;
  const { code, reason, hint } = describeFailure(error);
  return new RegistryUnreachableError({ ...call, url: redactUrl(call.url) }, reason, { code, cause: error, hint });
}
