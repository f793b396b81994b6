import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A private directory. Disposing it removes it. */
export interface ScratchDirectory extends AsyncDisposable {
  readonly path: string;
}

export async function openScratchDirectory(parent: string = tmpdir()): Promise<ScratchDirectory> {
  const path = await mkdtemp(join(parent, 'shale-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
