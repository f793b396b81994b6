import { join } from 'node:path';
import { requireCommand } from '../src/command.ts';

/** Runs in another process, because vitest's own does not resolve packages to their sources. */
export async function setup(): Promise<void> {
  const flags = ['--conditions=@shale/source', '--disable-warning=ExperimentalWarning'];
  await requireCommand([process.execPath, ...flags, join(import.meta.dirname, 'prepare.ts')]);
}
