import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileSystemCalls } from '@shale/core/archive';
import { type Arbitrary, array, assert, asyncProperty, constantFrom, record } from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContentDigestOptions } from './content-digest.ts';
import { contentDigest } from './content-digest.ts';
import { CopyFixture, describeTree } from '../copy/copy-fixture.ts';
import { plainTree } from '../tree/source-tree.ts';
import { resolveSources } from '../copy/sources.ts';

let trees: CopyFixture;
beforeEach(() => {
  trees = new CopyFixture();
});
afterEach(() => trees[Symbol.dispose]());

type DigestRequest = Partial<ContentDigestOptions> & { readonly parents?: boolean };

function contentOf(sources: readonly string[], { parents = false, ...options }: DigestRequest = {}) {
  const tree = plainTree(trees.from);
  const found = resolveSources(tree, sources, { parents });
  return contentDigest(tree, found, { keepOwner: false, ignoreMode: false, exclude: [], ...options });
}

const digest = (sources: readonly string[] = ['.'], request?: DigestRequest) => contentOf(sources, request).digest;

describe('contentDigest()', () => {
  it('does not see times, nor owners and top directories that do not land', () => {
    const file = trees.write('d/f');
    const before = digest(['d']);
    utimesSync(file, 1, 1);
    chownSync(file, 1000, 1000);
    chmodSync(join(trees.from, 'd'), 0o700);
    expect(digest(['d'])).toBe(before);
    expect(digest(['d'], { keepOwner: true })).not.toBe(before);
  });

  it('sees a file that comes into a pattern or is renamed in it, and not one beside it', () => {
    trees.write('a.txt', 'same');
    const before = digest(['*.txt']);
    trees.write('other.md');
    expect(digest(['*.txt'])).toBe(before);
    trees.write('b.txt', 'same');
    const two = digest(['*.txt']);
    renameSync(join(trees.from, 'b.txt'), join(trees.from, 'c.txt'));
    expect(new Set([before, two, digest(['*.txt'])]).size).toBe(3);
  });

  it('does not see what is excluded, nor modes that --chmod sets', () => {
    trees.write('f');
    const [plain, excluding] = [digest(['.'], { ignoreMode: true }), digest(['.'], { exclude: ['*.log'] })];
    trees.write('x.log');
    expect(digest(['.'], { exclude: ['*.log'] })).toBe(excluding);
    rmSync(join(trees.from, 'x.log'));
    chmodSync(join(trees.from, 'f'), 0o600);
    expect(digest(['.'], { ignoreMode: true })).toBe(plain);
  });

  it('sees which source brought what, and what a parent is', () => {
    trees.write('a/f', 'same');
    trees.write('b/f', 'same');
    expect(digest(['a/f'])).toBe(digest(['b/f'])); // lands alike
    expect(digest(['a'])).not.toBe(digest(['a/f']));
    expect(digest(['a/f'], { parents: true })).not.toBe(digest(['a/./f'], { parents: true }));
    expect(digest(['a', 'b'])).not.toBe(digest(['a']));
  });

  it('tells names apart that are not UTF-8', () => {
    const write = (byte: number) => {
      rmSync(trees.from, { recursive: true });
      mkdirSync(trees.from);
      writeFileSync(Buffer.concat([Buffer.from(`${trees.from}/x`), Buffer.of(byte)]), '');
      return digest();
    };
    expect(write(0xfe)).not.toBe(write(0xff));
  });

  it('names files for explanations: equal files by equal hashes, and no more than it can hold', () => {
    trees.write('d/one', 'x');
    trees.write('d/two', 'x');
    for (let index = 0; index < 4200; index += 1) writeFileSync(join(trees.from, `f${index}`), '');
    const before = contentOf(['d']).files;
    expect(before.map(({ name }) => name)).toEqual(['d/one', 'd/two']);
    trees.write('d/two', 'y');
    const after = contentOf(['d']).files;
    expect([after[0]?.hash === before[0]?.hash, after[1]?.hash === before[1]?.hash]).toEqual([true, false]);
    expect(contentOf(['f*']).files).toHaveLength(4096);
  });
});

type Mutation = (root: string) => void;

const paths = constantFrom('a', 'b', 'd/a', 'd/b', 'd/e/a', 'd/e/b');

/** Each makes one thing of a tree; one that cannot be done changes nothing. */
const mutation: Arbitrary<Mutation> = record({
  kind: constantFrom('write', 'mode', 'owner', 'link', 'symlink', 'remove', 'directory', 'attribute', 'touch'),
  path: paths,
  other: paths,
  value: constantFrom('1', '2', '12'),
}).map(({ kind, path, other, value }) => (root: string) => {
  const [host, otherHost] = [join(root, path), join(root, other)];
  const actions: Record<typeof kind, () => void> = {
    write: () => writeFileSync(host, value),
    mode: () => chmodSync(host, value === '1' ? 0o640 : 0o755),
    owner: () => chownSync(host, Number(value), Number(value)),
    link: () => linkSync(otherHost, host),
    symlink: () => symlinkSync(value, host),
    remove: () => rmSync(host, { recursive: true }),
    directory: () => mkdirSync(host, { recursive: true }),
    attribute: () => fileSystemCalls().setXattr(host, 'user.x', Buffer.from(value)),
    touch: () => utimesSync(host, Number(value), Number(value)),
  };
  try {
    actions[kind]();
  } catch {
    // what is not there cannot be changed
  }
});

describe('contentDigest() is equal exactly when the copied trees are', () => {
  it.each([{ keepOwner: false }, { keepOwner: true }])('for any two trees, with %o', async ({ keepOwner }) => {
    const build = async (mutations: readonly Mutation[]) => {
      for (const root of [trees.from, trees.to]) rmSync(root, { recursive: true, force: true });
      mkdirSync(join(trees.from, 'd/e'), { recursive: true });
      mkdirSync(trees.to);
      for (const mutate of mutations) mutate(trees.from);
      await trees.copy(['.'], '/x', { owner: keepOwner ? undefined : { uid: 0, gid: 0 } });
      return { digest: digest(['.'], { keepOwner }), tree: JSON.stringify(describeTree(trees.to)) };
    };
    await assert(
      asyncProperty(array(mutation, { maxLength: 8 }), array(mutation, { maxLength: 2 }), async (common, change) => {
        const left = await build(common);
        const right = await build([...common, ...change]);
        expect(left.digest === right.digest).toBe(left.tree === right.tree);
      }),
      { numRuns: 25 },
    );
  });
});
