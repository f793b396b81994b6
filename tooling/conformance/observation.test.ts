import { expect, it } from 'vitest';
import type { FileTree, TreeEntry } from '../src/file-tree.ts';
import { CONTEXT_MTIME } from './case-context.ts';
import { compareObservations } from './compare.ts';
import { observe } from './observation.ts';

const file = (content: string, mtime = 1): TreeEntry => ({ type: 'file', mode: '0644', owner: '0:0', content, mtime });
const base: FileTree = new Map([
  ['bin/busybox', file('busybox')],
  ['gone', { type: 'directory', mode: '0755', owner: '0:0' }],
  ['gone/below', file('x')],
]);

it('observe() keeps what differs from the base, and which times were kept', () => {
  const tree: FileTree = new Map([
    ['bin/busybox', file('busybox', 99)],
    ['copied', file('a', CONTEXT_MTIME)],
  ]);
  expect(observe(tree, { config: { Cmd: ['sh'], Env: null, Hostname: 'x' } }, base)).toMatchObject({
    tree: { copied: { content: 'a', keepsTime: true }, gone: null },
    config: { Cmd: ['sh'] },
  });
});

it('compareObservations() names the part that differs', () => {
  const observation = (text: string) =>
    observe(new Map([['a', file(text)]]), { history: [{ created_by: `RUN ${text}` }] }, base);
  expect(compareObservations(observation('x'), observation('x'))).toEqual([]);
  expect(compareObservations(observation('x'), observation('y'))).toEqual([
    expect.stringMatching(/^tree a: expected .*"x".*, got .*"y"/),
    'history 0: expected "layer RUN x", got "layer RUN y"',
  ]);
});
