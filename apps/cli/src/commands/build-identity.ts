import { resolve } from 'node:path';
import type { BuildOptions } from '@shale/builder';
import type { Session } from '../session.ts';

interface Asked extends Pick<Session, 'cwd'> {
  readonly args: readonly string[];
}

/** The name of a build in the trails: it stays when files and flags change. */
export function buildIdentity({ context, dockerfile }: BuildOptions, { args, cwd }: Asked): string {
  if (context.kind === 'directory') return resolve(cwd, dockerfile.name);
  return `${args[0] ?? ''} ${dockerfile.name}`.trim();
}
