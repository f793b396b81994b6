import truncatedWidth from 'fast-string-truncated-width';

const RESET = '\u001b[0m';
const ELLIPSIS = '…';

/** Columns that the text takes in a terminal; colours take none, wide characters two. */
export function columnsOf(text: string): number {
  return truncatedWidth(text).width;
}

/** The text cut to `columns`, with an ellipsis where something is missing. */
export function fitColumns(text: string, columns: number): string {
  if (columns <= 0) return '';
  const { index, ellipsed, truncated } = truncatedWidth(text, { limit: columns, ellipsis: ELLIPSIS });
  if (!truncated) return text;
  const cut = `${text.slice(0, index)}${ellipsed ? ELLIPSIS : ''}`;
  return cut.includes('\u001b') ? `${cut}${RESET}` : cut;
}

/** `left` and `right` at the two ends of a line of `columns`; `left` gives way. */
export function alignEnds(left: string, right: string, columns: number): string {
  const room = columns - columnsOf(right) - 1;
  const fitted = fitColumns(left, room);
  return `${fitted}${' '.repeat(Math.max(1, room - columnsOf(fitted) + 1))}${right}`;
}

/** The text on exactly `columns`. */
export function padColumns(text: string, columns: number): string {
  const fitted = fitColumns(text, columns);
  return `${fitted}${' '.repeat(Math.max(0, columns - columnsOf(fitted)))}`;
}
