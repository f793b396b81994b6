import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CloneWork } from './clone-work.ts';

export interface SubmoduleOptions {
  /** How many levels. */
  readonly levels: number;
  /** How many commits; `0` means all. */
  readonly depth: number;
}

/** Updates level by level: git itself has no limit for submodules of submodules. */
export async function updateSubmodules(work: CloneWork, { levels, depth }: SubmoduleOptions): Promise<void> {
  const shallow = depth > 0 ? [`--depth=${depth}`] : [];
  const update = async (directory: string, level: number): Promise<void> => {
    const inside = { ...work, cwd: directory };
    const paths = await submodulePaths(inside);
    if (paths.length === 0) return;
    await work.session.remote(['submodule', 'update', '--init', '--force', ...shallow], inside);
    if (level >= levels) return;
    for (const path of paths) await update(join(directory, path), level + 1);
  };
  await update(work.cwd, 1);
}

async function submodulePaths(work: CloneWork): Promise<readonly string[]> {
  if (!existsSync(join(work.cwd, '.gitmodules'))) return [];
  const staged = await work.session.local(['ls-files', '--stage', '-z'], work);
  return staged
    .split('\0')
    .flatMap((entry) => (entry.startsWith('160000 ') ? [entry.slice(entry.indexOf('\t') + 1)] : []));
}
