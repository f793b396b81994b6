import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { undefinedIfMissing, writeFileAtomically } from './atomic-file.ts';
import { openScratchDirectory } from './scratch-directory.ts';

it('writeFileAtomically() makes directories, sets the mode and leaves nothing beside', async () => {
  await using scratch = await openScratchDirectory();
  const path = join(scratch.path, 'a/b/file');
  await writeFileAtomically(path, 'one', { mode: 0o600 });
  await writeFileAtomically(path, Buffer.from('two'), { mode: 0o600 });
  expect(readFileSync(path, 'utf8')).toBe('two');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(scratch.path, 'a/b'))).toEqual(['file']);
});

it('writeFileAtomically() never shows a part, however many write at once', async () => {
  await using scratch = await openScratchDirectory();
  const path = join(scratch.path, 'file');
  const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(50_000));
  writeFileSync(path, texts[0] ?? '');
  const writing = Promise.all(texts.map((text) => writeFileAtomically(path, text)));
  for (let look = 0; look < 200; look += 1) {
    expect(texts).toContain(readFileSync(path, 'utf8'));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await writing;
  expect(readdirSync(scratch.path)).toEqual(['file']);
});

it('writeFileAtomically() leaves the old file when it cannot write', async () => {
  await using scratch = await openScratchDirectory();
  await writeFileAtomically(join(scratch.path, 'file'), 'old');
  await expect(writeFileAtomically(join(scratch.path, 'file/below'), 'new')).rejects.toThrow(/ENOTDIR|EEXIST/);
  expect(readFileSync(join(scratch.path, 'file'), 'utf8')).toBe('old');
});

it('undefinedIfMissing() takes absence for an answer, and nothing else', async () => {
  await using scratch = await openScratchDirectory();
  writeFileSync(join(scratch.path, 'file'), '');
  expect(await open(join(scratch.path, 'absent')).catch(undefinedIfMissing)).toBeUndefined();
  expect(await open(join(scratch.path, 'file/below')).catch(undefinedIfMissing)).toBeUndefined();
  await expect(open(scratch.path, 'w').catch(undefinedIfMissing)).rejects.toThrow('EISDIR');
});
