import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { workspaceRoot } from '../src/workspace.ts';

it('every proof that the guarantees of caching name exists, and every statement has one', () => {
  const page = readFileSync(join(workspaceRoot, 'docs/caching-guarantees.md'), 'utf8');
  const proofs = [...page.matchAll(/`((?:packages|apps|tooling)\/[^`]+\.ts)`/g)].map(([, path = '']) => path);
  expect(proofs.filter((path) => !existsSync(join(workspaceRoot, path)))).toEqual([]);
  const rows = page.split('\n').flatMap((line) => [...line.matchAll(/^\| (C\d+) \|.*\|(.*)\|$/g)]);
  expect(rows.map(([, name]) => name)).toEqual(Array.from({ length: 28 }, (_, index) => `C${index + 1}`));
  expect(rows.filter(([, , proof]) => !proof?.includes('`')).map(([, name]) => name)).toEqual([]);
});
