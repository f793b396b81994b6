import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { blobDirectory, EMPTY_DIFF_ID, type Layer, type LocalBlobStore, type ProgressEvent } from '@shale/core';
import { type ArchiveEntry, decompress, readTar } from '@shale/core/archive';
import { openScratchDirectory, type ScratchDirectory } from '@shale/core/files';
import { makeLayer } from '@shale/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LayerStack, PackingLayer, StackedLayer } from '../graph/layer-stack.ts';
import type { Snapshotter } from './snapshotter.ts';
import { BASE, SCENARIOS } from './snapshotter-scenarios.contract.ts';

export interface SnapshotterContract {
  /** Another one on the same directory stands for another process. */
  readonly open: (stateDir: string) => Snapshotter;
  /** Why the snapshotter does not work here; `undefined` when it does. */
  readonly skip?: string | undefined;
}

const compression = { algorithm: 'gzip' } as const;

/** Owner, mode, time, size, names and content of every file below the root. */
export function describeTree(tree: string): string {
  const files = execFileSync('find', ['.', '-mindepth', '1', '-printf', '%P %y %m %U:%G %n %s %Ts %l\n'], {
    cwd: tree,
    encoding: 'latin1',
  });
  const sums = execFileSync('sh', ['-c', 'find . -type f -exec sha256sum {} +'], { cwd: tree, encoding: 'latin1' });
  // sizes of directories are the file system's business, as are their numbers of links
  const lines = files.replaceAll(/^(.* d \S+ \S+) \S+ \S+/gm, '$1').split('\n');
  return [...lines, ...sums.split('\n')].sort().join('\n');
}

/** A layer's entries as scenarios write them. */
export async function listLayer(store: LocalBlobStore, layer: Layer): Promise<string[]> {
  const names: string[] = [];
  await readTar(decompress(store.read(layer.descriptor)), {
    entry: ({ path, type }: ArchiveEntry) => void names.push(type === 'file' ? path : `${path} ${type}`),
  });
  return names;
}

