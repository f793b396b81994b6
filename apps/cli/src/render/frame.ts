import { digestHex, type StepInfo } from '@shale/core';
import { escapeControls } from '../terminal/escape.ts';
import { formatBytes, formatDuration } from '../terminal/format.ts';
import type { Glyphs } from '../terminal/glyphs.ts';
import type { TerminalSize } from '../terminal/live-region.ts';
import type { Palette } from '../terminal/palette.ts';
import { alignEnds, columnsOf, fitColumns, padColumns } from '../terminal/width.ts';
import { type BuildView, type RunningStep, type RunningTransfer, stepLabel } from './build-view.ts';

export interface FrameStyle {
  readonly palette: Palette;
  readonly glyphs: Glyphs;
}

export interface FrameOptions extends FrameStyle, TerminalSize {
  readonly now: number;
}

const SPINNER_MS = 100;
const MAX_TRANSFERS = 4;
const MAX_TAIL = 5;
const BAR_COLUMNS = 28;
const MIN_BAR_COLUMNS = 8;
const SHORT_DIGEST_LENGTH = 8;
/** From this width on, a transfer shows its rate, then also the time left. */
const RATE_FROM_COLUMNS = 60;
const TIME_LEFT_FROM_COLUMNS = 72;

/** The live lines: running steps with their last output, transfers, and how far the build is. Never higher than the terminal. */
export function drawFrame(view: BuildView, options: FrameOptions): readonly string[] {
  const room = Math.max(1, options.rows - 1);
  const footer = [drawFooter(view, options)];
  const transfers = drawTransfers([...view.transfers.values()], options);
  const running = [...view.running.values()];
  const free = room - footer.length - transfers.length - running.length;
  const tailLines = running.length === 0 ? 0 : Math.max(0, Math.min(MAX_TAIL, Math.floor(free / running.length)));
  const steps = running.flatMap((step) => drawRunningStep(step, { view, tailLines, options }));
  return [...steps, ...transfers, ...footer].slice(-room);
}

interface StepLine {
  readonly step: StepInfo;
  readonly mark: string;
  readonly end: string;
  readonly labelWidth: number;
}

/** A line for a step: mark, label, instruction, and at the right end its time or `CACHED`. */
export function drawStepLine(
  { step, mark, end, labelWidth }: StepLine,
  { palette, columns }: FrameStyle & { readonly columns: number },
): string {
  const label = padColumns(escapeControls(stepLabel(step)), Math.min(labelWidth, Math.floor(columns / 3)));
  const [keyword = '', ...rest] = escapeControls(step.name).split(' ');
  return alignEnds(`${mark} ${palette.dim(label)}  ${palette.bold(keyword)} ${rest.join(' ')}`, end, columns);
}

/** Lines that a step printed, set off from the rest. */
export function drawTail(
  lines: readonly string[],
  { palette, glyphs }: FrameStyle,
  columns: number,
): readonly string[] {
  return lines.map((line) => palette.dim(fitColumns(`  ${glyphs.output} ${line}`, columns)));
}

interface RunningStepOptions {
  readonly view: BuildView;
  readonly tailLines: number;
  readonly options: FrameOptions;
}

function drawRunningStep(running: RunningStep, { view, tailLines, options }: RunningStepOptions): readonly string[] {
  const { palette, columns, now } = options;
  const line = drawStepLine(
    {
      step: running.step,
      mark: palette.active(spinner(options)),
      end: palette.active(formatDuration(now - running.startedAt)),
      labelWidth: view.labelWidth,
    },
    options,
  );
  return [line, ...drawTail(tailLines === 0 ? [] : running.tail.slice(-tailLines), options, columns)];
}

function drawTransfers(transfers: readonly RunningTransfer[], options: FrameOptions): readonly string[] {
  const shown = transfers.slice(0, MAX_TRANSFERS).map((transfer) => drawTransfer(transfer, options));
  const hidden = transfers.length - shown.length;
  return hidden > 0 ? [...shown, options.palette.dim(fitColumns(`  … and ${hidden} more`, options.columns))] : shown;
}

const VERBS = { pull: 'pulling', push: 'pushing', unpack: 'unpacking', export: 'writing' } as const;

function drawTransfer({ last, rate }: RunningTransfer, options: FrameOptions): string {
  const { palette, glyphs, columns } = options;
  const { direction, digest, bytes, totalBytes } = last;
  const arrow = direction === 'push' || direction === 'export' ? glyphs.up : glyphs.down;
  const name = `${VERBS[direction].padEnd(9)} ${digestHex(digest).slice(0, SHORT_DIGEST_LENGTH)}`;
  const facts = transferFacts(last, rate.bytesPerSecond, columns);
  const room = columns - columnsOf(`  ${arrow} ${name}    ${facts}`);
  const barColumns = totalBytes === undefined || room < MIN_BAR_COLUMNS ? 0 : Math.min(BAR_COLUMNS, room);
  const bar = drawBar(bytes / (totalBytes ?? 1), barColumns, options);
  return fitColumns(
    `  ${palette.active(arrow)} ${name}  ${bar}${barColumns === 0 ? '' : '  '}${palette.dim(facts)}`,
    columns,
  );
}

function transferFacts(transfer: RunningTransfer['last'], speed: number | undefined, columns: number): string {
  const facts = [amountOf(transfer)];
  if (speed !== undefined && columns >= RATE_FROM_COLUMNS) facts.push(`${formatBytes(speed)}/s`.padStart(10));
  if (speed !== undefined && columns >= TIME_LEFT_FROM_COLUMNS) facts.push(timeLeft(transfer, speed).padStart(7));
  return facts.join(' ');
}

function drawFooter(view: BuildView, options: FrameOptions): string {
  const { palette, columns, now } = options;
  const { finished, total, cached } = view.tally;
  const time = formatDuration(now - view.startedAt);
  if (total === 0) return fitColumns(`${palette.active(spinner(options))} ${palette.dim(`reading  ${time}`)}`, columns);
  const bar = drawBar(finished / total, Math.max(MIN_BAR_COLUMNS, Math.min(BAR_COLUMNS, columns - 40)), options);
  const facts = [`${finished}/${total} steps`, cached === 0 ? '' : `${cached} cached`, time].filter(
    (fact) => fact !== '',
  );
  return fitColumns(`${bar} ${palette.dim(facts.join(' · '))}`, columns);
}

function drawBar(fraction: number, columns: number, { palette, glyphs }: FrameStyle): string {
  const full = Math.min(columns, Math.max(0, Math.round(fraction * columns)));
  if (full === columns) return columns === 0 ? '' : palette.active(glyphs.barFull.repeat(columns));
  const done = full === 0 ? '' : `${glyphs.barFull.repeat(full - 1)}${glyphs.barTip}`;
  return `${palette.active(done)}${palette.dim(glyphs.barEmpty.repeat(columns - full))}`;
}

function spinner({ glyphs, now }: FrameOptions): string {
  return glyphs.spinner[Math.floor(now / SPINNER_MS) % glyphs.spinner.length] ?? '';
}

/** On a fixed width, so that a bar beside it stays where it is. */
function amountOf({ bytes, totalBytes }: RunningTransfer['last']): string {
  const done = formatBytes(bytes).padStart(8);
  return totalBytes === undefined ? done : `${done} of ${formatBytes(totalBytes).padEnd(8)}`;
}

function timeLeft({ bytes, totalBytes }: RunningTransfer['last'], speed: number): string {
  if (totalBytes === undefined || speed <= 0) return '';
  return formatDuration(((totalBytes - bytes) * 1000) / speed);
}
