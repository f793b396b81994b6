import { cpSync, existsSync, lstatSync, lutimesSync, mkdirSync, readdirSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { requireCommand } from '../src/command.ts';
import type { ConformanceCase } from './case.ts';

/** The time of every file of a context, so that a golden shows whether a time was kept: 2001-02-03T04:05:06Z. */
export const CONTEXT_MTIME = 981_173_106;

/**
 * Lays a folder of a case out anew, with modes and times that do not depend on the checkout. `NAME.sh` then runs in it,
 * for what git cannot hold: empty directories, special modes, fifos, hard links, archives, repositories.
 */
export async function layOutFolder({ directory }: ConformanceCase, name: string, destination: string): Promise<void> {
  mkdirSync(destination, { recursive: true });
  const source = join(directory, name);
  if (existsSync(source)) cpSync(source, destination, { recursive: true, verbatimSymlinks: true });
  normalizeModes(destination);
  const script = join(directory, `${name}.sh`);
  if (existsSync(script)) await requireCommand(['sh', '-euc', 'umask 022; . "$1"', 'sh', script], { cwd: destination });
  stamp(destination);
}

function normalizeModes(path: string): void {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return;
  chmodSync(path, stats.isDirectory() || (stats.mode & 0o100) !== 0 ? 0o755 : 0o644);
  if (stats.isDirectory()) for (const name of readdirSync(path)) normalizeModes(join(path, name));
}

function stamp(path: string): void {
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) stamp(join(path, name));
  lutimesSync(path, CONTEXT_MTIME, CONTEXT_MTIME);
}
