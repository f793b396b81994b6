import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blobDirectory } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { loadSystemCalls } from '@shale/core/linux';
import { makeLayer } from '@shale/testing';
import { expect, it, vi } from 'vitest';
import type { StackedLayer } from '../graph/layer-stack.ts';
import { copySnapshotter } from '../snapshotters/copy-snapshotter.ts';
import { pruneSnapshots, snapshotUsage } from './prune-snapshots.ts';

const calls = loadSystemCalls();

async function openTrees(stateDir: string, count: number) {
  const store = blobDirectory(join(stateDir, 'store'));
  const snapshotter = copySnapshotter({ stateDir, calls });
  const stacks: StackedLayer[][] = [];
  for (let index = 0; index < count; index += 1) {
    const layer = await makeLayer(store, [{ path: 'file', content: 'x'.repeat(10_000 * (index + 1)) }]);
    stacks.push([{ layer, blobs: store }]);
    await using _view = await snapshotter.view(stacks[index] as StackedLayer[]);
  }
  for (const [index, { path }] of (await snapshotUsage(stateDir)).entries()) {
    const size = statSync(join(path, 'fs/file')).size;
    utimesSync(path, size, size);
    expect(index).toBeLessThan(count);
  }
  return { snapshotter, stacks };
}

it('snapshotUsage() tells size and last use, the oldest first', async () => {
  await using scratch = await openScratchDirectory();
  expect(await snapshotUsage(scratch.path)).toEqual([]);
  await openTrees(scratch.path, 2);
  expect(await snapshotUsage(scratch.path)).toMatchObject([
    { kind: 'copy-v1', lastUsed: new Date(10_000_000), sizeBytes: expect.any(Number) },
    { kind: 'copy-v1', lastUsed: new Date(20_000_000) },
  ]);
});

it('pruneSnapshots() removes what was not used for long, or is too much', async () => {
  await using scratch = await openScratchDirectory();
  await openTrees(scratch.path, 4);
  const age = Date.now() - 25_000_000;
  expect(await pruneSnapshots(scratch.path, { keepDurationMs: age, dryRun: true })).toHaveLength(2);
  expect(await pruneSnapshots(scratch.path, { keepDurationMs: age })).toHaveLength(2);
  const [third, fourth] = await snapshotUsage(scratch.path);
  const removed = await pruneSnapshots(scratch.path, { maxSizeBytes: fourth?.sizeBytes ?? 0 });
  expect(removed).toEqual([third]);
  expect(existsSync(fourth?.path ?? '')).toBe(true);
});

it('pruneSnapshots() keeps what somebody uses', async () => {
  await using scratch = await openScratchDirectory();
  const { snapshotter, stacks } = await openTrees(scratch.path, 2);
  {
    await using view = await snapshotter.view(stacks[0] as StackedLayer[]);
    expect(await pruneSnapshots(scratch.path, { keepDurationMs: 0 })).toHaveLength(1);
    expect(readdirSync(view.path)).toEqual(['file']);
  }
  expect(await pruneSnapshots(scratch.path, { keepDurationMs: 0 })).toHaveLength(1);
});

it('pruneSnapshots() removes what killed builds left, and not what is being made', async () => {
  await using scratch = await openScratchDirectory();
  await openTrees(scratch.path, 1);
  const drafts = join(scratch.path, 'trees/copy-v1/drafts');
  mkdirSync(join(drafts, 'fresh/fs'), { recursive: true });
  writeFileSync(join(drafts, 'fresh/fs/x'), '');
  await pruneSnapshots(scratch.path, {});
  expect(readdirSync(drafts)).toEqual(['fresh']);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 120_000 });
  await pruneSnapshots(scratch.path, {});
  vi.useRealTimers();
  expect(readdirSync(drafts)).toEqual([]);
});
