import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileSystemCalls } from '@shale/core/archive';
import type { MadeEntry } from '@shale/testing';
import { isInUserNamespace } from '../host/privileges.ts';

const CONTENT = 'content';
/** The layer that scenarios change. */
export const BASE: readonly MadeEntry[] = [
  { path: 'dir/', mtimeSeconds: 100 },
  { path: 'dir/a', content: CONTENT, mtimeSeconds: 101 },
  { path: 'dir/b', content: 'b', mode: 0o755, mtimeSeconds: 102 },
  { path: 'dir/empty', mtimeSeconds: 103 },
  { path: 'dir/sub/', mtimeSeconds: 104 },
  { path: 'dir/sub/c', content: 'c' },
  { path: 'dir/sub/deep/' },
  { path: 'dir/sub/deep/d', content: 'd' },
  { path: 'link', type: 'symlink', linkPath: 'dir/a' },
  { path: 'one', content: 'linked' },
  { path: 'same', type: 'hardlink', linkPath: 'one' },
  { path: 'owned', uid: 7, gid: 8, content: 'o' },
];

interface Scenario {
  readonly change: (tree: string) => void;
  /** What the layer has, in order: `path`, and `path type` for all but files. */
  readonly layer: readonly string[];
}

const rewrite = (path: string, content: string) => {
  const { atime, mtime } = lstatSync(path);
  writeFileSync(path, content);
  utimesSync(path, atime, mtime);
};

