import { statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Keeps compiled modules between runs in the user's own cache folder; the launcher of a source tree has named a folder
 * of that tree already. The variable that does so is not for the programs started from here.
 */
export function useCompileCache(): void {
  const named = process.env['NODE_COMPILE_CACHE'];
  delete process.env['NODE_COMPILE_CACHE'];
  const directory = named === undefined ? ownCacheDirectory() : undefined;
  if (directory !== undefined) enableCompileCache(directory);
}

/** Compiled code is trusted, so it is read only from below a home that is this very user's: `sudo` may keep another's. */
function ownCacheDirectory(): string | undefined {
  const base = process.env['XDG_CACHE_HOME'];
  const home = base ?? homedir();
  if (statSync(home, { throwIfNoEntry: false })?.uid !== process.getuid?.()) return undefined;
  return base === undefined ? join(home, '.cache/shale/compiled') : join(base, 'shale/compiled');
}
