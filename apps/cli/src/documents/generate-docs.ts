// Writes docs/errors.md and the options in README.md: `pnpm --filter shale run docs`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorsPage } from '../errors/error-reference.ts';
import { withReference } from './option-reference.ts';

const root = join(import.meta.dirname, '../../../..');
const readme = join(root, 'apps/cli/README.md');
writeFileSync(join(root, 'docs/errors.md'), errorsPage());
writeFileSync(readme, withReference(readFileSync(readme, 'utf8')));
