import { statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Keeps compiled modules between runs: in the repository when run from source, else in the user's own cache folder. */
export function useCompileCache(): void {
  const directory = import.meta.filename.endsWith('.ts')
    ? join(import.meta.dirname, '../../../.cache/compiled')
    : ownCacheDirectory();
  if (directory !== undefined) enableCompileCache(directory);
}

/** Compiled code is trusted, so it is read only from below a home that is this very user's: `sudo` may keep another's. */
function ownCacheDirectory(): string | undefined {
  const home = process.env['XDG_CACHE_HOME'] ?? homedir();
  const owner = statSync(home, { throwIfNoEntry: false })?.uid;
  if (owner !== process.getuid?.()) return undefined;
  return process.env['XDG_CACHE_HOME'] === undefined
    ? join(home, '.cache/shale/compiled')
    : join(home, 'shale/compiled');
}
