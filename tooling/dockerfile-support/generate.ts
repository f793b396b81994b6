// Writes docs/dockerfile-support.md: `npm run support`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '../src/workspace.ts';
import { supportPage } from './support-page.ts';
import { supportTable } from './support-table.ts';

writeFileSync(join(workspaceRoot, 'docs/dockerfile-support.md'), supportPage(supportTable));
