import { html, raw } from 'hono/html';
import type { DaemonStatus } from '../daemon.ts';
import type { ImageRecord, RunRecord } from '../history.ts';
import { formatAge, formatBytes, formatLength } from './format.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

type Html = ReturnType<typeof html>;

export interface PageOptions {
  readonly status: DaemonStatus;
  /** Newest first. */
  readonly runs: readonly RunRecord[];
  /** Whether runs can be started. */
  readonly hasToken: boolean;
  /** Of this answer: the only script and style that the browser is to run. */
  readonly nonce: string;
  readonly nowMs: number;
}

/** The dashboard: whole without JavaScript; the script only reloads it when something happened. */
export function page(options: PageOptions): Html {
  const { status, runs, nonce } = options;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>shale warmer</title>
<style nonce="${nonce}">${raw(STYLE)}</style>
</head>
<body>
<a class="skip" href="#images">Skip to images</a>
<header><h1>shale warmer</h1><p id="summary" role="status">${summary(status)}</p></header>
<main>
${overview(options)}
${pulling(status)}
<section aria-labelledby="images"><h2 id="images" tabindex="-1">Images</h2>${imageTable(options)}</section>
<section aria-labelledby="schedules"><h2 id="schedules">Schedules</h2>${scheduleTable(options)}</section>
<section aria-labelledby="runs"><h2 id="runs">Runs</h2>${runTable(runs, options.nowMs)}</section>
</main>
<script nonce="${nonce}">${raw(SCRIPT)}</script>
</body>
</html>`;
}

function summary({ images }: DaemonStatus): string {
  const bad = images.filter(({ error }) => error !== undefined).length;
  if (images.length === 0) return 'No image yet.';
  return bad === 0
    ? `All ${images.length} images are up to date.`
    : `${bad} of ${images.length} images need attention.`;
}

function overview({ status: { usedBytes, maxBytes, images } }: PageOptions): Html {
  const limit = maxBytes ?? 0;
  const meter =
    maxBytes === undefined
      ? ''
      : html`<meter aria-label="Disk use" min="0" max="${limit}" high="${limit * 0.9}" value="${usedBytes}"></meter>`;
  return html`<dl class="facts">
<div><dt>Images</dt><dd>${images.length}</dd></div>
<div><dt>On disk</dt><dd>${formatBytes(usedBytes)}${maxBytes === undefined ? '' : ` of ${formatBytes(limit)}`} ${meter}</dd></div>
</dl>`;
}

function pulling({ images }: DaemonStatus): Html | string {
  const items = images.flatMap(({ reference, progress }) => (progress ? [{ image: reference, ...progress }] : []));
  if (items.length === 0) return '';
  const rows = items.map(
    ({ image, bytes, totalBytes }) =>
      html`<li><span>${image}</span><progress aria-label="${image}" max="${totalBytes}" value="${bytes}"></progress>
<span>${formatBytes(bytes)} of ${formatBytes(totalBytes)}</span></li>`,
  );
  return html`<section aria-labelledby="pulling"><h2 id="pulling">On its way</h2><ul class="pulling">${rows}</ul></section>`;
}

function imageTable({ status, nowMs }: PageOptions): Html {
  if (status.images.length === 0) return html`<p>Nothing was warmed yet.</p>`;
  const rows = status.images.map((image) => imageRow(image, nowMs));
  return html`<table><thead><tr><th scope="col">Image</th><th scope="col">State</th><th scope="col">Digest</th>
<th scope="col">Size</th><th scope="col">Confirmed</th></tr></thead><tbody>${rows}</tbody></table>`;
}

const STATES = { warmed: 'new', unchanged: 'up to date', stale: 'kept, not refreshed', failed: 'missing' } as const;

function imageRow(
  { reference, platform, status, digest, sizeBytes, lastSuccessMs, error }: ImageRecord,
  now: number,
): Html {
  const note = error === undefined ? '' : html`<p class="error">${error}</p>`;
  return html`<tr><th scope="row" data-label="Image"><span>${reference}</span> <small>${platform}</small>${note}</th>
<td data-label="State"><span class="state ${status}">${STATES[status]}</span></td>
<td data-label="Digest"><code title="${digest ?? ''}">${digest?.slice(7, 19) ?? 'none'}</code></td>
<td data-label="Size">${sizeBytes === 0 ? 'none' : formatBytes(sizeBytes)}</td>
<td data-label="Confirmed">${lastSuccessMs === undefined ? 'never' : time(lastSuccessMs, now)}</td></tr>`;
}

function scheduleTable({ status, hasToken, nowMs }: PageOptions): Html {
  const rows = status.schedules.map(({ name, cron, timeZone, running, nextRunMs }) => {
    const next = nextRunMs === undefined ? 'never' : time(nextRunMs, nowMs);
    return html`<tr><th scope="row" data-label="Schedule">${name}</th>
<td data-label="When"><code>${cron}</code> ${timeZone}</td><td data-label="Next">${running ? 'runs now' : next}</td>
<td data-label="Now">${hasToken ? warmForm(name) : 'needs a tokenFile'}</td></tr>`;
  });
  return html`<table><thead><tr><th scope="col">Schedule</th><th scope="col">When</th><th scope="col">Next run</th>
<th scope="col">Warm now</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function warmForm(name: string): Html {
  return html`<form method="post" action="/api/warm"><input type="hidden" name="schedule" value="${name}">
<input type="password" name="token" required autocomplete="current-password" placeholder="token" aria-label="Token for ${name}">
<button>Warm <span class="hidden">${name}</span></button></form>`;
}

function runTable(runs: readonly RunRecord[], now: number): Html {
  if (runs.length === 0) return html`<p>No run yet.</p>`;
  const rows = runs.map(
    (run) => html`<tr><th scope="row" data-label="Started">${time(run.startedMs, now)}</th>
<td data-label="Schedule">${run.schedule} <small>by ${run.trigger}</small></td><td data-label="Took">${formatLength(run.durationMs)}</td>
<td data-label="Outcome">${outcome(run)}</td><td data-label="Fetched">${formatBytes(run.fetchedBytes)}</td></tr>`,
  );
  return html`<table><thead><tr><th scope="col">Started</th><th scope="col">Schedule</th><th scope="col">Took</th>
<th scope="col">Outcome</th><th scope="col">Fetched</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function outcome({ error, ...counts }: RunRecord): Html | string {
  if (error !== undefined) return html`<span class="state failed">${error}</span>`;
  const parts = (['warmed', 'unchanged', 'stale', 'failed'] as const).filter((status) => counts[status] > 0);
  return html`${parts.map((status) => html`<span class="state ${status}">${counts[status]} ${STATES[status]}</span> `)}`;
}

function time(atMs: number, now: number): Html {
  const iso = new Date(atMs).toISOString();
  return html`<time datetime="${iso}" title="${iso}">${formatAge(atMs - now)}</time>`;
}
