import type { Palette } from '../terminal/palette.ts';
import { describeDegraded, describeWarning } from './degraded.ts';
import { progressListener, type Renderer } from './renderer.ts';

/** Warnings only. */
export function quietRenderer({
  write,
  palette,
}: {
  readonly write: (text: string) => void;
  readonly palette: Palette;
}): Renderer {
  const warn = (text: string) => write(`${palette.warning('warning:')} ${text}\n`);
  return {
    onProgress: progressListener({
      'cache.degraded': (event) => warn(describeDegraded(event)),
      warning: (event) => warn(describeWarning(event)),
    }),
    finish: () => {},
    [Symbol.dispose]: () => {},
  };
}
