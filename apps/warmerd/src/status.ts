import { formatReference } from '@shale/core';
import type { WarmTarget } from '@shale/warmer';
import type { ImageRecord } from './history.ts';
import { imageName, type Transfer, type Transfers } from './transfers.ts';

export interface ScheduleStatus {
  readonly name: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly running: boolean;
  readonly nextRunMs: number | undefined;
}

export interface ImageStatus extends Omit<ImageRecord, 'status'> {
  /** `waiting` until a run has handled the image for the first time. */
  readonly status: ImageRecord['status'] | 'waiting';
  /** The next run of the schedules that name it. */
  readonly nextRunMs: number | undefined;
  /** Set while the image is downloaded. */
  readonly progress: Transfer | undefined;
}

export interface DaemonStatus {
  readonly images: readonly ImageStatus[];
  readonly schedules: readonly ScheduleStatus[];
  readonly usedBytes: number;
  readonly maxBytes: number | undefined;
  /** Free space of the volume. */
  readonly freeBytes: number | undefined;
}

interface ImagesOfDaemon {
  readonly records: readonly ImageRecord[];
  /** The images of each schedule, as they were last read. */
  readonly plans: readonly { readonly targets: readonly WarmTarget[]; readonly nextRunMs: number | undefined }[];
  readonly transfers: Transfers;
}

/** The images that runs have handled, and those that wait for their first run. */
export function imageStatuses({ records, plans, transfers }: ImagesOfDaemon): readonly ImageStatus[] {
  const seen = new Set(records.map(({ reference, platform }) => `${reference} ${platform}`));
  const named = plans.flatMap(({ targets }) => targets.flatMap(namesOf));
  const waiting = [...new Set([...named, ...transfers.names()])].filter((name) => !seen.has(name));
  const next = nextRuns(plans);
  return [...records, ...waiting.map(waitingImage)]
    .map((image) => ({ name: `${image.reference} ${image.platform}`, image }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, image }) => ({ ...image, nextRunMs: next.get(image.reference), progress: transfers.get(name) }));
}

function nextRuns(plans: ImagesOfDaemon['plans']): ReadonlyMap<string, number> {
  const next = new Map<string, number>();
  for (const { targets, nextRunMs } of plans) {
    if (nextRunMs === undefined) continue;
    for (const { reference } of targets) {
      const image = formatReference(reference);
      next.set(image, Math.min(nextRunMs, next.get(image) ?? nextRunMs));
    }
  }
  return next;
}

/** Images for `all` platforms are left out: their platforms are unknown before a run. */
function namesOf({ reference, platforms }: WarmTarget): readonly string[] {
  return platforms === 'all' ? [] : platforms.map((platform) => imageName({ reference, platform }));
}

function waitingImage(name: string): Omit<ImageStatus, 'nextRunMs' | 'progress'> {
  const [reference = '', platform = ''] = name.split(' ');
  const unknown = { digest: undefined, lastSuccessMs: undefined, changedMs: undefined, error: undefined };
  return { reference, platform, status: 'waiting', sizeBytes: 0, checkedMs: 0, ...unknown };
}
