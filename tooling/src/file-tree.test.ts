import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compareTrees, readFileTree } from './file-tree.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'shale-tree-'));
  mkdirSync(join(root, 'd'));
  writeFileSync(join(root, 'd/a'), 'text\n');
  chmodSync(join(root, 'd/a'), 0o640);
  utimesSync(join(root, 'd/a'), 5, 7);
  linkSync(join(root, 'd/a'), join(root, 'd/b'));
  symlinkSync('../x', join(root, 'd/link'));
  writeFileSync(join(root, 'binary'), new Uint8Array([0, 255]));
});
afterEach(() => rmSync(root, { recursive: true }));

it('readFileTree() tells modes, links, short texts and digests of the rest', () => {
  const tree = readFileTree(root);
  expect(tree.get('d/a')).toMatchObject({ type: 'file', mode: '0640', content: 'text\n', mtime: 7 });
  expect(tree.get('d/b')?.hardLinkOf).toBe('d/a');
  expect(tree.get('d/link')).toMatchObject({ type: 'symlink', target: '../x' });
  expect(tree.get('binary')?.content).toMatch(/^sha256:[0-9a-f]{64} \(2 bytes\)$/);
});

it('compareTrees() names the path and the field', () => {
  const before = readFileTree(root);
  chmodSync(join(root, 'd/a'), 0o600);
  rmSync(join(root, 'binary'));
  const changes = compareTrees(before, readFileTree(root)).filter((line) => !line.includes('mtime'));
  expect(changes).toEqual(['binary: missing file', 'd/a: mode "0640" → "0600"', 'd/b: mode "0640" → "0600"']);
});
