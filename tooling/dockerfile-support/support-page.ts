import type { SupportRow, SupportSection } from './support-row.ts';

const CASES = '../tooling/conformance/cases';

/** docs/dockerfile-support.md. */
export function supportPage(table: readonly SupportSection[]): string {
  const rows = table.flatMap((section) => section.rows);
  const count = rows.filter(({ done }) => done).length;
  return `<!-- Generated from tooling/dockerfile-support/support-table.ts by \`pnpm support\`. -->

# Support of the Dockerfile language

shale behaves as BuildKit does. Each row names its proof: tests, and cases of
[the conformance suite](../tooling/conformance/cases), which shale and BuildKit build (\`npm run conformance\`). shale
supports ${count} of ${rows.length} features.

${table.map(sectionText).join('\n')}`;
}

function sectionText({ title, rows }: SupportSection): string {
  return `## ${title}\n\n| | supported | how | proof |\n|---|---|---|---|\n${rows.map(rowText).join('')}`;
}

function rowText({ feature, done, note, proof }: SupportRow): string {
  const cells = [featureText(feature), done ? 'yes' : 'no', note, proof.map(proofText).join(', ')];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

/** Formats an instruction, a flag or an option as code. */
function featureText(feature: string): string {
  return /^(?:[A-Z]{2,}(?: --[\w-]+)?|type=\S+)$/.test(feature) ? `\`${feature}\`` : feature;
}

function proofText(proof: string): string {
  if (!proof.includes('/')) return `[${proof}](${CASES}/${proof})`;
  return `[${proof.split('/').at(-1)}](../${proof})`;
}
