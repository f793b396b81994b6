import { redactUrl, ShaleError } from '@shale/core';
import { describeFailure } from './network-failure.ts';
import { RegistryUnreachableError } from './registry-error.ts';
import { isRetriedStatus, parseRetryAfter, pause, type RetryPolicy, retryDelay } from './retry.ts';
import type { TransportResponse } from './transport.ts';

/** Delays all requests to a host while it asks for that by `Retry-After`. */
export class QuietPeriod {
  #untilMs = 0;

  begin(ms: number): void {
    this.#untilMs = Math.max(this.#untilMs, performance.now() + ms);
  }

  async over(signal: AbortSignal | undefined): Promise<void> {
    for (let left = this.#left(); left > 0; left = this.#left()) await pause(left, signal);
  }

  #left(): number {
    return this.#untilMs - performance.now();
  }
}

export interface Patience {
  readonly policy: RetryPolicy;
  readonly quiet: QuietPeriod;
  /** For errors. */
  readonly method: string;
  readonly url: string | URL;
  readonly signal?: AbortSignal | undefined;
}

export interface Answered {
  readonly response: TransportResponse;
  /** From 1. */
  readonly tries: number;
}

/**
 * Repeats `attempt` after failures that may pass. Waits as long as `Retry-After` says.
 * @returns The last answer, with any status.
 * @throws {RegistryUnreachableError} when there was no answer.
 */
export async function sendPatiently(
  { policy, quiet, method, url, signal }: Patience,
  attempt: () => Promise<TransportResponse>,
): Promise<Answered> {
  for (let tries = 1; ; tries += 1) {
    await quiet.over(signal);
    const last = tries >= policy.tries;
    let response: TransportResponse;
    try {
      response = await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      const failure = describeFailure(error);
      if (failure.retriable && !last) {
        await pause(retryDelay(policy, tries), signal);
        continue;
      }
      throw unreachable(error, { method, url, tries });
    }
    if (!isRetriedStatus(response.status)) return { response, tries };
    const asked = parseRetryAfter(response.header('retry-after'));
    if (asked !== undefined) quiet.begin(Math.min(asked, policy.maxDelayMs));
    if (last) return { response, tries };
    await response.drop();
    if (asked === undefined) await pause(retryDelay(policy, tries), signal);
  }
}

/** Turns a failure into an error for users, unless it is one already. */
export function unreachable(error: unknown, call: { method: string; url: string | URL; tries: number }): ShaleError {
  if (error instanceof ShaleError) return error;
  const { code, reason, hint } = describeFailure(error);
  return new RegistryUnreachableError({ ...call, url: redactUrl(call.url) }, reason, { code, cause: error, hint });
}
