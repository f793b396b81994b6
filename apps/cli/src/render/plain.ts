import { digestHex, type ProgressEvent, type StepInfo } from '@shale/core';
import { cleanOutputLine, escapeControls } from '../terminal/escape.ts';
import { formatBytes, formatDuration } from '../terminal/format.ts';
import type { Palette } from '../terminal/palette.ts';
import { noticeListener } from './notices.ts';
import { describeFindings, type FindingEvent } from './findings.ts';
import { type OutputLines, outputLines } from './output-lines.ts';
import { progressListener, type Renderer, type RendererOutput } from './renderer.ts';
import { summarise } from './summary.ts';
import { Tally } from './tally.ts';

export interface PlainOptions extends RendererOutput {
  readonly palette: Palette;
}

const TRANSFER_INTERVAL_MS = 5000;
/** A transfer shorter than this is told only when it was large and went over a network. */
const QUICK_TRANSFER_MS = 1000;
const LARGE_TRANSFER_BYTES = 1_000_000;
const SHORT_DIGEST_LENGTH = 12;

interface Vertex {
  readonly number: number;
  readonly startedAt: number;
  shownAt: number;
  readonly streams: Map<'stdout' | 'stderr', OutputLines>;
}

/** Lines for logs, each complete when it is written: `#5 [build 2/6] RUN make`, `#5 0.41 cc -c a.c`, `#5 DONE 1.2s`. */
export function plainRenderer({ write, now, palette }: PlainOptions): Renderer {
  const startedAt = now();
  const tally = new Tally();
  const vertices = new Map<string, Vertex>();
  const transfers = new Map<string, number>();
  const findings: FindingEvent[] = [];
  let count = 0;

  const line = (text: string) => write(`${text}\n`);
  const open = (id: string, title: string): Vertex => {
    const vertex = vertices.get(id) ?? { number: ++count, startedAt: now(), shownAt: now(), streams: new Map() };
    if (!vertices.has(id)) line(palette.bold(`#${vertex.number} ${title}`));
    vertices.set(id, vertex);
    return vertex;
  };
  const note = (title: string, text: string) => line(`${palette.bold(`#${++count} ${title}`)} ${text}\n`);
  const openStep = (step: StepInfo) => open(`step ${step.id}`, stepTitle(step));
  const printLines = (vertex: Vertex, lines: readonly string[]) => {
    const seconds = ((now() - vertex.startedAt) / 1000).toFixed(2);
    for (const text of lines) {
      line(`#${vertex.number} ${palette.dim(seconds)} ${cleanOutputLine(text, { colours: palette.enabled })}`);
    }
  };

  const listen = progressListener({
    'isolation.chosen': ({ executor, snapshotter, reason }) =>
      note('[isolation]', escapeControls(`${executor} + ${snapshotter}${reason === '' ? '' : `: ${reason}`}`)),
    'image.resolved': ({ reference, digest, source }) =>
      note('[base]', escapeControls(`${reference}${reference.includes('@') ? '' : `@${digest}`} from ${source}`)),
    'step.started': ({ step }) => {
      openStep(step);
    },
    'step.output': ({ step, stream, data }) => {
      const vertex = openStep(step);
      const lines = vertex.streams.get(stream) ?? outputLines();
      vertex.streams.set(stream, lines);
      printLines(vertex, lines.push(data));
    },
    'step.finished': ({ step, outcome, durationMs, origin }) => {
      const vertex = openStep(step);
      for (const lines of vertex.streams.values()) printLines(vertex, lines.flush());
      line(`#${vertex.number} ${outcomeOf(outcome, durationMs, origin, palette)}\n`);
    },
    transfer: (event) => {
      const id = `${event.direction} ${event.digest}`;
      const seenAt = transfers.get(id) ?? now();
      transfers.set(id, seenAt);
      if (!vertices.has(id) && !isWorthALine(event, now() - seenAt)) return;
      const vertex = open(id, transferTitle(event));
      const time = formatDuration(now() - seenAt);
      if (event.done) {
        vertices.delete(id);
        transfers.delete(id);
        return line(`#${vertex.number} ${palette.good('DONE')} ${time}\n`);
      }
      if (now() - vertex.shownAt < TRANSFER_INTERVAL_MS) return;
      vertex.shownAt = now();
      line(`#${vertex.number} ${amountOf(event)} ${time}`);
    },
    'export.finished': ({ target, digest, durationMs }) =>
      note('[export]', escapeControls(`${target} ${digest} ${formatDuration(durationMs)}`)),
    'lint.finding': (event) => findings.push(event),
  });
  const tellNotices = noticeListener((text) => line(`${palette.warning('WARNING:')} ${text}`));
  const tellFindings = () => describeFindings(findings.splice(0), palette).forEach(line);

  return {
    onProgress: (event) => {
      tally.add(event);
      listen(event);
      tellNotices(event);
    },
    finish(outcome) {
      summarise(outcome, { tally, palette, durationMs: now() - startedAt }).forEach(line);
      tellFindings();
    },
    [Symbol.dispose]: tellFindings,
  };
}

function stepTitle({ stage, index, total, name }: StepInfo): string {
  return escapeControls(`[${stage} ${index}/${total}] ${name}`);
}

function outcomeOf(outcome: string, durationMs: number, origin: string | undefined, palette: Palette): string {
  if (outcome === 'failed') return palette.bad(`ERROR ${formatDuration(durationMs)}`);
  if (outcome !== 'cached') return `${palette.good('DONE')} ${formatDuration(durationMs)}`;
  return `${palette.cached('CACHED')}${origin === undefined ? '' : palette.dim(` ${escapeControls(origin)}`)}`;
}

type Transfer = Extract<ProgressEvent, { type: 'transfer' }>;

function isWorthALine({ direction, bytes, done }: Transfer, durationMs: number): boolean {
  if (durationMs >= QUICK_TRANSFER_MS) return true;
  return done && bytes >= LARGE_TRANSFER_BYTES && (direction === 'pull' || direction === 'push');
}

function transferTitle({ direction, digest, totalBytes }: Transfer): string {
  const size = totalBytes === undefined ? '' : ` ${formatBytes(totalBytes)}`;
  return `[${direction}] ${digestHex(digest).slice(0, SHORT_DIGEST_LENGTH)}${size}`;
}

function amountOf({ bytes, totalBytes }: Transfer): string {
  return totalBytes === undefined ? formatBytes(bytes) : `${formatBytes(bytes)} / ${formatBytes(totalBytes)}`;
}
