import { readFile } from 'node:fs/promises';

/** A secret from its file, read again each time so that a rotated one counts at once; `undefined` when there is none. */
export async function readSecret(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = (await readFile(path, 'utf8')).trim();
  return text === '' ? undefined : text;
}
