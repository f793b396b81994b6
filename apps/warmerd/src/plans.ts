import type { Reference } from '@shale/core';
import { mergeTargets } from '@shale/warmer';
import { Checkouts } from './checkouts.ts';
import type { ScheduleConfig } from './config.ts';
import { scheduleTargets, type ScheduleTargets } from './schedule-targets.ts';

export interface NamedImages {
  readonly references: readonly Reference[];
  /** Whether every file and repository could be read. */
  readonly isComplete: boolean;
}

/** The images of each schedule, as they were last read. */
export class Plans {
  readonly #checkouts: Checkouts;
  readonly #signal: AbortSignal;
  /** By the schedule as JSON: a schedule that was changed is another one, even under the same name. */
  readonly #known = new Map<string, ScheduleTargets>();

  constructor(checkouts: Checkouts, signal: AbortSignal) {
    this.#checkouts = checkouts;
    this.#signal = signal;
  }

  /** Reads the files and repositories of a schedule again. */
  async read(schedule: ScheduleConfig): Promise<ScheduleTargets> {
    const read = await scheduleTargets(schedule, { checkouts: this.#checkouts, signal: this.#signal });
    const before = this.known(schedule)?.targets ?? [];
    // images from a source that could not be read are kept
    const known = read.errors.length === 0 ? read : { ...read, targets: mergeTargets([...before, ...read.targets]) };
    this.#known.set(JSON.stringify(schedule), known);
    return known;
  }

  /** The images as they were last read; `undefined` before the first time. */
  known(schedule: ScheduleConfig): ScheduleTargets | undefined {
    return this.#known.get(JSON.stringify(schedule));
  }

  /** The images as they were last read; reads them when they are not known. */
  async of(schedule: ScheduleConfig): Promise<ScheduleTargets> {
    return this.known(schedule) ?? this.read(schedule);
  }

  /** The images of all these schedules together. */
  async named(schedules: readonly ScheduleConfig[]): Promise<NamedImages> {
    const plans = await Promise.all(schedules.map((schedule) => this.of(schedule)));
    return {
      references: plans.flatMap(({ targets }) => targets.map(({ reference }) => reference)),
      isComplete: plans.every(({ errors }) => errors.length === 0),
    };
  }
}
