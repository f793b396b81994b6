import { columnsOf } from './width.ts';

const HIDE_CURSOR = '\u001b[?25l';
export const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_TO_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
// Terminals that know synchronized updates show a frame at once; the others ignore the marks.
const BEGIN_UPDATE = '\u001b[?2026h';
const END_UPDATE = '\u001b[?2026l';

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The last lines of a terminal, redrawn in place; what is written above them scrolls away as usual. */
export interface LiveRegion {
  /** Writes `above` for good, then `live` in place of the former live lines. Each live line fits the terminal's width. */
  draw(above: readonly string[], live: readonly string[]): void;
  /** Removes the live lines and gives the cursor back. */
  close(): void;
}

export function liveRegion(write: (text: string) => void, size: () => TerminalSize): LiveRegion {
  let widths: readonly number[] = [];
  let open = false;
  const draw = (above: readonly string[], live: readonly string[]) => {
    const lines = [...above, ...live].map((line) => `${line}${CLEAR_TO_LINE_END}\n`).join('');
    write(
      `${BEGIN_UPDATE}${open ? '' : HIDE_CURSOR}${moveUp(rowsOf(widths, size().columns))}${lines}${CLEAR_BELOW}${END_UPDATE}`,
    );
    widths = live.map(columnsOf);
    open = true;
  };
  return {
    draw,
    close() {
      if (!open) return;
      draw([], []);
      write(SHOW_CURSOR);
      open = false;
    },
  };
}

/** A terminal made narrower since the last frame has wrapped the lines of that frame. */
function rowsOf(widths: readonly number[], columns: number): number {
  return widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / Math.max(1, columns))), 0);
}

function moveUp(rows: number): string {
  return rows === 0 ? '\r' : `\r\u001b[${rows}A`;
}
