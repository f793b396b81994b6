import { formatPlatform, formatReference, type ProgressListener } from '@shale/core';
import type { WarmedImage, WarmListener, WarmResult } from '@shale/warmer';
import type { Session } from '../session.ts';
import { escapeControls } from '../terminal/escape.ts';
import { formatBytes, formatDuration } from '../terminal/format.ts';
import { liveRegion } from '../terminal/live-region.ts';
import { type Palette, palette } from '../terminal/palette.ts';
import { noticeListener } from './notices.ts';
import type { ProgressMode } from './open-renderer.ts';
import { TransferRate } from './transfer-rate.ts';

/** Shows images as they arrive. Disposing it leaves the terminal fit for what follows. */
export interface WarmView extends Disposable {
  readonly onEvent: WarmListener;
  readonly onProgress: ProgressListener;
}

const FRAME_MS = 100;
const BAR_COLUMNS = 24;

/** A line on stderr for each finished image; on a terminal, a bar below for each that is on its way. */
export async function openWarmView(
  mode: ProgressMode,
  { stderr, env }: Session,
  { withTimes = false }: { readonly withTimes?: boolean | undefined } = {},
): Promise<WarmView> {
  const colours = palette(stderr, env);
  const stamp = () => (withTimes && mode !== 'json' ? `${new Date().toISOString()} ` : '');
  const print = (line: string) => void stderr.write(`${stamp()}${line}\n`);
  const warn = (print: (line: string) => void) =>
    noticeListener((text) => print(`${colours.warning('warning:')} ${text}`));
  if (mode === 'quiet') return { onEvent: () => {}, onProgress: () => {}, [Symbol.dispose]: () => {} };
  if (mode === 'json') {
    const onEvent: WarmListener = (event) => print(JSON.stringify(event, replaceError));
    return { onEvent, onProgress: warn(print), [Symbol.dispose]: () => {} };
  }
  const isLive = mode === 'tty' || (mode === 'auto' && stderr.isTTY === true && env['TERM'] !== 'dumb');
  if (!isLive) return { onEvent: lineEvents(print, colours), onProgress: warn(print), [Symbol.dispose]: () => {} };
  return liveView(stderr, colours, warn);
}

function liveView(
  stderr: Session['stderr'],
  colours: Palette,
  warn: (print: (line: string) => void) => ProgressListener,
): WarmView {
  const size = () => ({ columns: stderr.columns || 80, rows: stderr.rows || 24 });
  const region = liveRegion((text) => void stderr.write(text), size);
  const running = new Map<string, { readonly rate: TransferRate; bytes: number; readonly totalBytes: number }>();
  let above: string[] = [];
  const print = (line: string) => void above.push(line);
  const bars = () => {
    const shown = [...running].slice(0, Math.max(1, size().rows - 2));
    return shown.map(([name, state]) => barLine(name, state, colours).slice(0, size().columns * 2));
  };
  const draw = () => {
    region.draw(above, bars());
    above = [];
  };
  const timer = setInterval(draw, FRAME_MS).unref();
  const lines = lineEvents(print, colours);
  const close = () => {
    clearInterval(timer);
    if (above.length > 0) draw();
    region.close();
  };
  return {
    onProgress: warn(print),
    onEvent(event) {
      lines(event);
      if (event.type === 'image.pulling') {
        running.set(nameOf(event.image), { rate: new TransferRate(), bytes: 0, totalBytes: event.totalBytes });
      } else if (event.type === 'image.progress') {
        const state = running.get(nameOf(event.image));
        if (state === undefined) return;
        state.bytes = event.bytes;
        state.rate.add(performance.now(), event.bytes);
      } else if (event.type === 'image.finished' && event.result.platform !== undefined) {
        running.delete(nameOf({ ...event.result, platform: event.result.platform }));
      }
    },
    [Symbol.dispose]: close,
  };
}

interface Running {
  readonly rate: TransferRate;
  readonly bytes: number;
  readonly totalBytes: number;
}

function barLine(name: string, { rate, bytes, totalBytes }: Running, { active, dim }: Palette): string {
  const done = Math.round((BAR_COLUMNS * Math.min(bytes, totalBytes)) / Math.max(totalBytes, 1));
  const bar = `${active('━'.repeat(done))}${dim('━'.repeat(BAR_COLUMNS - done))}`;
  const speed = rate.bytesPerSecond === undefined ? '' : dim(` ${formatBytes(rate.bytesPerSecond)}/s`);
  return `${bar} ${formatBytes(bytes)} / ${formatBytes(totalBytes)}${speed}  ${escapeControls(name)}`;
}

function lineEvents(print: (line: string) => void, colours: Palette): WarmListener {
  return (event) => {
    if (event.type === 'image.finished') print(resultLine(event.result, colours));
    if (event.type === 'image.removed') print(`${colours.dim('removed')}    ${event.digest}`);
  };
}

function resultLine(result: WarmResult, { good, cached, warning, bad, dim }: Palette): string {
  const { reference, platform, status, digest, sizeBytes, fetchedBytes, durationMs, error } = result;
  const name = platform === undefined ? formatReference(reference) : nameOf({ reference, platform });
  const why = error instanceof Error ? `  ${escapeControls(error.message)}` : '';
  const short = dim(digest?.slice(0, 19) ?? '');
  switch (status) {
    case 'warmed': {
      const size = `${formatBytes(sizeBytes)}, ${formatBytes(fetchedBytes)} fetched, ${formatDuration(durationMs)}`;
      return `${good('warmed')}     ${escapeControls(name)}  ${short}  ${size}`;
    }
    case 'unchanged':
      return `${cached('unchanged')}  ${escapeControls(name)}  ${short}  ${formatBytes(sizeBytes)}`;
    case 'stale':
      return `${warning('kept')}       ${escapeControls(name)}  ${short}${why}`;
    case 'failed':
      return `${bad('failed')}     ${escapeControls(name)}${why}`;
  }
}

function nameOf({ reference, platform }: WarmedImage): string {
  return `${formatReference(reference)} ${formatPlatform(platform)}`;
}

function replaceError(_: string, value: unknown): unknown {
  return value instanceof Error ? { name: value.name, message: value.message } : value;
}
