import { readFile } from 'node:fs/promises';

/** Reads a secret from its file each time, so that a rotated secret counts at once. @returns `undefined` when there is none */
export async function readSecret(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = (await readFile(path, 'utf8')).trim();
  return text === '' ? undefined : text;
}
