import { optionTable } from './option-table.ts';
import { flagOf, type Option, type OptionTable, variableOf } from './option.ts';

const WIDTH = 80;
const INDENT = ' '.repeat(10);

/** The text of `envbuilder --help`. */
export function helpText(): string {
  const options = Object.values(optionTable as OptionTable).filter(({ hidden }) => hidden !== true);
  return `USAGE:
  envbuilder [flags]

  Clones a repository, builds its image without a daemon, replaces the root file system by it, and runs init.

OPTIONS:
${options
  .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  .map(section)
  .join('\n')}
———
Each variable also works without the prefix ENVBUILDER_.
`;
}

function section(option: Option<unknown>): string {
  const shown = option.shownDefault === undefined ? '' : ` (default: ${option.shownDefault})`;
  const head = `      --${flagOf(option)} ${option.type}, $${variableOf(option)}${shown}`;
  return `${head}\n${wrap(option.description)}\n`;
}

function wrap(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && INDENT.length + line.length + 1 + word.length > WIDTH) {
      lines.push(INDENT + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, INDENT + line].join('\n');
}
