import type { ProgressEvent } from '@shale/core';

/** Counts what a build did, from its events. */
export class Tally {
  cached = 0;
  ran = 0;
  /** Steps that the build needs. */
  total = 0;
  readonly #moved = new Map<string, number>();

  add(event: ProgressEvent): void {
    if (event.type === 'build.planned') this.total = event.steps.length;
    // The last event of a transfer comes also when there was nothing to move.
    if (event.type === 'transfer' && !event.done) this.#moved.set(`${event.direction} ${event.digest}`, event.bytes);
    if (event.type !== 'step.finished') return;
    if (event.outcome === 'cached') this.cached++;
    if (event.outcome === 'ran') this.ran++;
  }

  get finished(): number {
    return this.cached + this.ran;
  }

  bytes(direction: 'pull' | 'push'): number {
    let sum = 0;
    for (const [transfer, bytes] of this.#moved) if (transfer.startsWith(`${direction} `)) sum += bytes;
    return sum;
  }
}