/** What a step may do to the base, and the layer that every snapshotter makes of it. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  nothing: { change: () => {}, layer: [] },
  'reading alone': { change: (tree) => void readFileSync(`${tree}/dir/a`), layer: [] },
  'a new file': { change: (tree) => writeFileSync(`${tree}/dir/new`, 'n'), layer: ['dir directory', 'dir/new'] },
  'a new file at the top': { change: (tree) => writeFileSync(`${tree}/top`, ''), layer: ['top'] },
  'a new tree': {
    change(tree) {
      mkdirSync(`${tree}/x/y/z`, { recursive: true });
      writeFileSync(`${tree}/x/y/f`, '');
    },
    layer: ['x directory', 'x/y directory', 'x/y/f', 'x/y/z directory'],
  },
  'more content': { change: (tree) => appendFileSync(`${tree}/dir/a`, '+'), layer: ['dir directory', 'dir/a'] },
  'content of the same size and time': {
    change: (tree) => rewrite(`${tree}/dir/a`, CONTENT.toUpperCase()),
    layer: ['dir directory', 'dir/a'],
  },
  'the same content again, and its time': { change: (tree) => rewrite(`${tree}/dir/a`, CONTENT), layer: [] },
  'a file made empty': { change: (tree) => truncateSync(`${tree}/dir/a`), layer: ['dir directory', 'dir/a'] },
  'another mode': { change: (tree) => chmodSync(`${tree}/dir/a`, 0o4711), layer: ['dir directory', 'dir/a'] },
  'the mode that it has': { change: (tree) => chmodSync(`${tree}/dir/b`, 0o755), layer: [] },
  'the owner that it has': { change: (tree) => chownSync(`${tree}/owned`, 7, 8), layer: [] },
  'another owner': { change: (tree) => chownSync(`${tree}/owned`, 9, 9), layer: ['owned'] },
  'another time': { change: (tree) => utimesSync(`${tree}/dir/a`, 5, 5), layer: ['dir directory', 'dir/a'] },
  "a directory's mode": {
    change: (tree) => chmodSync(`${tree}/dir/sub`, 0o700),
    layer: ['dir directory', 'dir/sub directory'],
  },
  'a file that came and went': {
    change(tree) {
      writeFileSync(`${tree}/dir/sub/tmp`, '');
      unlinkSync(`${tree}/dir/sub/tmp`);
    },
    layer: ['dir directory', 'dir/sub directory'],
  },
  'a removed file': { change: (tree) => unlinkSync(`${tree}/dir/a`), layer: ['dir directory', 'dir/.wh.a'] },
  'a removed file at the top': { change: (tree) => unlinkSync(`${tree}/owned`), layer: ['.wh.owned'] },
  'a removed directory': {
    change: (tree) => rmSync(`${tree}/dir/sub`, { recursive: true }),
    layer: ['dir directory', 'dir/.wh.sub'],
  },
  'a directory made again': {
    change(tree) {
      rmSync(`${tree}/dir`, { recursive: true });
      mkdirSync(`${tree}/dir/sub`, { recursive: true });
      writeFileSync(`${tree}/dir/a`, 'other');
    },
    layer: [
      'dir directory',
      'dir/.wh.b',
      'dir/.wh.empty',
      'dir/a',
      'dir/sub directory',
      'dir/sub/.wh.c',
      'dir/sub/.wh.deep',
    ],
  },
  'a directory in place of a file': {
    change(tree) {
      unlinkSync(`${tree}/dir/a`);
      mkdirSync(`${tree}/dir/a`);
      writeFileSync(`${tree}/dir/a/in`, '');
    },
    layer: ['dir directory', 'dir/a directory', 'dir/a/in'],
  },
  'a file in place of a directory': {
    change(tree) {
      rmSync(`${tree}/dir/sub`, { recursive: true });
      writeFileSync(`${tree}/dir/sub`, '');
    },
    layer: ['dir directory', 'dir/sub'],
  },
  'a symlink in place of a directory': {
    change(tree) {
      rmSync(`${tree}/dir/sub`, { recursive: true });
      symlinkSync('/etc', `${tree}/dir/sub`);
    },
    layer: ['dir directory', 'dir/sub symlink'],
  },
  'a symlink elsewhere': {
    change(tree) {
      unlinkSync(`${tree}/link`);
      symlinkSync('dir/b', `${tree}/link`);
    },
    layer: ['link symlink'],
  },
  'a file renamed': {
    change: (tree) => renameSync(`${tree}/dir/a`, `${tree}/dir/z`),
    layer: ['dir directory', 'dir/.wh.a', 'dir/z'],
  },
  'a directory moved': {
    change: (tree) => {
      cpSync(`${tree}/dir/sub`, `${tree}/moved`, { recursive: true });
      rmSync(`${tree}/dir/sub`, { recursive: true });
    },
    layer: ['dir directory', 'dir/.wh.sub', 'moved directory', 'moved/c', 'moved/deep directory', 'moved/deep/d'],
  },
  'two new names of one file': {
    change(tree) {
      writeFileSync(`${tree}/x`, 'x');
      linkSync(`${tree}/x`, `${tree}/dir/y`);
    },
    layer: ['dir directory', 'dir/y', 'x hardlink'],
  },
  'another name for an old file': {
    change: (tree) => linkSync(`${tree}/dir/a`, `${tree}/dir/z`),
    layer: ['dir directory', 'dir/a', 'dir/z hardlink'],
  },
  'one name fewer': { change: (tree) => unlinkSync(`${tree}/same`), layer: ['.wh.same'] },
  'names that are not UTF-8, or long': {
    change(tree) {
      writeFileSync(Buffer.concat([Buffer.from(`${tree}/dir/`), Buffer.of(0xff, 0xfe)]), 'x');
      mkdirSync(`${tree}/${'l'.repeat(200)}`);
      writeFileSync(`${tree}/${'l'.repeat(200)}/${'m'.repeat(200)}`, '');
    },
    layer: [
      'dir directory',
      'dir/\udcff\udcfe',
      `${'l'.repeat(200)} directory`,
      `${'l'.repeat(200)}/${'m'.repeat(200)}`,
    ],
  },
  'a pipe': {
    change: (tree) => fileSystemCalls().makeNode(`${tree}/fifo`, 0o010644, 0, 0),
    layer: ['fifo fifo'],
  },
  ...(!isInUserNamespace() && {
    'a device': {
      change: (tree: string) => fileSystemCalls().makeNode(`${tree}/zero`, 0o020666, 1, 5),
      layer: ['zero character'],
    },
  }),
  'an attribute of a file': {
    change: (tree) => fileSystemCalls().setXattr(`${tree}/dir/a`, 'user.note', Buffer.from('x')),
    layer: ['dir directory', 'dir/a'],
  },
  'everything removed': {
    change(tree) {
      for (const name of readdirSync(tree)) rmSync(join(tree, name), { recursive: true });
    },
    layer: ['.wh.dir', '.wh.link', '.wh.one', '.wh.owned', '.wh.same'],
  },
};
