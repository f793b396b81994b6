import { join } from 'node:path';
import { workspaceRoot } from '../src/workspace.ts';

/** The example that `npm start` builds. */
export const helloExample: string = join(workspaceRoot, 'examples/hello');
