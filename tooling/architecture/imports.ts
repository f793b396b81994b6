import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** One import statement, dynamic ones and re-exports included. */
export interface ImportEdge {
  /** The importing file, from the repository's root. */
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
  /** Erased: `import type`, `export type`. */
  readonly isType: boolean;
}

const IMPORT =
  /(?:\b(?:import|export)\s+(type\s+)?[^'";]*?\bfrom\s*|\bfrom\s*|\bimport\s*\(?\s*|\bimport\.meta\.resolve\(\s*)(['"])([^'"\n]+)\2/g;

/** The TypeScript files of a folder, with tests and without built files. */
export function sourceFiles(root: string, folder: string): string[] {
  return globSync(`${folder}/**/*.ts`, {
    cwd: root,
    exclude: (path) => /(?:^|\/)(?:node_modules|dist|fixtures|cases)$/.test(path),
  })
    .filter((path) => !/(?:^|\/)(?:node_modules|dist|fixtures|cases)\//.test(path))
    .toSorted();
}

/** Tests and what only they import. */
export function isTest(file: string): boolean {
  return /(?:\.(?:test|contract|e2e|bench)|-fixture)\.ts$/.test(file) || file.startsWith('packages/testing/');
}

export function importsOf(root: string, file: string): ImportEdge[] {
  const text = stripComments(readFileSync(join(root, file), 'utf8'));
  return [...text.matchAll(IMPORT)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length,
    specifier: match[3] ?? '',
    isType: match[1] !== undefined,
  }));
}

/** The folder of a workspace (`packages/core`) that a path below it belongs to. */
export function workspaceOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  return first === 'tooling' ? first : `${first}/${second}`;
}

/** Where a relative import points to, from the repository's root. */
export function resolveRelative({ file, specifier }: ImportEdge): string {
  return relative('.', join(dirname(file), specifier));
}

/** Replaces comments by blanks, so that imports in examples do not count. Line numbers stay. */
export function stripComments(text: string): string {
  const blank = (match: string) => match.replaceAll(/[^\n]/g, ' ');
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, blank).replaceAll(/^\s*\/\/.*$/gm, blank);
}
