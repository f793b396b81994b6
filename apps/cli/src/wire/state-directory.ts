import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Session } from '../session.ts';

/** The state folder: the one that was named, else the system's for root and the user's own for others. */
export function stateDirectory(asked: string | undefined, { env, cwd }: Pick<Session, 'env' | 'cwd'>): string {
  if (asked !== undefined) return resolve(cwd, asked);
  if (process.getuid?.() === 0) return '/var/lib/shale';
  return join(env['XDG_DATA_HOME'] || join(env['HOME'] ?? homedir(), '.local/share'), 'shale');
}
