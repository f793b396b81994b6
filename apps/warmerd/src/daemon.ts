import { EventEmitter } from 'node:events';
import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatPlatform, formatReference, type Platform, type Reference } from '@shale/core';
import type { ExchangeListener } from '@shale/registry';
import { mergeTargets, WarmedDirectory, type WarmEvent, type WarmResult, type WarmTarget } from '@shale/warmer';
import { Cron } from 'croner';
import { Checkouts } from './checkouts.ts';
import type { Config, ScheduleConfig } from './config.ts';
import { FileWatch } from './file-watch.ts';
import { type History, type ImageRecord, messageOf, type RunRecord } from './history.ts';
import { isMovedBy, type Push } from './push.ts';
import { scheduleTargets, type ScheduleTargets, watchedFiles } from './schedule-targets.ts';
import { WarmWorker } from './warm-worker.ts';

export type Trigger = 'schedule' | 'start' | 'request' | 'webhook' | 'change';

/** What goes out as server-sent events and to the log. */
export type DaemonEvent =
  | WarmEvent
  | { readonly type: 'run.started'; readonly schedule: string; readonly trigger: Trigger }
  | { readonly type: 'run.finished'; readonly run: RunSummary };

export type RunSummary = Omit<RunRecord, 'id'>;

export interface ScheduleStatus {
  readonly name: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly running: boolean;
  readonly nextRunMs: number | undefined;
}

export interface ImageStatus extends Omit<ImageRecord, 'status'> {
  /** `waiting` until it was looked after for the first time. */
  readonly status: ImageRecord['status'] | 'waiting';
  /** Of the schedules that name it. */
  readonly nextRunMs: number | undefined;
  /** While it is fetched. */
  readonly progress: { readonly bytes: number; readonly totalBytes: number } | undefined;
}

export interface DaemonStatus {
  readonly images: readonly ImageStatus[];
  readonly schedules: readonly ScheduleStatus[];
  readonly usedBytes: number;
  readonly maxBytes: number | undefined;
  /** On the volume. */
  readonly freeBytes: number | undefined;
}

export interface DaemonOptions {
  readonly config: Config;
  readonly history: History;
  /** For git. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onExchange: ExchangeListener;
}

/** What to run now: schedules by their names, and of them only images by theirs; everything where neither is said. */
export interface WarmRequest {
  readonly schedules?: readonly string[] | undefined;
  readonly images?: readonly string[] | undefined;
}

interface DaemonEvents {
  readonly event: [DaemonEvent];
}

interface WaitingRun {
  readonly only: Set<string>;
  readonly run: Promise<RunSummary>;
}

/** Runs the schedules of a config. A schedule never overlaps itself; warming one that runs joins that run. */
export class Daemon implements AsyncDisposable {
  readonly events = new EventEmitter<DaemonEvents>();
  readonly #worker: WarmWorker;
  readonly #stop = new AbortController();
  readonly #checkouts: Checkouts;
  readonly #watch = new FileWatch();
  /** Runs of whole schedules. */
  readonly #running = new Map<string, Promise<RunSummary>>();
  /** Of some images of a schedule: those that wait for what runs, and the last one. */
  readonly #waiting = new Map<string, WaitingRun>();
  readonly #partial = new Map<string, Promise<RunSummary>>();
  readonly #active = new Map<string, number>();
  readonly #pulling = new Map<string, { bytes: number; readonly totalBytes: number }>();
  /** What each schedule named when it was last read. */
  readonly #known = new Map<string, ScheduleTargets>();
  #jobs = new Map<string, Cron>();
  #config: Config;
  #history: History;

  constructor(options: DaemonOptions) {
    this.#config = options.config;
    this.#history = options.history;
    this.#worker = new WarmWorker(options.onExchange);
    this.#checkouts = new Checkouts(gitEnvironment(options.environment));
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
      this.#watch.add(watchedFiles(schedule), () => void this.#run(schedule, 'change').catch(() => undefined));
    }
  }

  /** Takes over a new config. What runs, runs on to its end. */
  reload(config: Config, history: History = this.#history): void {
    this.#endSchedules();
    this.#config = config;
    this.#history = history;
    this.#known.clear();
    this.start();
  }

  /** @returns `undefined` for a schedule that there is not, or images that no schedule names */
  async warm(trigger: Trigger, request: WarmRequest = {}): Promise<readonly RunSummary[] | undefined> {
    const runs = await this.startRuns(trigger, request);
    return runs && Promise.all(runs);
  }

