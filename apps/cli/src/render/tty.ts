import type { ProgressEvent } from '@shale/core';
import { formatDuration } from '../terminal/format.ts';
import { liveRegion, type TerminalSize } from '../terminal/live-region.ts';
import { BuildView, type RunningStep } from './build-view.ts';
import { noticeOf } from './notices.ts';
import { describeFindings, type FindingEvent } from './findings.ts';
import { drawFrame, drawStepLine, drawTail, type FrameStyle } from './frame.ts';
import type { Renderer, RendererOutput } from './renderer.ts';
import { summarise } from './summary.ts';

export interface TtyOptions extends RendererOutput, FrameStyle {
  readonly size: () => TerminalSize;
}

const FRAME_MS = 100;

/** A live view: finished steps scroll by, running ones are redrawn below them ten times a second. */
export function ttyRenderer(options: TtyOptions): Renderer {
  const { write, now, size, palette } = options;
  const view = new BuildView(now);
  const region = liveRegion(write, size);
  let above: string[] = [];
  const findings: FindingEvent[] = [];
  let closed = false;

  const draw = (live: readonly string[]) => {
    region.draw(above, live);
    above = [];
  };
  const timer = setInterval(() => draw(drawFrame(view, { ...options, ...size(), now: now() })), FRAME_MS);
  timer.unref();
  const close = () => {
    if (closed) return;
    closed = true;
    clearInterval(timer);
    above.push(...describeFindings(findings, palette));
    if (above.length > 0) draw([]);
    region.close();
  };

  return {
    onProgress(event) {
      if (event.type === 'lint.finding') findings.push(event);
      const finished = view.add(event);
      above.push(...linesFor(event, { finished, view, options }));
    },
    finish(outcome) {
      const summary = summarise(outcome, { tally: view.tally, durationMs: now() - view.startedAt, palette });
      above.push('', ...summary);
      close();
    },
    [Symbol.dispose]: close,
  };
}

interface LineContext {
  readonly finished: RunningStep | undefined;
  readonly view: BuildView;
  readonly options: TtyOptions;
}

/** What an event leaves in the scrollback. */
function linesFor(event: ProgressEvent, { finished, view, options }: LineContext): readonly string[] {
  const { palette, glyphs, size } = options;
  const { columns } = size();
  const notice = noticeOf(event);
  if (notice !== undefined) return [`${palette.warning(glyphs.warning)} ${notice}`];
  if (event.type !== 'step.finished') return [];
  const line = drawStepLine(
    { step: event.step, ...marksOf(event, options), labelWidth: view.labelWidth },
    { palette, glyphs, columns },
  );
  return event.outcome === 'failed' ? [line, ...drawTail(finished?.tail ?? [], options, columns)] : [line];
}

function marksOf(
  { outcome, durationMs, origin }: Extract<ProgressEvent, { type: 'step.finished' }>,
  { palette, glyphs }: FrameStyle,
): { readonly mark: string; readonly end: string } {
  if (outcome === 'failed') return { mark: palette.bad(glyphs.failed), end: palette.bad(formatDuration(durationMs)) };
  if (outcome === 'ran') return { mark: palette.good(glyphs.done), end: formatDuration(durationMs) };
  // A hit on this machine is the usual case; one from elsewhere is worth a word.
  const from = origin === undefined || origin === 'dir' ? '' : palette.dim(`${origin}  `);
  return { mark: palette.cached(glyphs.cached), end: `${from}${palette.cached('CACHED')}` };
}
