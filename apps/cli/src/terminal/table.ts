import { escapeControls } from './escape.ts';
import type { Palette } from './palette.ts';
import { columnsOf } from './width.ts';

/** Columns under headings, two blanks apart; nothing at all without rows. */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { bold }: Pick<Palette, 'bold'>,
): string {
  if (rows.length === 0) return '';
  const cells = rows.map((row) => row.map(escapeControls));
  const widths = headings.map((heading, column) =>
    Math.max(columnsOf(heading), ...cells.map((row) => columnsOf(row[column] ?? ''))),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - columnsOf(cell)))
      .join('  ')
      .trimEnd();
  return [bold(line(headings)), ...cells.map(line), ''].join('\n');
}
