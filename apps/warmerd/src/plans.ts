import type { Reference } from '@shale/core';
import { mergeTargets } from '@shale/warmer';
import { Checkouts } from './checkouts.ts';
import type { ScheduleConfig } from './config.ts';
import { scheduleTargets, type ScheduleTargets } from './schedule-targets.ts';

export interface NamedImages {
  readonly references: readonly Reference[];
  /** Whether everything that names images could be read. */
  readonly isComplete: boolean;
}

/** What each schedule named when it was last read. */
export class Plans {
  readonly #checkouts: Checkouts;
  readonly #signal: AbortSignal;
  /** By all that a schedule says: one that says something else is another, whatever its name. */
  readonly #known = new Map<string, ScheduleTargets>();

  constructor(checkouts: Checkouts, signal: AbortSignal) {
    this.#checkouts = checkouts;
    this.#signal = signal;
  }

  /** Its files and repositories, as they are now. */
  async read(schedule: ScheduleConfig): Promise<ScheduleTargets> {
    const read = await scheduleTargets(schedule, { checkouts: this.#checkouts, signal: this.#signal });
    const before = this.known(schedule)?.targets ?? [];
    // What could not be read is as it was.
    const known = read.errors.length === 0 ? read : { ...read, targets: mergeTargets([...before, ...read.targets]) };
    this.#known.set(JSON.stringify(schedule), known);
    return known;
  }

  /** As it was last read; `undefined` before that. */
  known(schedule: ScheduleConfig): ScheduleTargets | undefined {
    return this.#known.get(JSON.stringify(schedule));
  }

  /** As it was last read, which is now if it was not. */
  async of(schedule: ScheduleConfig): Promise<ScheduleTargets> {
    return this.known(schedule) ?? this.read(schedule);
  }

  /** By all of them together. */
  async named(schedules: readonly ScheduleConfig[]): Promise<NamedImages> {
    const plans = await Promise.all(schedules.map((schedule) => this.of(schedule)));
    return {
      references: plans.flatMap(({ targets }) => targets.map(({ reference }) => reference)),
      isComplete: plans.every(({ errors }) => errors.length === 0),
    };
  }
}
