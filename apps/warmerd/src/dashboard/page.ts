import { html, raw } from 'hono/html';
import type { DaemonStatus, ImageStatus } from '../status.ts';
import type { RunRecord } from '../history.ts';
import { formatAge, formatBytes, formatLength } from './format.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

type Html = ReturnType<typeof html>;

export interface PageOptions {
  readonly status: DaemonStatus;
  /** The newest first. */
  readonly runs: readonly RunRecord[];
  /** Whether the daemon has a token, so that runs can be started. */
  readonly hasToken: boolean;
  /** The result of the form that was just sent: `started`, `refused` or `absent`. */
  readonly answer?: string | undefined;
  /** Random for each answer: the browser runs only the script and the style that carry it. */
  readonly nonce: string;
  readonly nowMs: number;
}

/** Runs that are shown; older ones are folded away. */
const FIRST_RUNS = 10;

/** The dashboard. It is complete without JavaScript; the script refreshes it and draws the charts. */
export function page(options: PageOptions): Html {
  const { status, nonce, hasToken } = options;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>shale warmer</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/uplot.css">
<style nonce="${nonce}">${raw(STYLE)}</style>
</head>
<body>
<a class="skip" href="#images">Skip to images</a>
<header class="top"><div class="frame">
<div class="brand">${raw(MARK)}<h1>shale warmer</h1></div>
<div id="summary" role="status" data-live>${summary(status)}</div>
${hasToken ? warmForm() : ''}
</div></header>
<main class="frame">
${banner(options)}
<dl class="facts" id="facts" data-live>${facts(options)}</dl>
<section class="card" aria-labelledby="images"><h2 id="images" tabindex="-1">Images</h2>
<div id="image-table" data-live>${imageTable(options)}</div></section>
<section class="card" aria-labelledby="schedules"><h2 id="schedules">Schedules</h2>
<div id="schedule-table" data-live>${scheduleTable(options)}</div></section>
<section class="card" aria-labelledby="runs"><h2 id="runs">History</h2>
<div class="charts" id="charts" hidden>
<figure><figcaption>On disk after each run</figcaption><div id="used"></div></figure>
<figure><figcaption>Fetched by each run</figcaption><div id="fetched"></div></figure>
</div>
<div id="run-table" data-live>${runTable(options)}</div></section>
</main>
<script src="/assets/uplot.js"></script>
<script nonce="${nonce}">${raw(SCRIPT)}</script>
</body>
</html>`;
}

const MARK = `<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" aria-hidden="true">
<path d="M12 3 3 7.5l9 4.5 9-4.5z"/><path d="m3 12 9 4.5 9-4.5"/><path d="m3 16.5 9 4.5 9-4.5"/></svg>`;

const ANSWERS: Readonly<Record<string, string>> = {
  started: 'Warming has started.',
  refused: 'The token is wrong. Nothing was started.',
  absent: 'No schedule or image has that name.',
};

function banner({ answer = '' }: PageOptions): Html | string {
  const text = ANSWERS[answer];
  return text === undefined
    ? ''
    : html`<p class="banner ${answer === 'started' ? '' : 'refused'}" role="alert">${text}</p>`;
}

function summary({ images }: DaemonStatus): Html {
  const bad = images.filter(({ error }) => error !== undefined).length;
  const coming = images.filter(({ status }) => status === 'waiting').length;
  if (images.length === 0) return html`<span class="pill">No image yet.</span>`;
  const all = images.length === 1 ? 'The image is' : `All ${images.length} images are`;
  if (bad === 0 && coming > 0)
    return html`<span class="pill now">${coming} of ${images.length} images wait for their first run.</span>`;
  return bad === 0
    ? html`<span class="pill good">${all} up to date.</span>`
    : html`<span class="pill failed">${bad} of ${images.length} images need attention.</span>`;
}

function warmForm(): Html {
  return html`<form class="warm" id="warm" method="post" action="/api/warm">
<input id="token" type="password" name="token" required autocomplete="current-password" placeholder="Token" aria-label="Token for starting runs">
<button class="main" id="warm-all">Warm everything</button></form>`;
}

const DAY_MS = 86_400_000;

function facts({ status, runs, nowMs }: PageOptions): Html {
  const { images, usedBytes, maxBytes, freeBytes, schedules } = status;
  const good = images.filter(({ status, error }) => status !== 'waiting' && error === undefined).length;
  const next = schedules.filter(({ nextRunMs }) => nextRunMs !== undefined).toSorted(byNextRun)[0];
  const lately = runs.filter(({ startedMs }) => nowMs - startedMs < DAY_MS);
  const fetched = lately.reduce((sum, { fetchedBytes }) => sum + fetchedBytes, 0);
  return html`<div><dt>Images</dt><dd>${images.length}<small>${good} confirmed by their registry</small></dd></div>
<div><dt>On disk</dt><dd>${formatBytes(usedBytes)}${diskUse({ usedBytes, maxBytes, freeBytes })}</dd></div>
<div><dt>Next run</dt><dd>${next?.nextRunMs === undefined ? 'none' : time(next.nextRunMs, nowMs)}<small>${next?.name ?? 'no schedule'}</small></dd></div>
<div><dt>Fetched in 24 hours</dt><dd>${formatBytes(fetched)}<small>in ${lately.length} ${lately.length === 1 ? 'run' : 'runs'}</small></dd></div>`;
}

function byNextRun(a: { nextRunMs: number | undefined }, b: { nextRunMs: number | undefined }): number {
  return (a.nextRunMs ?? 0) - (b.nextRunMs ?? 0);
}

function diskUse({ usedBytes, maxBytes, freeBytes }: Pick<DaemonStatus, 'usedBytes' | 'maxBytes' | 'freeBytes'>): Html {
  const free = freeBytes === undefined ? '' : `${formatBytes(freeBytes)} free on the volume`;
  if (maxBytes === undefined) return html`<small>${free}</small>`;
  const percent = `${Math.round((usedBytes / maxBytes) * 100)} %`;
  return html`<meter aria-label="Used part of the quota" title="${free}" min="0" max="${maxBytes}" high="${maxBytes * 0.9}" optimum="0"
value="${usedBytes}">${percent}</meter><small>${percent} of ${formatBytes(maxBytes)}</small>`;
}

function imageTable({ status, nowMs, hasToken }: PageOptions): Html {
  if (status.images.length === 0) return html`<p class="note">No image has been warmed yet.</p>`;
  const rows = status.images.map((image, index) => imageRow(image, { nowMs, hasToken, index }));
  return html`<div class="scroll"><table><thead><tr><th scope="col">Image</th><th scope="col">State</th><th scope="col">Digest</th>
<th scope="col" class="number">Size</th><th scope="col">Changed</th><th scope="col">Confirmed</th><th scope="col">Next run</th>
${hasToken ? html`<th scope="col"><span class="hidden">Warm now</span></th>` : ''}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

const STATES = {
  waiting: 'waiting',
  warmed: 'new',
  unchanged: 'up to date',
  stale: 'kept',
  failed: 'missing',
} as const;

interface RowOptions extends Pick<PageOptions, 'nowMs' | 'hasToken'> {
  readonly index: number;
}

function imageRow(image: ImageStatus, { nowMs, hasToken, index }: RowOptions): Html {
  const { reference, platform, digest, sizeBytes, changedMs, lastSuccessMs, nextRunMs, status, error } = image;
  const why =
    error === undefined
      ? ''
      : html`<tr class="why"><td colspan="8"><p class="error ${status === 'stale' ? 'soft' : ''}">${error}</p></td></tr>`;
  const warm = html`<td class="act wide"><button form="warm" id="warm-${index}" name="image" value="${reference}">Warm<span
class="hidden"> ${reference} now</span></button></td>`;
  return html`<tr><th scope="row">${imageName(reference)} <small>${platform}</small></th>
<td class="wide">${imageState(image)}</td>
<td data-label="Digest">${digest === undefined ? 'none' : html`<code title="${digest}">${digest.slice(7, 19)}</code>`}</td>
<td data-label="Size" class="number">${sizeBytes === 0 ? '–' : formatBytes(sizeBytes)}</td>
<td data-label="Changed">${changedMs === undefined ? '–' : time(changedMs, nowMs)}</td>
<td data-label="Confirmed">${lastSuccessMs === undefined ? 'never' : time(lastSuccessMs, nowMs)}</td>
<td data-label="Next run">${nextRunMs === undefined ? '–' : time(nextRunMs, nowMs)}</td>${hasToken ? warm : ''}</tr>${why}`;
}

/** Emphasises the last part of the name, which tells images apart. */
function imageName(reference: string): Html {
  const slash = reference.lastIndexOf('/') + 1;
  const place = reference.slice(0, slash).split('/').slice(0, -1);
  return html`<span class="place">${place.map((part) => html`${part}/<wbr>`)}</span>${reference.slice(slash)}`;
}

function imageState({ reference, status, progress }: ImageStatus): Html {
  if (progress === undefined) return html`<span class="pill ${status}">${STATES[status]}</span>`;
  const { bytes, totalBytes } = progress;
  const percent = Math.floor((bytes / Math.max(totalBytes, 1)) * 100);
  return html`<span class="pill now">pulling ${percent} %</span>
<progress aria-label="${reference}" max="${totalBytes}" value="${bytes}">${percent} %</progress>
<small>${formatBytes(bytes)} of ${formatBytes(totalBytes)}</small>`;
}

function scheduleTable({ status, hasToken, nowMs }: PageOptions): Html {
  const rows = status.schedules.map(({ name, cron, timeZone, running, nextRunMs }) => {
    const next = nextRunMs === undefined ? 'never' : time(nextRunMs, nowMs);
    const warm = html`<td class="act wide"><button form="warm" id="warm-schedule-${name}" name="schedule" value="${name}">Warm<span
class="hidden"> ${name} now</span></button></td>`;
    return html`<tr><th scope="row">${name}</th><td data-label="When"><code>${cron}</code> <small>${timeZone}</small></td>
<td data-label="Next run">${running ? html`<span class="pill now">runs now</span>` : next}</td>${hasToken ? warm : ''}</tr>`;
  });
  const note = hasToken ? '' : html`<p class="note">To start runs here, set <code>tokenFile</code> in the config.</p>`;
  return html`<div class="scroll"><table><thead><tr><th scope="col">Schedule</th><th scope="col">When</th><th scope="col">Next run</th>
${hasToken ? html`<th scope="col"><span class="hidden">Warm now</span></th>` : ''}</tr></thead><tbody>${rows}</tbody></table></div>${note}`;
}

function runTable({ runs, status, nowMs }: PageOptions): Html {
  if (runs.length === 0) return html`<p class="note">No run has ended yet.</p>`;
  const older = runs.slice(FIRST_RUNS);
  const rest =
    older.length === 0
      ? ''
      : html`<details><summary>${older.length} older ${older.length === 1 ? 'run' : 'runs'}</summary>${runRows(older, nowMs)}</details>`;
  return html`${runRows(runs.slice(0, FIRST_RUNS), nowMs)}${rest}
<script type="application/json" id="history">${raw(chartData(runs, status))}</script>`;
}

/** Contains only numbers, so that nothing in it can end the script element. */
function chartData(
  runs: readonly RunRecord[],
  { maxBytes = null }: { readonly maxBytes?: number | null | undefined },
): string {
  const oldestFirst = runs.toReversed();
  return JSON.stringify({
    times: oldestFirst.map(({ startedMs }) => Math.round(startedMs / 1000)),
    used: oldestFirst.map(({ usedBytes }) => usedBytes),
    fetched: oldestFirst.map(({ fetchedBytes }) => fetchedBytes),
    limit: maxBytes,
  });
}

function runRows(runs: readonly RunRecord[], now: number): Html {
  const rows = runs.map(
    (run) => html`<tr><th scope="row">${time(run.startedMs, now)}</th>
<td data-label="Schedule">${run.schedule} <small>by ${run.trigger}</small></td>
<td class="wide">${outcome(run)}</td><td data-label="Took" class="number">${formatLength(run.durationMs)}</td>
<td data-label="Fetched" class="number">${formatBytes(run.fetchedBytes)}</td></tr>`,
  );
  return html`<div class="scroll"><table><thead><tr><th scope="col">Started</th><th scope="col">Schedule</th><th scope="col">Outcome</th>
<th scope="col" class="number">Took</th><th scope="col" class="number">Fetched</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function outcome({ error, ...counts }: RunRecord): Html | string {
  const parts = (['warmed', 'unchanged', 'stale', 'failed'] as const).filter((status) => counts[status] > 0);
  const pills = parts.map((status) => html`<span class="pill ${status}">${counts[status]} ${STATES[status]}</span> `);
  return html`${pills}${error === undefined ? '' : html`<p class="error">${error}</p>`}`;
}

function time(atMs: number, now: number): Html {
  const iso = new Date(atMs).toISOString();
  return html`<time datetime="${iso}" title="${iso}">${formatAge(atMs - now)}</time>`;
}
