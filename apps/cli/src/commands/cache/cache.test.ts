import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { dirCache, entryTag, registryCache } from '@shale/cache';
import { blobDirectory, digestHex, parseReference } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient, openLayout } from '@shale/registry';
import { makeImage, startRegistry } from '@shale/testing';
import { madeKey, openMadeEntries } from '@shale/testing/cache-backend-contract';
import { expect, it } from 'vitest';
import { runProgram } from '../../program.ts';

const HOUR_MS = 3_600_000;
const NAMES = ['a', 'b', 'c'];

async function shale(...argv: string[]): Promise<{ stdout: string; stderr: string }> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const { signal } = new AbortController();
  await runProgram(argv, { version: '1', env: {}, cwd: '/', stdin: () => stdin, stdout, stderr, signal });
  stdout.end();
  stderr.end();
  return { stdout: await text(stdout), stderr: await text(stderr) };
}

async function json(...argv: string[]) {
  return JSON.parse((await shale(...argv, '--json')).stdout);
}

/** A state folder with three entries, the first one used longest ago, and an image of a layer of its own. */
async function openState() {
  const scratch = await openScratchDirectory();
  const made = await openMadeEntries();
  const state = join(scratch.path, 'state');
  const cache = dirCache({ root: join(state, 'cache'), blobs: blobDirectory(state) });
  for (const [at, name] of NAMES.entries()) {
    const entry = await made.entry(name.repeat(1000), {
      step: { stage: name === 'a' ? 'build' : 'final', index: at + 1 },
    });
    await cache.store(madeKey(name), entry);
    const used = new Date(Date.now() - (NAMES.length - at) * 24 * HOUR_MS);
    const hex = digestHex(madeKey(name));
    await utimes(join(cache.root, 'v1', hex.slice(0, 2), entryTag(madeKey(name))), used, used);
    await utimes(cache.blobs.pathOf(entry.layer.descriptor.digest), used, used);
  }
  await makeImage(openLayout(state), { layers: [{ file: 'of an image' }], tag: 'app' });
  for await (const digest of blobDirectory(state).list()) await age(blobDirectory(state).pathOf(digest));
  return {
    path: scratch.path,
    state,
    keys: async () => (await json('cache', 'ls', '--state-dir', state)).map(({ key }: { key: string }) => key),
    async [Symbol.asyncDispose]() {
      await made[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

async function age(path: string): Promise<void> {
  const old = new Date(Date.now() - 24 * HOUR_MS);
  await utimes(path, old, old);
}

const [a, b, c] = NAMES.map(madeKey) as [`sha256:${string}`, `sha256:${string}`, `sha256:${string}`];

it('shale cache ls shows entries, last used first, and filters them', async () => {
  await using opened = await openState();
  const { stdout, stderr } = await shale('cache', 'ls', '--state-dir', opened.state);
  expect(stdout.split('\n').map((line) => line.slice(0, 12).trim())).toEqual([
    'KEY',
    ...[c, b, a].map((key) => digestHex(key).slice(0, 12)),
    '',
  ]);
  expect(stderr).toContain('3 entries');
  const filtered = async (...filters: string[]) => {
    const flags = filters.flatMap((filter) => ['--filter', filter]);
    return (await json('cache', 'ls', '--state-dir', opened.state, ...flags)).map(({ key }: { key: string }) => key);
  };
  expect(await filtered('stage=build')).toEqual([a]);
  expect(await filtered('stage!=build')).toEqual([c, b]);
  expect(await filtered('until=36h')).toEqual([b, a]);
  expect(await filtered(`key=${digestHex(b).slice(0, 8)}`, `id=${b}`)).toEqual([b]);
  expect(await filtered('stage=build', 'stage=final')).toEqual([c, b, a]);
  await expect(filtered('stag=build')).rejects.toMatchObject({ hint: 'Did you mean stage=?' });
});

it('shale cache du counts what images need apart', async () => {
  await using opened = await openState();
  const { types, reclaimableBytes } = await json('cache', 'du', '--state-dir', opened.state);
  expect(types.map(({ type, count }: { type: string; count: number }) => [type, count])).toEqual([
    ['layers', 3],
    ['images', 3],
    ['blobs', 0],
    ['snapshots', 0],
    ['cache mounts', 0],
  ]);
  expect(reclaimableBytes).toBe(types[0].sizeBytes);
});

it('shale cache prune leaves pins, what was used lately, and what images need', async () => {
  await using opened = await openState();
  const { state } = opened;
  const dry = await json('cache', 'prune', '--state-dir', state, '--keep-duration', '60h', '--dry-run');
  expect(dry.removed).toMatchObject([{ type: 'layer', key: a, reason: 'idle' }]);
  expect(await opened.keys()).toEqual([c, b, a]);
  await shale('cache', 'pin', '--state-dir', state, digestHex(b).slice(0, 10));
  expect(await json('cache', 'prune', '--state-dir', state, '--max-size', '1B')).toMatchObject({
    removed: [{ key: a }, { key: c }],
    kept: { entries: 1 },
  });
  expect(await opened.keys()).toEqual([b]);
  await shale('cache', 'unpin', '--state-dir', state, b);
  const { stdout, stderr } = await shale('cache', 'prune', '--state-dir', state, '--all');
  expect(stdout).toContain(digestHex(b).slice(0, 12));
  expect(stderr).toMatch(/^Freed [\d.]+ k?B; 0 entries left, 0 B\n$/);
  const image = await openLayout(state).getManifest('app');
  expect(image).toBeDefined();
  expect((await json('cache', 'du', '--state-dir', state)).types[1].count).toBe(3);
});

it('shale cache verify fails for a missing layer until it is repaired', async () => {
  await using opened = await openState();
  const { state } = opened;
  const [{ layer }] = await json('cache', 'ls', '--state-dir', state, '--filter', `key=${b}`);
  await blobDirectory(state).delete(layer);
  await expect(shale('cache', 'verify', '--state-dir', state)).rejects.toMatchObject({ code: 'CACHE_BROKEN' });
  const repaired = await json('cache', 'verify', '--state-dir', state, '--repair');
  expect(repaired).toMatchObject({ entries: 3, broken: [{ key: b, problem: 'missing-layer' }] });
  expect(await json('cache', 'verify', '--state-dir', state)).toMatchObject({ entries: 2, broken: [] });
});

it('shale cache export and import carry entries, each in its scope', async () => {
  await using opened = await openState();
  const made = await openMadeEntries();
  await using _ = made;
  const root = join(opened.state, 'cache');
  const scoped = dirCache({ root, blobs: blobDirectory(opened.state), trust: { scope: 'pr/12' } });
  await scoped.store(a, await made.entry('other'));
  const out = join(opened.path, 'out');
  expect(await json('cache', 'export', '--state-dir', opened.state, '--filter', `key=${a}`, out)).toMatchObject({
    entries: 2,
  });
  const other = join(opened.path, 'other');
  expect(await json('cache', 'import', '--layer-cache-dir', other, out)).toMatchObject({ entries: 2 });
  const found = await json('cache', 'ls', '--layer-cache-dir', other);
  expect(found.map(({ scope }: { scope: string }) => scope).sort()).toEqual(['', 'pr/12']);
});

it('shale cache cares for a repository by its delete API', async () => {
  await using registry = await startRegistry();
  await using client = createRegistryClient();
  await using made = await openMadeEntries();
  const name = `${registry.host}/app/cache`;
  const cache = registryCache(client.repository(parseReference(name)));
  for (const [at, key] of [a, b, c].entries()) {
    const created = new Date(Date.now() - (3 - at) * 24 * HOUR_MS);
    await cache.store(key, await made.entry(`${at}`, { created }));
  }
  const place = ['--cache-repo', name];
  expect(await json('cache', 'verify', ...place, '--download')).toMatchObject({ entries: 3, broken: [] });
  const old = ['cache', 'prune', ...place, '--keep-duration', '36h', '--pin', a];
  expect(await json(...old)).toMatchObject({ removed: [{ key: b }] });
  expect((await json('cache', 'du', ...place)).types).toMatchObject([{ count: 2 }]);
  await json('cache', 'prune', ...place, '--filter', `key=${a}`);
  expect((await json('cache', 'ls', ...place)).map(({ key }: { key: string }) => key)).toEqual([c]);
  await json('cache', 'prune', ...place, '--max-size', '1B');
  expect(await json('cache', 'ls', ...place)).toEqual([]);
  await expect(shale('cache', 'prune', ...place)).rejects.toMatchObject({ code: 'USAGE_INVALID' });
  await expect(shale('cache', 'pin', ...place, c)).rejects.toMatchObject({ code: 'USAGE_INVALID' });
});

it('shale cache tells a wrong subcommand', async () => {
  await expect(shale('cache', 'prnue')).rejects.toMatchObject({
    message: "Unknown command 'cache prnue'",
    hint: expect.stringContaining('Did you mean prune?'),
  });
  expect((await shale('cache')).stdout).toContain('prune');
});
