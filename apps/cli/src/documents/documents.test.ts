import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { errorsPage } from '../errors/error-reference.ts';
import { withReference } from './option-reference.ts';

const root = join(import.meta.dirname, '../../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

it('docs/errors.md is what errorsPage() makes', () => {
  expect(read('docs/errors.md')).toBe(errorsPage());
});

it('the options in README.md are what withReference() makes', () => {
  const page = read('apps/cli/README.md');
  expect(withReference(page)).toBe(page);
});
