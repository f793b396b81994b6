import { escapeControls } from '../terminal/escape.ts';
import { BuildView, stepLabel } from './build-view.ts';
import { noticeListener } from './notices.ts';
import type { FrameStyle } from './frame.ts';
import type { Renderer, RendererOutput } from './renderer.ts';

/** Warnings, and the output of a step that fails. */
export function quietRenderer({ write, now, palette, glyphs }: RendererOutput & FrameStyle): Renderer {
  const view = new BuildView(now);
  const warn = (text: string) => write(`${palette.warning('warning:')} ${text}\n`);
  const listen = noticeListener(warn);
  return {
    onProgress(event) {
      const finished = view.add(event);
      if (event.type !== 'step.finished') return listen(event);
      if (event.outcome !== 'failed' || finished === undefined) return;
      write(`${palette.bad(glyphs.failed)} ${escapeControls(`${stepLabel(event.step)}  ${event.step.name}`)}\n`);
      for (const line of finished.tail) write(`  ${glyphs.output} ${line}\n`);
    },
    finish: () => {},
    [Symbol.dispose]: () => {},
  };
}
