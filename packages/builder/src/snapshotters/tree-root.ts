import { chmodSync, mkdirSync } from 'node:fs';

/** Makes the directory that becomes `/` of a tree: everybody may enter, whatever this process's umask says. */
export function makeTreeRoot(path: string): void {
  mkdirSync(path);
  chmodSync(path, 0o755);
}
