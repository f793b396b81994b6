import type { SupportRow, SupportSection } from './support-row.ts';

const CASES = '../tooling/conformance/cases';

/** docs/dockerfile-support.md. */
export function supportPage(table: readonly SupportSection[]): string {
  const rows = table.flatMap((section) => section.rows);
  const count = rows.filter(({ done }) => done).length;
  return `<!-- Generated from tooling/dockerfile-support/support-table.ts by \`pnpm support\`. -->

# What shale knows of the Dockerfile language

BuildKit's behaviour is the measure. Each line names what proves it: cases of
[the conformance suite](../tooling/conformance/cases), which are built by shale and by BuildKit
(\`npm run conformance\`), and tests. ${count} of ${rows.length} are done.

${table.map(sectionText).join('\n')}`;
}

function sectionText({ title, rows }: SupportSection): string {
  return `## ${title}\n\n| | done | how | proof |\n|---|---|---|---|\n${rows.map(rowText).join('')}`;
}

function rowText({ feature, done, note, proof }: SupportRow): string {
  const cells = [featureText(feature), done ? 'yes' : 'no', note, proof.map(proofText).join(', ')];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

/** An instruction, a flag or an option is code; words are words. */
function featureText(feature: string): string {
  return /^(?:[A-Z]{2,}(?: --[\w-]+)?|type=\S+)$/.test(feature) ? `\`${feature}\`` : feature;
}

function proofText(proof: string): string {
  if (!proof.includes('/')) return `[${proof}](${CASES}/${proof})`;
  return `[${proof.split('/').at(-1)}](../${proof})`;
}
