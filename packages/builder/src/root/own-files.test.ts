import { existsSync, mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';
import { OwnFiles } from './own-files.ts';

const LAYER = `state/blobs/sha256/${'a'.repeat(64)}`;

async function openPlace() {
  const scratch = await openScratchDirectory();
  const write = (name: string, content = '') => {
    mkdirSync(dirname(join(scratch.path, name)), { recursive: true });
    writeFileSync(join(scratch.path, name), content);
  };
  for (const name of ['bin/node', 'lib/app.cjs', 'state/index.json', LAYER, 'in-place/journal.json'])
    write(name, 'before');
  const has = (name: string) => existsSync(join(scratch.path, name));
  const own = new OwnFiles(scratch.path, join(scratch.path, 'state'));
  return { ...scratch, write, has, own };
}

it('removes what a step put among the files of the program, and leaves what the builder writes meanwhile', async () => {
  await using place = await openPlace();
  const strange = ['evil', 'bin/evil', 'new/deep/evil', 'state/evil', 'state/blobs/sha256/evil'];
  const usual = [`state/blobs/sha256/${'b'.repeat(64)}`, 'state/cache/v1/key', 'state/ingest/x', 'tmp/shale-x/file'];
  for (const name of [...strange, ...usual]) place.write(name);
  expect(place.own.settle()).toEqual([]);
  expect(strange.filter((name) => place.has(name))).toEqual([]);
  expect(usual.filter((name) => !place.has(name))).toEqual([]);
});

it('tells which files of the program are not as before, whatever their times say', async () => {
  await using place = await openPlace();
  place.write('bin/node', 'beforE');
  utimesSync(join(place.path, 'bin/node'), 1, 1);
  renameSync(join(place.path, 'lib'), join(place.path, 'moved'));
  place.write('state/index.json', 'ours');
  const changed = place.own.settle().map((path) => path.slice(place.path.length + 1));
  expect(changed.toSorted()).toEqual(['bin/node', 'lib', 'lib/app.cjs']);
  expect(place.has('moved')).toBe(false);
});
