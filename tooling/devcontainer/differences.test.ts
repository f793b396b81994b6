import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { workspaceRoot } from '../src/workspace.ts';
import { differences, differencesPage } from './differences.ts';

it('docs/devcontainer-differences.md has every difference (`-u` writes it)', async () => {
  await expect(differencesPage(differences)).toMatchFileSnapshot(
    join(workspaceRoot, 'docs', 'devcontainer-differences.md'),
  );
});

it.each(differences)('$topic: the test is there', ({ proof }) => {
  expect(existsSync(join(workspaceRoot, proof))).toBe(true);
});
