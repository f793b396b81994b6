import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ignoreMatcher } from '@shale/dockerfile-parser';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentDigest } from './content-digest.ts';
import type { CopyTreeOptions } from './copy-tree.ts';
import { copyIntoTree } from './copy-tree.ts';
import type { SourceTree } from './source-tree.ts';
import { plainTree } from './source-tree.ts';
import { resolveSources } from './sources.ts';

let scratch: string;
let from: string;
let to: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'shale-copy-'));
  from = join(scratch, 'from');
  to = join(scratch, 'to');
  mkdirSync(from);
  mkdirSync(to);
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function write(root: string, path: string, content = path, mode = 0o644): string {
  const host = join(root, path);
  mkdirSync(dirname(host), { recursive: true });
  writeFileSync(host, content);
  chmodSync(host, mode);
  return host;
}

const ROOT = { uid: 0, gid: 0 };

function copy(
  sources: readonly string[],
  destination: string,
  options: Partial<CopyTreeOptions> & { tree?: SourceTree; parents?: boolean } = {},
): void {
  const { tree = plainTree(from), parents = false, ...rest } = options;
  const found = resolveSources(tree, sources, { parents });
  copyIntoTree(to, tree, found, destination, { owner: ROOT, chmod: undefined, exclude: [], ...rest });
}

const read = (path: string) => readFileSync(join(to, path), 'utf8');
const modeOf = (path: string) => lstatSync(join(to, path)).mode & 0o7777;

describe('copyIntoTree()', () => {
  it('renames a file, or puts it into a directory that is named as one or is one', () => {
    write(from, 'a');
    copy(['a'], '/b');
    copy(['a'], '/c/');
    mkdirSync(join(to, 'd'));
    copy(['a'], '/d');
    expect([read('b'), read('c/a'), read('d/a')]).toEqual(['a', 'a', 'a']);
  });

  it('copies what is in a directory, not the directory, and makes parents 0755', () => {
    write(from, 'dir/x/y', 'y', 0o600);
    chmodSync(join(from, 'dir'), 0o700);
    chmodSync(join(from, 'dir/x'), 0o711);
    copy(['dir'], '/new/deep');
    expect(read('new/deep/x/y')).toBe('y');
    expect([modeOf('new'), modeOf('new/deep'), modeOf('new/deep/x'), modeOf('new/deep/x/y')]).toEqual([
      0o755, 0o755, 0o711, 0o600,
    ]);
  });

  it('makes files of a context root-owned, keeps owners of a stage, and sets those of --chown', () => {
    chownSync(write(from, 'f'), 1000, 1001);
    copy(['f'], '/root');
    copy(['f'], '/kept', { owner: undefined });
    copy(['f'], '/given/f', { owner: { uid: 5, gid: 6 } });
    const owners = ['root', 'kept', 'given', 'given/f']
      .map((path) => lstatSync(join(to, path)))
      .map(({ uid, gid }) => [uid, gid]);
    expect(owners).toEqual([
      [0, 0],
      [1000, 1001],
      [5, 6],
      [5, 6],
    ]);
  });

  it('keeps times, setuid bits, hard links and links inside a directory', () => {
    const file = write(from, 'd/a', 'a', 0o4755);
    utimesSync(file, 1_000_000_000.5, 1_000_000_000.5);
    linkSync(file, join(from, 'd/b'));
    symlinkSync('/nowhere', join(from, 'd/link'));
    copy(['d'], '/d');
    const [a, b] = [lstatSync(join(to, 'd/a')), lstatSync(join(to, 'd/b'))];
    expect([a.mode & 0o7777, a.mtimeMs, a.ino === b.ino]).toEqual([0o4755, 1_000_000_000_500, true]);
    expect(lstatSync(join(to, 'd/link')).isSymbolicLink()).toBe(true);
  });

  it('follows a symlink that a source names, within the root', () => {
    write(from, 'real/f', 'inside');
    write(scratch, 'secret', 'outside');
    symlinkSync('real', join(from, 'link'));
    symlinkSync(join(scratch, 'secret'), join(from, 'escape'));
    copy(['link'], '/d');
    expect(read('d/f')).toBe('inside');
    expect(() => copy(['escape'], '/e')).toThrow('not found');
  });

  it('follows symlinks of the destination, within the tree (S89)', () => {
    write(from, 'f');
    symlinkSync('/', join(to, 'root'));
    symlinkSync('../../../..', join(to, 'up'));
    copy(['f'], '/root/a/');
    copy(['f'], '/up/b/');
    expect([read('a/f'), read('b/f')]).toEqual(['f', 'f']);
    expect(existsSync(join(scratch, 'b'))).toBe(false);
  });

  it('replaces a symlink at a nested place, and refuses to change a kind', () => {
    write(from, 'd/f', 'new');
    write(from, 'd/sub/g');
    mkdirSync(join(to, 'd'));
    symlinkSync('/elsewhere', join(to, 'd/f'));
    copy(['d/f'], '/d/');
    expect([read('d/f'), existsSync(join(to, 'elsewhere'))]).toEqual(['new', false]);
    copy(['d'], '/e');
    write(to, 'h/sub');
    expect(() => copy(['d'], '/h')).toThrow('cannot copy to non-directory');
    mkdirSync(join(to, 'i/f'), { recursive: true });
    expect(() => copy(['d'], '/i')).toThrow('cannot replace to directory');
  });

  it('matches patterns part by part, flattens what directories hold, and takes no match for nothing', () => {
    write(from, 'sub/a/1');
    write(from, 'sub/b/2');
    write(from, 'x.txt');
    copy(['sub/*', '*.txt', 'no*'], '/d/');
    expect([read('d/1'), read('d/2'), read('d/x.txt')]).toEqual(['sub/a/1', 'sub/b/2', 'x.txt']);
  });

  it('keeps parents from /./ on with --parents', () => {
    write(from, 'a/b/c/f');
    copy(['a/./b/c/f'], '/p/', { parents: true });
    copy(['a/b/c'], '/q/', { parents: true });
    expect([read('p/b/c/f'), read('q/a/b/c/f')]).toEqual(['a/b/c/f', 'a/b/c/f']);
  });

  it('leaves out what --exclude and the ignore file name, and takes in again what ! names', () => {
    for (const path of ['d/a.log', 'd/b.txt', 'd/keep/c.log', 'd/drop/x']) write(from, path);
    copy(['d'], '/excluded', { exclude: ['*.log'] });
    copy(['d'], '/ignored', { tree: { ...plainTree(from), ...ignoreMatcher(['d/*', '!d/keep/c.log']) } });
    expect([existsSync(join(to, 'excluded/a.log')), read('excluded/b.txt')]).toEqual([false, 'd/b.txt']);
    expect([
      existsSync(join(to, 'ignored/b.txt')),
      read('ignored/keep/c.log'),
      existsSync(join(to, 'ignored/drop')),
    ]).toEqual([false, 'd/keep/c.log', false]);
  });

  it('changes modes as --chmod says', () => {
    write(from, 'd/run', 'x', 0o644);
    copy(['d'], '/d', { chmod: 'u=rwX,go=rX' });
    copy(['d/run'], '/octal', { chmod: '750' });
    expect([modeOf('d/run'), modeOf('octal')]).toEqual([0o644, 0o750]);
  });
});

