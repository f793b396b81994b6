import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withOptionReference } from './options/option-reference.ts';

it('docs/envbuilder.md has the options of today: pnpm --filter shale-envbuilder docs', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/envbuilder.md'), 'utf8');
  expect(withOptionReference(page)).toBe(page);
});

it('docs/envbuilder.md says what becomes of each of the 25 complaints', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/envbuilder.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (\d+) \| \S.* \| \S.* \|$/gm)].map(([, number]) => Number(number));
  expect(rows).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
});
