import { commandCatalog } from '../commands/catalog.ts';
import { type CommandPath, commandPaths, spellings } from '../spec/command-path.ts';
import type { Option } from '../options/option.ts';

const BEGIN = '<!-- begin generated: pnpm --filter shale run docs -->';
const END = '<!-- end generated -->';

/** The page with everything between its two marks replaced by the commands and options of today. */
export function withReference(page: string): string {
  const [before = '', rest = ''] = page.split(BEGIN);
  const after = rest.split(END).at(1) ?? '';
  return `${before}${BEGIN}\n\n${commandPaths(commandCatalog).map(commandSection).join('\n')}\n${END}${after}`;
}

function commandSection({ words, spec }: CommandPath): string {
  const args = spec.arguments.map(({ name, required, many = false }) => {
    const shown = many ? `${name}...` : name;
    return required ? shown : `[${shown}]`;
  });
  const title = `### \`shale ${[...words, ...args].join(' ')}\`\n\n${spec.summary}.\n`;
  const options = Object.values(spec.options);
  if (options.length === 0) return title;
  return `${title}\n| flag | variable | meaning |\n|---|---|---|\n${options.map(optionRow).join('')}`;
}

function optionRow(option: Option<unknown>): string {
  const value = option.placeholder === undefined ? '' : ` ${option.placeholder}`;
  const flags = `\`${spellings(option).join('`, `')}${value}\``;
  const variables = option.variables.map(({ name }) => `\`${name}\``).join(' ');
  const meaning = `${option.help}${option.shownDefault === undefined ? '' : ` (default: ${option.shownDefault})`}`;
  return `| ${[flags, variables, meaning].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}
