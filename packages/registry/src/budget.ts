/** Limits the time that an operation may take without progress, over all of its tries. */
export class Budget {
  readonly #limitMs: number;
  #spentMs = 0;
  #sinceMs = performance.now();

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** What earlier failures took. */
  get spentMs(): number {
    return this.#spentMs;
  }

  /** Negative when the time is over. */
  get leftMs(): number {
    return this.#limitMs - this.#spentMs - (performance.now() - this.#sinceMs);
  }

  /** Whether a pause of this length ends in time. */
  allows(pauseMs: number): boolean {
    return pauseMs < this.leftMs;
  }

  /** The time since the last call does not count: bytes are moving. */
  move(): void {
    this.#sinceMs = performance.now();
  }

  /** The time since the last call counts: a try has failed. */
  spend(): void {
    const now = performance.now();
    this.#spentMs += now - this.#sinceMs;
    this.#sinceMs = now;
  }

  /** Makes the whole time available again: there was progress. */
  renew(): void {
    this.#spentMs = 0;
    this.move();
  }
}