describe('resolveSources()', () => {
  it('stays in the root, whatever a source says (S88)', () => {
    write(from, 'f', 'inside');
    copy(['../../f', '/f'], '/d/');
    expect(read('d/f')).toBe('inside');
    expect(() => resolveSources(plainTree(from), ['../../etc/passwd'], { parents: false })).toThrow(
      '"/etc/passwd": not found',
    );
  });

  it('tells of a source that is ignored, and of a name that is close', () => {
    write(from, 'server.js');
    const ignoring = { ...plainTree(from), ...ignoreMatcher(['*.js']) };
    const failure = (tree: SourceTree, name: string) => {
      try {
        return resolveSources(tree, [name], { parents: false });
      } catch (error) {
        return (error as { hint?: string }).hint;
      }
    };
    expect(failure(ignoring, 'server.js')).toContain('.dockerignore');
    expect(failure(plainTree(from), 'sevrer.js')).toBe('Did you mean server.js?');
  });
});

describe('contentDigest()', () => {
  const digest = (sources = ['.']) =>
    contentDigest(plainTree(from), resolveSources(plainTree(from), sources, { parents: false }), {
      keepOwner: false,
      ignoreMode: false,
      exclude: [],
    }).digest;

  it('does not see times and owners of a context', () => {
    const file = write(from, 'f');
    const before = digest();
    utimesSync(file, 1, 1);
    chownSync(file, 1000, 1000);
    expect(digest()).toBe(before);
  });

  it('sees a file that is renamed into a pattern, and not one beside it', () => {
    write(from, 'a.txt', 'same');
    const before = digest(['*.txt']);
    write(from, 'other.md');
    expect(digest(['*.txt'])).toBe(before);
    write(from, 'b.txt', 'same');
    expect(digest(['*.txt'])).not.toBe(before);
  });

  it('changes with every change of content, mode or name, and only then', () => {
    const change = fc.record({
      path: fc.constantFrom('a', 'd/b', 'd/c', 'd/e/f'),
      content: fc.constantFrom('1', '2', '12'),
      mode: fc.constantFrom(0o644, 0o755),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(change, { selector: ({ path }) => path, maxLength: 4 }),
        fc.uniqueArray(change, { selector: ({ path }) => path, maxLength: 4 }),
        (left, right) => {
          const digestOf = (files: typeof left) => {
            rmSync(from, { recursive: true, force: true });
            mkdirSync(from);
            for (const { path, content, mode } of files) write(from, path, content, mode);
            return digest();
          };
          const sorted = (files: typeof left) => JSON.stringify(files.toSorted((a, b) => a.path.localeCompare(b.path)));
          expect(digestOf(left) === digestOf(right)).toBe(sorted(left) === sorted(right));
        },
      ),
      { numRuns: 60 },
    );
  });
});