/** Every snapshotter runs this one suite. */
export function snapshotterContract(name: string, { open, skip }: SnapshotterContract): void {
  describe.skipIf(skip !== undefined)(name, () => {
    let scratch: ScratchDirectory;
    let store: LocalBlobStore;
    let base: LayerStack;
    let stateDir: string;
    let snapshotter: Snapshotter;
    let count = 0;

    beforeAll(async () => {
      scratch = await openScratchDirectory();
      store = blobDirectory(join(scratch.path, 'store'));
      base = [{ layer: await makeLayer(store, BASE), blobs: store }];
    });
    beforeEach(() => {
      stateDir = join(scratch.path, `state-${(count += 1)}`);
      snapshotter = open(stateDir);
    });
    afterAll(() => scratch[Symbol.asyncDispose]());

    async function change(stack: LayerStack, work: (tree: string) => void, by = snapshotter): Promise<StackedLayer> {
      await using tree = await by.prepare(stack);
      work(tree.path);
      return { layer: await tree.commit({ store, compression }), blobs: store };
    }

    /** The second change begins as soon as it can. */
    async function changeBoth(
      stack: LayerStack,
      first: (tree: string) => void,
      second: (tree: string) => void,
    ): Promise<readonly [StackedLayer, StackedLayer]> {
      await using lower = await snapshotter.prepare(stack);
      first(lower.path);
      let packing: PackingLayer | undefined;
      const onPacking = (layer: PackingLayer) => void (packing = layer);
      const committed = lower.commit({ store, compression, onPacking });
      const below = packing ?? { layer: await committed, blobs: store };
      await using upper = await snapshotter.prepare([...stack, below]);
      second(upper.path);
      const layer = await upper.commit({ store, compression });
      return [
        { layer: await committed, blobs: store },
        { layer, blobs: store },
      ];
    }

    const treeOf = async (stack: LayerStack, by = snapshotter) => {
      await using view = await by.view(stack);
      return describeTree(view.path);
    };

    it.each(Object.entries(SCENARIOS))('makes a layer of %s', async (_name, scenario) => {
      let changed = '';
      const made = await change(base, (tree) => {
        scenario.change(tree);
        changed = describeTree(tree);
      });
      expect(await listLayer(store, made.layer)).toEqual(scenario.layer);
      if (scenario.layer.length === 0) expect(made.layer.diffId).toBe(EMPTY_DIFF_ID);
      const stack = scenario.layer.length === 0 ? base : [...base, made];
      expect(await treeOf(stack)).toBe(changed);
      expect(await treeOf(stack, open(join(stateDir, 'fresh')))).toBe(changed);
    });

    it('gives equal bytes for equal changes', async () => {
      const work = (tree: string) => {
        writeFileSync(`${tree}/dir/new`, 'n');
        utimesSync(`${tree}/dir/new`, 9, 9);
        utimesSync(`${tree}/dir`, 9, 9);
        unlinkSync(`${tree}/link`);
      };
      const first = await change(base, work);
      expect((await change(base, work, open(join(stateDir, 'other')))).layer).toEqual(first.layer);
    });

    it('stacks the layers of one step after another', async () => {
      const first = await change(base, (tree) => rmSync(`${tree}/dir`, { recursive: true }));
      const second = await change([...base, first], (tree) => mkdirSync(`${tree}/dir`));
      const third = await change([...base, first, second], (tree) => writeFileSync(`${tree}/dir/a`, 'again'));
      expect(await listLayer(store, second.layer)).toEqual(['dir directory']);
      const stack = [...base, first, second, third];
      const tree = await treeOf(stack);
      expect(tree).toBe(await treeOf(stack, open(join(stateDir, 'fresh'))));
      expect(tree).not.toContain('dir/sub');
    });

    it('starts from nothing', async () => {
      const made = await change([], (tree) => writeFileSync(`${tree}/first`, '1'));
      expect(await listLayer(store, made.layer)).toEqual(['first']);
      expect(await treeOf([made])).toContain('first f 644');
      expect(await treeOf([])).not.toContain('first');
      expect((await change([], () => {})).layer.diffId).toBe(EMPTY_DIFF_ID);
    });

    it('lets everybody enter the root', async () => {
      const umask = process.umask(0o077);
      try {
        await using tree = await snapshotter.prepare([]);
        expect(lstatSync(tree.path).mode & 0o777).toBe(0o755);
        await using view = await snapshotter.view(base);
        expect(lstatSync(view.path).mode & 0o777).toBe(0o755);
      } finally {
        process.umask(umask);
      }
    });

    it('clamps times to the epoch that is given', async () => {
      await using tree = await snapshotter.prepare(base);
      writeFileSync(join(tree.path, 'dir/new'), '');
      const layer = await tree.commit({ store, compression, sourceDateEpoch: 50 });
      const times: number[] = [];
      await readTar(decompress(store.read(layer.descriptor)), {
        entry: (entry) => void times.push(entry.mtimeSeconds),
      });
      expect(times).toEqual([50, 50]);
      // whoever reads the tree now sees what the unpacked layer would show
      await using next = await snapshotter.prepare([...base, { layer, blobs: store }]);
      expect(['dir', 'dir/new'].map((path) => lstatSync(join(next.path, path)).mtimeMs)).toEqual([50_000, 50_000]);
      expect((await next.commit({ store, compression })).diffId).toBe(EMPTY_DIFF_ID);
    });

    it('lets a step start on a tree that is being packed, with the same layers in the end', async () => {
      const first = (tree: string) => {
        writeFileSync(`${tree}/dir/big`, randomBytes(3_000_000));
        unlinkSync(`${tree}/link`);
      };
      const second = (tree: string) => appendFileSync(`${tree}/dir/a`, 'more');
      const grown = await changeBoth(base, first, second);
      expect(await listLayer(store, grown[0].layer)).toEqual(['.wh.link', 'dir directory', 'dir/big']);
      expect(await listLayer(store, grown[1].layer)).toEqual(['dir directory', 'dir/a']);
      const tree = await treeOf([...base, ...grown]);
      expect(tree).toBe(await treeOf([...base, ...grown], open(join(stateDir, 'fresh'))));
      expect(leftovers(stateDir)).toEqual([]);
    });

    it('keeps a tree that is being packed for the step on it, though there is a snapshot of it already', async () => {
      const work = (tree: string) => {
        writeFileSync(`${tree}/dir/new`, 'n');
        for (const path of ['new', '.']) utimesSync(`${tree}/dir/${path}`, 9, 9);
      };
      const known = await change(base, work);
      const [again, above] = await changeBoth(base, work, (tree) => renameSync(`${tree}/dir/new`, `${tree}/moved`));
      expect(again.layer).toEqual(known.layer);
      expect(await listLayer(store, above.layer)).toContain('moved');
      expect(leftovers(stateDir)).toEqual([]);
    });

    it('makes no snapshot of what stands on something that could not be packed', async () => {
      const controller = new AbortController();
      await using lower = await snapshotter.prepare(base);
      writeFileSync(`${lower.path}/x`, 'x');
      const packing: PackingLayer[] = [];
      const onPacking = (layer: PackingLayer) => void packing.push(layer);
      const failed = lower.commit({ store, compression, signal: controller.signal, onPacking });
      failed.catch(() => {});
      controller.abort(new Error('no more'));
      if (packing.length > 0) {
        await using upper = await snapshotter.prepare([...base, ...packing]);
        expect(readdirSync(upper.path)).toContain('x');
        writeFileSync(`${upper.path}/y`, 'y');
        expect(await listLayer(store, await upper.commit({ store, compression }))).toEqual(['y']);
      }
      await expect(failed).rejects.toThrow('no more');
    });

    it('forgets a tree that is not committed', async () => {
      {
        await using tree = await snapshotter.prepare(base);
        writeFileSync(join(tree.path, 'lost'), '');
        rmSync(join(tree.path, 'dir/sub/deep'), { recursive: true });
      }
      expect(await treeOf(base)).toContain('dir/sub/deep/d');
      expect(await treeOf(base)).not.toContain('lost');
      expect(leftovers(stateDir)).toEqual([]);
    });

    it('keeps trees of the same stack apart', async () => {
      await using first = await snapshotter.prepare(base);
      await using second = await snapshotter.prepare(base);
      await using view = await snapshotter.view(base);
      writeFileSync(join(first.path, 'x'), '1');
      expect(readdirSync(second.path)).not.toContain('x');
      const made = await first.commit({ store, compression });
      expect(await listLayer(store, made)).toEqual(['x']);
      writeFileSync(join(second.path, 'y'), '1');
      expect(await listLayer(store, await second.commit({ store, compression }))).toEqual(['y']);
      expect(readdirSync(view.path)).not.toContain('x');
    });

    it('unpacks a layer once, however many ask at the same time', async () => {
      let reads = 0;
      const blobs = {
        stat: store.stat,
        read: (...args: Parameters<LocalBlobStore['read']>) => {
          reads += 1;
          return store.read(...args);
        },
      };
      const stack = base.map(({ layer }) => ({ layer, blobs }));
      const views = await Promise.all([1, 2, 3, 4].map(() => snapshotter.view(stack)));
      for (const view of views) await view[Symbol.asyncDispose]();
      await using _again = await open(stateDir).view(stack);
      expect(reads).toBe(1);
    });

    it('tells of each layer that it unpacks, and only of those', async () => {
      const events: ProgressEvent[] = [];
      const options = { onProgress: (event: ProgressEvent) => void events.push(event) };
      for (let times = 0; times < 2; times += 1) await (await snapshotter.view(base, options))[Symbol.asyncDispose]();
      const { digest, size } = base[0]?.layer.descriptor ?? {};
      expect(events).toEqual([
        { type: 'transfer', direction: 'unpack', digest, totalBytes: size, bytes: size, done: true },
      ]);
    });

    it('shares what is there with other processes', async () => {
      const made = await change(base, (tree) => writeFileSync(`${tree}/x`, ''));
      const blobs = {
        stat: store.stat,
        read() {
          throw new Error('nothing is left to read');
        },
      };
      await using view = await open(stateDir).view([...base, made].map(({ layer }) => ({ layer, blobs })));
      expect(readdirSync(view.path)).toContain('x');
    });

    it('keeps the directories of lower layers that a layer only implies', async () => {
      const lower = await makeLayer(store, [{ path: 'home/', mode: 0o1770, uid: 5, gid: 6, mtimeSeconds: 9 }]);
      const upper = await makeLayer(store, [{ path: 'home/x/file', content: '' }]);
      const stack = [...base, ...[lower, upper].map((layer) => ({ layer, blobs: store }))];
      expect(await treeOf(stack)).toContain('home d 1770 5:6 9 ');
    });

    it('leaves nothing of a layer that cannot be read', async () => {
      const bad = [...base, { layer: (base[0] as StackedLayer).layer, blobs: { ...store, read: failing } }];
      await expect(snapshotter.view(bad)).rejects.toThrow('unreadable');
      expect(leftovers(stateDir)).toEqual([]);
      await expect(snapshotter.prepare(bad)).rejects.toThrow('unreadable');
    });

    it('stops when told to', async () => {
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(snapshotter.view(base, { signal })).rejects.toThrow('enough');
      await using tree = await snapshotter.prepare(base);
      writeFileSync(join(tree.path, 'x'), '');
      await expect(tree.commit({ store, compression, signal })).rejects.toThrow('enough');
    });

    it('stacks a hundred and thirty layers', async () => {
      const stack: StackedLayer[] = [];
      for (let index = 0; index < 130; index += 1) {
        const entries = [{ path: `f${index}`, content: String(index) }];
        stack.push({ layer: await makeLayer(store, entries, { algorithm: 'none' }), blobs: store });
      }
      const made = await change(stack, (tree) => writeFileSync(`${tree}/f0`, 'changed'));
      expect(await listLayer(store, made.layer)).toEqual(['f0']);
      await using view = await snapshotter.view([...stack, made]);
      expect(readdirSync(view.path)).toHaveLength(130);
    });
  });
}

async function* failing(): AsyncIterable<Uint8Array> {
  yield new Uint8Array();
  throw new Error('unreadable');
}

/** What drafts are left. */
function leftovers(stateDir: string): string[] {
  return execFileSync('find', [stateDir, '-path', '*/drafts/*', '-prune', '-print'], { encoding: 'utf8' })
    .split('\n')
    .filter((path) => path !== '');
}
