import type { ScheduleConfig } from './config.ts';
import type { RunRecord } from './history.ts';

/** What started a run. */
export type Trigger = 'schedule' | 'start' | 'request' | 'webhook' | 'change';

export type RunSummary = Omit<RunRecord, 'id'>;

export interface RunOrder {
  readonly schedule: ScheduleConfig;
  readonly trigger: Trigger;
  /** Full names of the images to warm. @default all images of the schedule */
  readonly only?: ReadonlySet<string> | undefined;
}

export interface RunsOptions {
  readonly warm: (order: RunOrder) => Promise<RunSummary>;
  /** Called when the schedule no longer counts as running, before the run resolves. */
  readonly onFinished: (run: RunSummary) => void;
}

interface WaitingRun {
  readonly only: Set<string>;
  readonly run: Promise<RunSummary>;
}

/** Decides when each run starts, so that no two whole runs of a schedule overlap. */
export class Runs {
  readonly #options: RunsOptions;
  /** Runs of whole schedules, by the schedule's name. */
  readonly #whole = new Map<string, Promise<RunSummary>>();
  /** Runs of some images that have not started yet. */
  readonly #waiting = new Map<string, WaitingRun>();
  /** The last run of some images, waiting or started. */
  readonly #partial = new Map<string, Promise<RunSummary>>();
  /** How many runs of each schedule are at work. */
  readonly #active = new Map<string, number>();

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  isActive(schedule: string): boolean {
    return this.#active.has(schedule);
  }

  /** Runs a whole schedule, or joins the run that is at work. */
  start(schedule: ScheduleConfig, trigger: Trigger): Promise<RunSummary> {
    const { name } = schedule;
    const running = this.#whole.get(name);
    if (running !== undefined) return running;
    const run = this.#run({ schedule, trigger }).finally(() => this.#whole.delete(name));
    this.#whole.set(name, run);
    return run;
  }

  /**
   * Runs some images of a schedule after what is at work now, which may have asked the registry before a tag moved.
   * Requests that come meanwhile share one run.
   */
  startSome(schedule: ScheduleConfig, trigger: Trigger, images: readonly string[]): Promise<RunSummary> {
    const { name } = schedule;
    const waiting = this.#waiting.get(name);
    if (waiting !== undefined) {
      for (const image of images) waiting.only.add(image);
      return waiting.run;
    }
    const only = new Set(images);
    const before = [this.#whole.get(name), this.#partial.get(name)];
    const run = Promise.allSettled(before).then(() => {
      this.#waiting.delete(name);
      return this.#run({ schedule, trigger, only });
    });
    this.#waiting.set(name, { only, run });
    this.#partial.set(name, run);
    void run.catch(() => undefined).then(() => this.#partial.get(name) === run && this.#partial.delete(name));
    return run;
  }

  /** Resolves when no run is left. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#whole.values(), ...this.#partial.values()]);
  }

  async #run(order: RunOrder): Promise<RunSummary> {
    const { name } = order.schedule;
    this.#active.set(name, (this.#active.get(name) ?? 0) + 1);
    const run = await this.#options.warm(order).finally(() => this.#leave(name));
    this.#options.onFinished(run);
    return run;
  }

  #leave(name: string): void {
    const left = (this.#active.get(name) ?? 1) - 1;
    if (left > 0) this.#active.set(name, left);
    else this.#active.delete(name);
  }
}
