import { optionTable } from './option-table.ts';
import { flagOf, type Option, type OptionTable, variableOf } from './option.ts';

const BEGIN = '<!-- begin generated: pnpm --filter shale-envbuilder docs -->';
const END = '<!-- end generated -->';

/** Writes the table of options between the two marks of a page. */
export function withOptionReference(page: string): string {
  const [before = '', rest = ''] = page.split(BEGIN);
  const after = rest.split(END).at(1) ?? '';
  const rows = Object.values(optionTable as OptionTable).map(row);
  const table = `| variable | flag | type | default | meaning |\n|---|---|---|---|---|\n${rows.join('')}`;
  return `${before}${BEGIN}\n\n${table}\n${END}${after}`;
}

function row(option: Option<unknown>): string {
  const shown = option.shownDefault === undefined ? '' : `\`${option.shownDefault}\``;
  const cells = [`\`${variableOf(option)}\``, `\`--${flagOf(option)}\``, option.type, shown, option.description];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}
