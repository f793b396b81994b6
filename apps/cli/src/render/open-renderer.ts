import { monotonicMs } from '@shale/core';
import type { Session } from '../session.ts';
import { glyphsFor } from '../terminal/glyphs.ts';
import { palette } from '../terminal/palette.ts';
import type { Renderer } from './renderer.ts';

export type ProgressMode = 'auto' | 'tty' | 'plain' | 'json' | 'quiet';

/** The renderer for this process's stderr. Each is loaded when it is chosen. */
export async function openRenderer(mode: ProgressMode, { stderr, env }: Session): Promise<Renderer> {
  const write = (text: string) => {
    stderr.write(text);
  };
  const now = monotonicMs;
  const colours = palette(stderr, env);
  switch (mode === 'auto' ? automatic(stderr, env) : mode) {
    case 'json':
      return (await import('./json.ts')).jsonRenderer({ write, time: () => new Date() });
    case 'quiet':
      return (await import('./quiet.ts')).quietRenderer({ write, now, palette: colours, glyphs: glyphsFor(env) });
    case 'plain':
      return (await import('./plain.ts')).plainRenderer({ write, now, palette: colours });
    case 'tty':
      return openTtyRenderer({ stderr, env });
  }
}

async function openTtyRenderer({ stderr, env }: Pick<Session, 'stderr' | 'env'>): Promise<Renderer> {
  const [{ ttyRenderer }, { SHOW_CURSOR }] = await Promise.all([
    import('./tty.ts'),
    import('../terminal/live-region.ts'),
  ]);
  process.once('exit', () => stderr.write(SHOW_CURSOR));
  return ttyRenderer({
    write: (text) => stderr.write(text),
    now: monotonicMs,
    size: () => ({ columns: stderr.columns || 80, rows: stderr.rows || 24 }),
    palette: palette(stderr, env),
    glyphs: glyphsFor(env),
  });
}

function automatic({ isTTY }: Session['stderr'], { TERM }: Session['env']): 'tty' | 'plain' {
  return isTTY === true && TERM !== 'dumb' ? 'tty' : 'plain';
}
