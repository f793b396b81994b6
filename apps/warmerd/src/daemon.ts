import { EventEmitter } from 'node:events';
import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatReference, messageOf, type Reference } from '@shale/core';
import type { ExchangeListener } from '@shale/registry';
import { WarmedDirectory, type WarmEvent, type WarmResult, type WarmTarget } from '@shale/warmer';
import { Cron } from 'croner';
import { Checkouts } from './checkouts.ts';
import type { Config, ScheduleConfig } from './config.ts';
import { FileWatch } from './file-watch.ts';
import type { History, RunRecord } from './history.ts';
import { Plans } from './plans.ts';
import { isMovedBy, type Push } from './push.ts';
import { type RunOrder, Runs, type RunSummary, type Trigger } from './runs.ts';
import { watchedFiles } from './schedule-targets.ts';
import { type DaemonStatus, imageStatuses } from './status.ts';
import { Transfers } from './transfers.ts';
import { WarmWorker } from './warm-worker.ts';

/** The events that the log and the clients of `/api/events` get. */
export type DaemonEvent =
  | WarmEvent
  | { readonly type: 'run.started'; readonly schedule: string; readonly trigger: Trigger }
  | { readonly type: 'run.finished'; readonly run: RunSummary };

export interface DaemonOptions {
  readonly config: Config;
  readonly history: History;
  /** Variables of the process; git sees the ones that it needs. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onExchange: ExchangeListener;
}

/** What to warm now: all images of all schedules, unless some are named. */
export interface WarmRequest {
  /** Names of schedules. @default all */
  readonly schedules?: readonly string[] | undefined;
  /** Full names of images that those schedules name. @default all */
  readonly images?: readonly string[] | undefined;
}

interface DaemonEvents {
  readonly event: [DaemonEvent];
}

/** Runs the schedules of a config. */
export class Daemon implements AsyncDisposable {
  readonly events = new EventEmitter<DaemonEvents>();
  readonly #worker: WarmWorker;
  readonly #stop = new AbortController();
  readonly #plans: Plans;
  readonly #watch = new FileWatch();
  readonly #runs = new Runs({
    warm: (order) => this.#warm(order),
    onFinished: (run) => this.#report({ type: 'run.finished', run }),
  });
  readonly #transfers = new Transfers();
  #jobs = new Map<string, Cron>();
  #config: Config;
  #history: History;

  constructor(options: DaemonOptions) {
    this.#config = options.config;
    this.#history = options.history;
    this.#worker = new WarmWorker(options.onExchange);
    this.#plans = new Plans(new Checkouts(options.environment), this.#stop.signal);
    this.events.setMaxListeners(0);
  }

  get config(): Config {
    return this.#config;
  }

  get history(): History {
    return this.#history;
  }

  start(): void {
    for (const schedule of this.#config.schedules) {
      this.#schedule(schedule);
      if (!schedule.watch) continue;
      this.#watch.add(watchedFiles(schedule), () => void this.#runs.start(schedule, 'change').catch(() => undefined));
    }
  }

  /** Applies a new config. Runs that are at work go on to their end. */
  reload(config: Config, history: History = this.#history): void {
    this.#endSchedules();
    this.#config = config;
    this.#history = history;
    this.start();
  }

  /** Warms images, and waits for the runs. @returns `undefined` for an unknown schedule, or images that no schedule names */
  async warm(trigger: Trigger, request: WarmRequest = {}): Promise<readonly RunSummary[] | undefined> {
    const runs = await this.startRuns(trigger, request);
    return runs && Promise.all(runs);
  }

  /** Does the same as `warm`, but does not wait for the runs. */
  async startRuns(
    trigger: Trigger,
    { schedules: names, images }: WarmRequest,
  ): Promise<readonly Promise<RunSummary>[] | undefined> {
    const all = this.#config.schedules;
    const chosen = names === undefined ? all : all.filter(({ name }) => names.includes(name));
    if (names !== undefined && chosen.length < new Set(names).size) return undefined;
    if (images === undefined) return chosen.map((schedule) => observed(this.#runs.start(schedule, trigger)));
    const wanted = new Set(images);
    const runs = await this.#startSome(chosen, trigger, (reference) => wanted.has(formatReference(reference)));
    return runs.length === 0 ? undefined : runs;
  }

  /** Starts runs for the images that were pushed, and for no others. @returns their names */
  async warmPushed(pushes: readonly Push[]): Promise<readonly string[]> {
    const known = await this.#plans.named(this.#config.schedules);
    const registries = new Set(known.references.map(({ registry }) => registry));
    const isMoved = (reference: Reference) => pushes.some((push) => isMovedBy(reference, push, registries));
    void (await this.#startSome(this.#config.schedules, 'webhook', isMoved));
    return [...new Set(known.references.filter(isMoved).map(formatReference))];
  }

  async status(): Promise<DaemonStatus> {
    const schedules = this.#config.schedules.map((schedule) => ({
      name: schedule.name,
      cron: schedule.cron,
      timeZone: schedule.timeZone,
      running: this.#runs.isActive(schedule.name),
      nextRunMs: this.#nextRunMs(schedule),
    }));
    const plans = this.#config.schedules.map((schedule) => ({
      targets: this.#plans.known(schedule)?.targets ?? [],
      nextRunMs: this.#nextRunMs(schedule),
    }));
    const volume = await statfs(this.#config.directory).catch(() => undefined);
    return {
      images: imageStatuses({ records: this.#history.images(), plans, transfers: this.#transfers }),
      schedules,
      usedBytes: await this.#usedBytes(),
      maxBytes: this.#config.maxSize,
      freeBytes: volume && volume.bavail * volume.bsize,
    };
  }

  /** Stops all runs. No incomplete image becomes visible. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#endSchedules();
    this.#stop.abort(new Error('The daemon stops'));
    await this.#runs.settled();
    this.#worker[Symbol.dispose]();
  }

  #nextRunMs({ name }: ScheduleConfig): number | undefined {
    return this.#jobs.get(name)?.nextRun()?.getTime();
  }

  #usedBytes(): Promise<number> {
    return new WarmedDirectory(this.#config.directory).usedBytes();
  }

  #endSchedules(): void {
    for (const job of this.#jobs.values()) job.stop();
    this.#jobs = new Map();
    this.#watch.clear();
  }

  #schedule(schedule: ScheduleConfig): void {
    const { name, cron, timeZone: timezone, jitter } = schedule;
    const job = new Cron(cron, { timezone, protect: true, unref: true }, async () => {
      const { signal } = this.#stop;
      await sleep(Math.random() * jitter, undefined, { signal, ref: false }).catch(() => undefined);
      const isCurrent = this.#jobs.get(name) === job;
      if (!signal.aborted && isCurrent) await this.#runs.start(schedule, 'schedule').catch(() => undefined);
    });
    this.#jobs.set(name, job);
  }

  async #startSome(
    schedules: readonly ScheduleConfig[],
    trigger: Trigger,
    isWanted: (reference: Reference) => boolean,
  ): Promise<readonly Promise<RunSummary>[]> {
    const runs: Promise<RunSummary>[] = [];
    for (const schedule of schedules) {
      const { targets } = await this.#plans.of(schedule);
      const only = targets.map(({ reference }) => reference).filter(isWanted);
      if (only.length > 0) runs.push(observed(this.#runs.startSome(schedule, trigger, only.map(formatReference))));
    }
    return runs;
  }

  async #warm({ schedule, trigger, only }: RunOrder): Promise<RunSummary> {
    const startedMs = Date.now();
    this.#report({ type: 'run.started', schedule: schedule.name, trigger });
    const { results, error } = await this.#results(schedule, only);
    const durationMs = Date.now() - startedMs;
    const usedBytes = await this.#usedBytes();
    const run = { schedule: schedule.name, trigger, startedMs, durationMs, ...count(results), usedBytes, error };
    if (!this.#stop.signal.aborted) this.#history.addRun(run);
    return run;
  }

  async #results(
    schedule: ScheduleConfig,
    only: ReadonlySet<string> | undefined,
  ): Promise<{ results: readonly WarmResult[]; error: string | undefined }> {
    const { directory, concurrency, format, cacheTtl, maxSize, prune, bandwidth, registries } = this.#config;
    try {
      const { targets, errors } = await this.#plans.read(schedule);
      // of all schedules, because prune must keep the images of the others
      const { references, isComplete } = await this.#plans.named(this.#config.schedules);
      if (isComplete) this.#history.keepImages(new Set(references.map(formatReference)));
      const request = {
        targets: chosen(targets, only),
        directory,
        form: format,
        ttlMs: cacheTtl === 0 ? undefined : cacheTtl,
        concurrency,
        prune: prune && isComplete, // a source that could not be read names images too
        keep: references,
        maxBytes: maxSize,
        bytesPerSecond: bandwidth,
        registries,
      };
      const onEvent = (event: WarmEvent) => this.#report(event);
      const results = await this.#worker.run(request, { onEvent, signal: this.#stop.signal });
      return { results, error: errors.length === 0 ? undefined : errors.join('\n') };
    } catch (error) {
      return { results: [], error: messageOf(error) };
    }
  }

  #report(event: DaemonEvent): void {
    if (event.type !== 'run.started' && event.type !== 'run.finished') this.#transfers.take(event);
    if (event.type === 'image.finished') this.#history.addResult(event.result);
    this.events.emit('event', event);
  }
}

/** Marks the rejection as handled: the run itself reports its failure. */
function observed<T>(run: Promise<T>): Promise<T> {
  run.catch(() => undefined);
  return run;
}

function chosen(targets: readonly WarmTarget[], only: ReadonlySet<string> | undefined): readonly WarmTarget[] {
  return only === undefined ? targets : targets.filter(({ reference }) => only.has(formatReference(reference)));
}

function count(results: readonly WarmResult[]): Pick<RunRecord, WarmResult['status'] | 'fetchedBytes'> {
  const of = (status: WarmResult['status']) => results.filter((result) => result.status === status).length;
  return {
    warmed: of('warmed'),
    unchanged: of('unchanged'),
    stale: of('stale'),
    failed: of('failed'),
    fetchedBytes: results.reduce((sum, { fetchedBytes }) => sum + fetchedBytes, 0),
  };
}
