import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { workspaceRoot } from '../src/workspace.ts';
import { stripComments } from './imports.ts';

/**
 * How many names the root index of a package may export, types included: a newcomer reads that list whole. Names that
 * belong to one theme go to a sub-path, as `@shale/cache/care`.
 */
const MAX_NAMES: Readonly<Record<string, number>> = {
  'packages/core': 100,
  'packages/builder': 50,
  'packages/cache': 60,
};

const EXPORT = /\bexport\s+(?:type\s+)?\{([^}]*)\}/g;

function exportedNames(folder: string): readonly string[] {
  const text = stripComments(readFileSync(join(workspaceRoot, folder, 'src/index.ts'), 'utf8'));
  return [...text.matchAll(EXPORT)].flatMap(([, list = '']) =>
    list
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
  );
}

it.each(Object.entries(MAX_NAMES))('the root index of %s exports at most %i names', (folder, max) => {
  expect(exportedNames(folder).length).toBeLessThanOrEqual(max);
});

it.each(Object.keys(MAX_NAMES))('the root index of %s lists each name: no "export *", no declarations', (folder) => {
  const text = stripComments(readFileSync(join(workspaceRoot, folder, 'src/index.ts'), 'utf8'));
  expect(text.replaceAll(EXPORT, '').match(/\bexport\b.*/g) ?? []).toEqual([]);
});
