import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The repository's root. */
export const workspaceRoot: string = resolve(import.meta.dirname, '../..');

/** Files that are made once and kept between runs. `SHALE_TOOLING_CACHE` moves them. */
export const toolingCache: string = process.env['SHALE_TOOLING_CACHE'] ?? join(workspaceRoot, '.cache/base-images');

/** The name of each workspace package, by folder. */
export function packageName(folder: string): string {
  const { name } = JSON.parse(readFileSync(join(workspaceRoot, folder, 'package.json'), 'utf8')) as { name: string };
  return name;
}
