import { monotonicMs } from '@shale/core';

export interface CircuitBreakerOptions {
  /** The number of consecutive failures that opens it. @default 3 */
  readonly failures?: number | undefined;
  /** After this time one call is allowed, to find out whether the backend works again, in milliseconds. @default never */
  readonly retryAfterMs?: number | undefined;
}

/** Refuses calls to a backend that fails. */
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

  /** Whether a call may be made now. */
  allows(): boolean {
    if (this.#openedAt === undefined) return true;
    if (monotonicMs() - this.#openedAt < this.#retryAfterMs) return false;
    this.#openedAt = monotonicMs(); // other calls wait for the result of this one
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
