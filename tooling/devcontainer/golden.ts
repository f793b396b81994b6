import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

/** Compares with what is kept in `goldens`; with SHALE_RECORD=1 keeps it. */
export async function expectGolden(name: string, value: unknown): Promise<void> {
  const path = join(import.meta.dirname, 'fixtures', name);
  if (process.env['SHALE_RECORD'] === '1') await writeFile(path, `${JSON.stringify(value, null, 1)}\n`);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(value)));
}
