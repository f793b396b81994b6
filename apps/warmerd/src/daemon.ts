import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatPlatform, formatReference, type Platform, type Reference } from '@shale/core';
import { createRegistryClient, dockerConfigKeychain } from '@shale/registry';
import { warm, WarmedDirectory, type WarmEvent, type WarmResult } from '@shale/warmer';
import { Cron } from 'croner';
import type { Config, ScheduleConfig } from './config.ts';
import { type History, type ImageRecord, messageOf, type RunRecord } from './history.ts';
import { scheduleTargets } from './schedule-targets.ts';

export type Trigger = 'schedule' | 'start' | 'request' | 'webhook';

/** What goes out as server-sent events and to the log. */
export type DaemonEvent =
  | WarmEvent
  | { readonly type: 'run.started'; readonly schedule: string; readonly trigger: Trigger }
  | { readonly type: 'run.finished'; readonly run: Omit<RunRecord, 'id'> };

export interface ScheduleStatus {
  readonly name: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly running: boolean;
  readonly nextRunMs: number | undefined;
}

export interface DaemonStatus {
  readonly images: readonly ImageRecord[];
  readonly schedules: readonly ScheduleStatus[];
  /** What is on its way: bytes by image. */
  readonly pulling: readonly { readonly image: string; readonly bytes: number; readonly totalBytes: number }[];
  readonly usedBytes: number;
  readonly maxBytes: number | undefined;
}

interface DaemonEvents {
  readonly event: [DaemonEvent];
}

/** Runs the schedules of a config. A schedule never overlaps itself; warming one that runs joins that run. */
export class Daemon implements AsyncDisposable {
  readonly events = new EventEmitter<DaemonEvents>();
  readonly history: History;
  readonly #stop = new AbortController();
  readonly #running = new Map<string, Promise<RunSummary>>();
  readonly #pulling = new Map<string, { bytes: number; readonly totalBytes: number }>();
  #jobs = new Map<string, Cron>();
  #config: Config;

  constructor(config: Config, history: History) {
    this.#config = config;
    this.history = history;
    this.events.setMaxListeners(0);
  }

  get config(): Config {
    return this.#config;
  }

  start(): void {
    for (const schedule of this.#config.schedules) this.#schedule(schedule);
  }

  /** Takes over a new config. What runs, runs on to its end. */
  reload(config: Config): void {
    for (const job of this.#jobs.values()) job.stop();
    this.#jobs = new Map();
    this.#config = config;
    this.start();
  }

  /** Runs schedules now, all of them or those named. @returns `undefined` for a name that there is not */
  warm(trigger: Trigger, names?: readonly string[]): Promise<readonly RunSummary[]> | undefined {
    const all = this.#config.schedules;
    const chosen = names === undefined ? all : all.filter(({ name }) => names.includes(name));
    if (names !== undefined && chosen.length < new Set(names).size) return undefined;
    return Promise.all(chosen.map((schedule) => this.#run(schedule, trigger)));
  }

  async status(): Promise<DaemonStatus> {
    const entries = await new WarmedDirectory(this.#config.directory).entries();
    return {
      images: this.history.images(),
      schedules: this.#config.schedules.map(({ name, cron, timeZone }) => ({
        name,
        cron,
        timeZone,
        running: this.#running.has(name),
        nextRunMs: this.#jobs.get(name)?.nextRun()?.getTime(),
      })),
      pulling: [...this.#pulling].map(([image, state]) => ({ image, ...state })),
      usedBytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      maxBytes: this.#config.maxSize,
    };
  }

  /** Stops what runs; nothing half-written stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const job of this.#jobs.values()) job.stop();
    this.#stop.abort(new Error('The daemon stops'));
    await Promise.allSettled(this.#running.values());
  }

  #schedule(schedule: ScheduleConfig): void {
    const { name, cron, timeZone: timezone, jitter } = schedule;
    const job = new Cron(cron, { timezone, protect: true, unref: true }, async () => {
      const { signal } = this.#stop;
      await sleep(Math.random() * jitter, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.#run(schedule, 'schedule').catch(() => undefined);
    });
    this.#jobs.set(name, job);
  }

  #run(schedule: ScheduleConfig, trigger: Trigger): Promise<RunSummary> {
    const running = this.#running.get(schedule.name);
    if (running !== undefined) return running;
    const run = this.#warm(schedule, trigger).finally(() => this.#running.delete(schedule.name));
    this.#running.set(schedule.name, run);
    return run;
  }

  async #warm(schedule: ScheduleConfig, trigger: Trigger): Promise<RunSummary> {
    const startedMs = Date.now();
    this.#report({ type: 'run.started', schedule: schedule.name, trigger });
    const { results, error } = await this.#results(schedule);
    const run = {
      schedule: schedule.name,
      trigger,
      startedMs,
      durationMs: Date.now() - startedMs,
      ...count(results),
      error,
    };
    if (!this.#stop.signal.aborted) this.history.addRun(run);
    this.#report({ type: 'run.finished', run });
    return run;
  }

  async #results(schedule: ScheduleConfig): Promise<{ results: readonly WarmResult[]; error: string | undefined }> {
    const { directory, concurrency, maxSize, prune } = this.#config;
    try {
      const keep = await this.#named();
      this.history.keepImages(new Set(keep.map(formatReference)));
      await using client = openClient(this.#config);
      const results = await warm(await scheduleTargets(schedule), {
        directory,
        open: (reference) => client.repository(reference),
        concurrency,
        prune,
        keep,
        maxBytes: maxSize,
        signal: this.#stop.signal,
        onEvent: (event) => this.#report(event),
      });
      return { results, error: undefined };
    } catch (error) {
      return { results: [], error: messageOf(error) };
    }
  }

  /** By all schedules: prune is not to remove what another one keeps. */
  async #named(): Promise<readonly Reference[]> {
    const targets = await Promise.all(this.#config.schedules.map(scheduleTargets));
    return targets.flat().map(({ reference }) => reference);
  }

  #report(event: DaemonEvent): void {
    if (event.type === 'image.pulling')
      this.#pulling.set(imageName(event.image), { bytes: 0, totalBytes: event.totalBytes });
    if (event.type === 'image.progress') {
      const state = this.#pulling.get(imageName(event.image));
      if (state !== undefined) state.bytes = event.bytes;
    }
    if (event.type === 'image.finished') {
      const { reference, platform } = event.result;
      if (platform !== undefined) this.#pulling.delete(imageName({ reference, platform }));
      this.history.addResult(event.result);
    }
    this.events.emit('event', event);
  }
}

export type RunSummary = Omit<RunRecord, 'id'>;

/** A client for one run: credentials that were rotated meanwhile are read again. */
function openClient({
  registries: { dockerConfigs, mirrors, insecure },
}: Config): ReturnType<typeof createRegistryClient> {
  return createRegistryClient({
    keychain: dockerConfigKeychain({ paths: dockerConfigs }),
    mirrors,
    insecure,
    userAgent: 'shale-warmerd',
  });
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

function imageName({ reference, platform }: { readonly reference: Reference; readonly platform: Platform }): string {
  return `${formatReference(reference)} ${formatPlatform(platform)}`;
}