  /** As `warm`, without waiting for the ends. */
  async startRuns(
    trigger: Trigger,
    { schedules: names, images }: WarmRequest,
  ): Promise<readonly Promise<RunSummary>[] | undefined> {
    const all = this.#config.schedules;
    const chosen = names === undefined ? all : all.filter(({ name }) => names.includes(name));
    if (names !== undefined && chosen.length < new Set(names).size) return undefined;
    if (images === undefined) return chosen.map((schedule) => observed(this.#run(schedule, trigger)));
    const wanted = new Set(images);
    const runs = await this.#startSome(chosen, trigger, (reference) => wanted.has(formatReference(reference)));
    return runs.length === 0 ? undefined : runs;
  }

  /** Warms the images that were pushed, and no others. @returns their names */
  async warmPushed(pushes: readonly Push[]): Promise<readonly string[]> {
    const known = await this.#named();
    const registries = new Set(known.references.map(({ registry }) => registry));
    const isMoved = (reference: Reference) => pushes.some((push) => isMovedBy(reference, push, registries));
    await this.#startSome(this.#config.schedules, 'webhook', isMoved);
    return [...new Set(known.references.filter(isMoved).map(formatReference))];
  }

  async status(): Promise<DaemonStatus> {
    const schedules = this.#config.schedules.map(({ name, cron, timeZone }) => ({
      name,
      cron,
      timeZone,
      running: this.#active.has(name),
      nextRunMs: this.#jobs.get(name)?.nextRun()?.getTime(),
    }));
    const next = this.#nextRuns(schedules);
    const volume = await statfs(this.#config.directory).catch(() => undefined);
    return {
      images: this.#images().map((image) => ({
        ...image,
        nextRunMs: next.get(image.reference),
        progress: this.#pulling.get(`${image.reference} ${image.platform}`),
      })),
      schedules,
      usedBytes: await this.#usedBytes(),
      maxBytes: this.#config.maxSize,
      freeBytes: volume && volume.bavail * volume.bsize,
    };
  }

  /** Stops what runs; nothing half-written is visible. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#endSchedules();
    this.#stop.abort(new Error('The daemon stops'));
    await Promise.allSettled([...this.#running.values(), ...this.#partial.values()]);
    this.#worker[Symbol.dispose]();
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
      if (!signal.aborted && isCurrent) await this.#run(schedule, 'schedule').catch(() => undefined);
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

  async #startSome(
    schedules: readonly ScheduleConfig[],
    trigger: Trigger,
    isWanted: (reference: Reference) => boolean,
  ): Promise<readonly Promise<RunSummary>[]> {
    const runs: Promise<RunSummary>[] = [];
    for (const schedule of schedules) {
      const { targets } = this.#known.get(schedule.name) ?? (await this.#read(schedule));
      const only = targets.map(({ reference }) => reference).filter(isWanted);
      if (only.length > 0) runs.push(observed(this.#runSome(schedule, trigger, only.map(formatReference))));
    }
    return runs;
  }

  /** What runs may have asked before the tag moved, so this comes after it; requests that come meanwhile share one run. */
  #runSome(schedule: ScheduleConfig, trigger: Trigger, images: readonly string[]): Promise<RunSummary> {
    const { name } = schedule;
    const waiting = this.#waiting.get(name);
    if (waiting !== undefined) {
      for (const image of images) waiting.only.add(image);
      return waiting.run;
    }
    const only = new Set(images);
    const before = [this.#running.get(name), this.#partial.get(name)];
    const run = Promise.allSettled(before).then(() => {
      this.#waiting.delete(name);
      return this.#warm(schedule, trigger, only);
    });
    this.#waiting.set(name, { only, run });
    this.#partial.set(name, run);
    void run.catch(() => undefined).then(() => this.#partial.get(name) === run && this.#partial.delete(name));
    return run;
  }

  async #warm(schedule: ScheduleConfig, trigger: Trigger, only?: ReadonlySet<string>): Promise<RunSummary> {
    const { name } = schedule;
    const startedMs = Date.now();
    this.#active.set(name, (this.#active.get(name) ?? 0) + 1);
    try {
      this.#report({ type: 'run.started', schedule: name, trigger });
      const { results, error } = await this.#results(schedule, only);
      const durationMs = Date.now() - startedMs;
      const usedBytes = await this.#usedBytes();
      const run = { schedule: name, trigger, startedMs, durationMs, ...count(results), usedBytes, error };
      if (!this.#stop.signal.aborted) this.#history.addRun(run);
      this.#leave(name);
      this.#report({ type: 'run.finished', run });
      return run;
    } catch (error) {
      this.#leave(name);
      throw error;
    }
  }

  #leave(name: string): void {
    const left = (this.#active.get(name) ?? 1) - 1;
    if (left > 0) this.#active.set(name, left);
    else this.#active.delete(name);
  }

  async #results(
    schedule: ScheduleConfig,
    only: ReadonlySet<string> | undefined,
  ): Promise<{ results: readonly WarmResult[]; error: string | undefined }> {
    const { directory, concurrency, format, cacheTtl, maxSize, prune, bandwidth, registries } = this.#config;
    try {
      const { targets, errors } = await this.#read(schedule);
      const { references, isComplete } = await this.#named();
      if (isComplete) this.#history.keepImages(new Set(references.map(formatReference)));
      const request = {
        targets: chosen(targets, only),
        directory,
        form: format,
        ttlMs: cacheTtl === 0 ? undefined : cacheTtl,
        concurrency,
        prune: prune && isComplete, // what could not be read names images as well
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

  async #read(schedule: ScheduleConfig): Promise<ScheduleTargets> {
    const read = await scheduleTargets(schedule, { checkouts: this.#checkouts, signal: this.#stop.signal });
    const before = this.#known.get(schedule.name)?.targets ?? [];
    // What could not be read is as it was.
    const known = read.errors.length === 0 ? read : { ...read, targets: mergeTargets([...before, ...read.targets]) };
    this.#known.set(schedule.name, known);
    return known;
  }

  /** By all schedules: prune is not to remove what another one keeps. */
  async #named(): Promise<{ references: readonly Reference[]; isComplete: boolean }> {
    const read = await Promise.all(
      this.#config.schedules.map((schedule) => this.#known.get(schedule.name) ?? this.#read(schedule)),
    );
    return {
      references: read.flatMap(({ targets }) => targets.map(({ reference }) => reference)),
      isComplete: read.every(({ errors }) => errors.length === 0),
    };
  }

  /** Those that were looked after, and those that soon will be. */
  #images(): readonly Omit<ImageStatus, 'nextRunMs' | 'progress'>[] {
    const records = this.#history.images();
    const seen = new Set(records.map(({ reference, platform }) => `${reference} ${platform}`));
    const named = [...this.#known.values()].flatMap(({ targets }) => targets).flatMap(namesOf);
    const waiting = [...new Set([...named, ...this.#pulling.keys()])].filter((name) => !seen.has(name));
    const all = [...records, ...waiting.map(waitingImage)];
    return all.toSorted((a, b) => compare(`${a.reference} ${a.platform}`, `${b.reference} ${b.platform}`));
  }

  #nextRuns(schedules: readonly ScheduleStatus[]): ReadonlyMap<string, number> {
    const next = new Map<string, number>();
    for (const { name, nextRunMs = Number.POSITIVE_INFINITY } of schedules) {
      for (const { reference } of this.#known.get(name)?.targets ?? []) {
        const image = formatReference(reference);
        next.set(image, Math.min(nextRunMs, next.get(image) ?? Number.POSITIVE_INFINITY));
      }
    }
    return new Map([...next].filter(([, atMs]) => Number.isFinite(atMs)));
  }

  async #usedBytes(): Promise<number> {
    const entries = await new WarmedDirectory(this.#config.directory).entries();
    return entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
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
      this.#history.addResult(event.result);
    }
    this.events.emit('event', event);
  }
}

/** Runs report their failures themselves. */
function observed<T>(run: Promise<T>): Promise<T> {
  run.catch(() => undefined);
  return run;
}

function chosen(targets: readonly WarmTarget[], only: ReadonlySet<string> | undefined): readonly WarmTarget[] {
  return only === undefined ? targets : targets.filter(({ reference }) => only.has(formatReference(reference)));
}

const GIT_VARIABLES = ['PATH', 'HOME', 'SSH_AUTH_SOCK', 'GIT_SSH_COMMAND', 'HTTPS_PROXY', 'NO_PROXY', 'SSL_CERT_FILE'];

function gitEnvironment(environment: DaemonOptions['environment']): Readonly<Record<string, string>> {
  const names = [...GIT_VARIABLES, 'http_proxy', 'https_proxy', 'no_proxy'];
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  ) as Record<string, string>;
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

/** Platforms of `all` are not known before. */
function namesOf({ reference, platforms }: WarmTarget): readonly string[] {
  return platforms === 'all' ? [] : platforms.map((platform) => imageName({ reference, platform }));
}

function waitingImage(name: string): Omit<ImageStatus, 'nextRunMs' | 'progress'> {
  const [reference = '', platform = ''] = name.split(' ');
  const unknown = { digest: undefined, lastSuccessMs: undefined, changedMs: undefined, error: undefined };
  return { reference, platform, status: 'waiting', sizeBytes: 0, checkedMs: 0, ...unknown };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function imageName({ reference, platform }: { readonly reference: Reference; readonly platform: Platform }): string {
  return `${formatReference(reference)} ${formatPlatform(platform)}`;
}
