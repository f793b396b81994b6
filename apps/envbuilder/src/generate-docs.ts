// Writes the option table of docs/envbuilder.md: `pnpm --filter shale-envbuilder docs`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withOptionReference } from './options/option-reference.ts';

const page = join(import.meta.dirname, '../../../docs/envbuilder.md');
writeFileSync(page, withOptionReference(readFileSync(page, 'utf8')));
