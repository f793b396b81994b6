import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';
import { openCacheMount } from '../snapshotters/cache-mounts.ts';
import { cacheMountUsage, pruneCacheMounts } from './prune-cache-mounts.ts';

const HOUR_MS = 3_600_000;

/** A cache mount that was filled and is not in use. */
async function fill(stateDir: string, id: string, ageMs: number): Promise<string> {
  const mount = await openCacheMount(id, { parent: stateDir, sharing: 'shared' });
  writeFileSync(join(mount.path, 'file'), 'x'.repeat(10_000));
  await mount[Symbol.asyncDispose]();
  const used = new Date(Date.now() - ageMs);
  utimesSync(mount.path, used, used);
  return mount.path;
}

it('cacheMountUsage() tells size and last use, the oldest first', async () => {
  await using scratch = await openScratchDirectory();
  expect(await cacheMountUsage(scratch.path)).toEqual([]);
  const [young, old] = [await fill(scratch.path, 'young', HOUR_MS), await fill(scratch.path, 'old', 5 * HOUR_MS)];
  const usages = await cacheMountUsage(scratch.path);
  expect(usages.map(({ path }) => path)).toEqual([old, young]);
  expect(usages[0]?.sizeBytes).toBeGreaterThanOrEqual(10_000);
});

it('pruneCacheMounts() removes what was not used for long', async () => {
  await using scratch = await openScratchDirectory();
  const [young, old] = [await fill(scratch.path, 'young', HOUR_MS), await fill(scratch.path, 'old', 5 * HOUR_MS)];
  const options = { keepDurationMs: 2 * HOUR_MS };
  expect(await pruneCacheMounts(scratch.path, { ...options, dryRun: true })).toMatchObject([{ path: old }]);
  expect(existsSync(old)).toBe(true);
  expect(await pruneCacheMounts(scratch.path, options)).toMatchObject([{ path: old }]);
  expect([existsSync(young), existsSync(old)]).toEqual([true, false]);
});

it('pruneCacheMounts() leaves what a step uses, and opening one again makes it young', async () => {
  await using scratch = await openScratchDirectory();
  await fill(scratch.path, 'used', 5 * HOUR_MS);
  await using mount = await openCacheMount('used', { parent: scratch.path, sharing: 'shared' });
  expect(mount.fresh).toBe(false);
  expect(await pruneCacheMounts(scratch.path, { keepDurationMs: 2 * HOUR_MS })).toEqual([]);
  expect(await pruneCacheMounts(scratch.path, { keepDurationMs: 0 })).toEqual([]);
  await using locked = await openCacheMount('locked', { parent: scratch.path, sharing: 'locked' });
  expect(await pruneCacheMounts(scratch.path, { keepDurationMs: 0 })).toEqual([]);
  expect(existsSync(locked.path)).toBe(true);
});
