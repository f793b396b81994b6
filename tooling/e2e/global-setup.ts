import { join } from 'node:path';
import { requireCommand } from '../src/command.ts';

/** In a process of its own: vitest's does not find the sources of our packages. */
export async function setup(): Promise<void> {
  const flags = ['--conditions=@shale/source', '--disable-warning=ExperimentalWarning'];
  await requireCommand([process.execPath, ...flags, join(import.meta.dirname, 'prepare.ts')]);
}
