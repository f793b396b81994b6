import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A TypeScript block of a document. */
export interface CodeBlock {
  /** Its document from the repository's root, and the line of its fence: `packages/core/README.md:18`. */
  readonly place: string;
  readonly code: string;
  /** The fence is `ts run`. */
  readonly runs: boolean;
  /** What the block prints: the content of the fence `text output` that follows it. `…` stands for any text. */
  readonly output: string | undefined;
}

const DOCUMENTS = ['*.md', 'docs/**/*.md', 'examples/**/*.md', '{packages,apps}/*/README.md'];
const TS_BLOCK = /^```ts( run)?\n(.*?)^```\n(?:\s*^```text output\n(.*?)^```$)?/gms;

/** The TypeScript blocks of all documents. */
export function codeBlocks(root: string): CodeBlock[] {
  return DOCUMENTS.flatMap((pattern) => globSync(pattern, { cwd: root, exclude: ['**/node_modules'] }))
    .toSorted()
    .flatMap((document) => blocksOf(document, readFileSync(join(root, document), 'utf8')));
}

export function blocksOf(document: string, text: string): CodeBlock[] {
  return [...text.matchAll(TS_BLOCK)].map(({ index, 1: mark, 2: code = '', 3: output }) => ({
    place: `${document}:${text.slice(0, index).split('\n').length}`,
    code,
    runs: mark !== undefined,
    output,
  }));
}

/** A pattern that the whole output matches. */
export function outputPattern(output: string): RegExp {
  return new RegExp(
    `^${output
      .split('…')
      .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('[^\\n]+')}$`,
  );
}
