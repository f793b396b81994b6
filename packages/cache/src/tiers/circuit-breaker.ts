import { monotonicMs } from '@shale/core';

export interface CircuitBreakerOptions {
  /** Failures in a row that open it. @default 3 */
  readonly failures?: number | undefined;
  /** After this time one call is let through to see whether it works again, in milliseconds. @default never */
  readonly retryAfterMs?: number | undefined;
}

/** Keeps calls away from what does not answer. */
export class CircuitBreaker {
  readonly #limit: number;
  readonly #retryAfterMs: number;
  #failures = 0;
  #openedAt: number | undefined;

  constructor({ failures = 3, retryAfterMs = Number.POSITIVE_INFINITY }: CircuitBreakerOptions = {}) {
    this.#limit = failures;
    this.#retryAfterMs = retryAfterMs;
  }

  get isOpen(): boolean {
    return this.#openedAt !== undefined;
  }

  /** Whether to make a call now. */
  allows(): boolean {
    if (this.#openedAt === undefined) return true;
    if (monotonicMs() - this.#openedAt < this.#retryAfterMs) return false;
    this.#openedAt = monotonicMs(); // the next ones wait for this one's result
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openedAt = undefined;
  }

  failed(): void {
    this.#failures += 1;
    if (this.#failures >= this.#limit) this.open();
  }

  open(): void {
    this.#openedAt ??= monotonicMs();
  }
}
