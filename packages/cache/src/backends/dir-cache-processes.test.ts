import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openScratchDirectory } from '@shale/core/files';
import { madeKey } from '@shale/testing/cache-backend-contract';
import { expect, it } from 'vitest';
import { dirCache } from './dir-cache.ts';
import { verifyCache } from '../care/verify-cache.ts';

const WRITER = `
import { dirCache } from '@shale/cache';
import { madeKey, openMadeEntries } from '@shale/testing/cache-backend-contract';
const [root = '', writer = ''] = process.argv.slice(-2);
await using made = await openMadeEntries();
const cache = dirCache({ root });
for (let round = 0; round < 10; round += 1) {
  await cache.store(madeKey(String(round)), await made.entry(writer + ' ' + round, { builder: writer }));
  if ((await cache.lookup(madeKey(String(round)))) === undefined) throw new Error('lost');
}
await cache.flush();
`;

it('store() by many processes at once leaves one whole entry a key, and nothing half-written', async () => {
  await using scratch = await openScratchDirectory();
  const root = join(scratch.path, 'cache');
  const args = ['--conditions=@shale/source', '--input-type=module-typescript', '-e', WRITER, root];
  const writers = ['a', 'b', 'c', 'd'].map((writer) =>
    promisify(execFile)(process.execPath, [...args, writer], { cwd: import.meta.dirname }),
  );
  await Promise.all(writers);
  expect(await verifyCache({ root })).toMatchObject({ entries: 10, broken: [] });
  const files = await readdir(root, { recursive: true });
  expect(files.filter((name) => name.endsWith('.tmp') || name.startsWith('ingest/'))).toEqual([]);
  const cache = dirCache({ root });
  const first = await cache.lookup(madeKey('0'));
  expect(['a', 'b', 'c', 'd']).toContain(first?.record.builder);
});
