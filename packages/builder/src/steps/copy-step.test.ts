import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { streamOf } from '@shale/core';
import { parseDockerfile } from '@shale/dockerfile-parser';
import { rawTar, rawTarEntry } from '@shale/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDirectoryContext } from '../context/directory-context.ts';
import { CopyFixture } from '../copy/copy-fixture.ts';
import type { FetchUrl } from '../copy/download.ts';
import { planBuild } from '../plan/plan.ts';
import { copyStep } from './copy-step.ts';

let trees: CopyFixture;
beforeEach(() => {
  trees = new CopyFixture();
});
afterEach(() => trees[Symbol.dispose]());

const ARCHIVE = rawTar(rawTarEntry({ name: 'unpacked', uid: 5, gid: 6, mtime: 1000 }, 'x'));

const fetchUrl: FetchUrl = async (url) => ({
  status: 200,
  headers: { 'last-modified': 'Thu, 01 Jan 1970 00:01:00 GMT' },
  body: streamOf(url.endsWith('.tar') ? ARCHIVE : Buffer.from('fetched')),
});

/** Performs the last instruction of a Dockerfile in `to`, with `from` as the context, or as the stage that it names. */
async function perform(instructions: string, gitEnvironment: Readonly<Record<string, string>> = {}): Promise<void> {
  const stage = await planBuild(parseDockerfile(`FROM scratch AS stage\nFROM scratch\n${instructions}\n`), {
    source: { name: 'Dockerfile', text: '' },
    context: openDirectoryContext(trees.from),
    namedContexts: new Map(),
    target: undefined,
    buildArgs: {},
    platform: { os: 'linux', architecture: 'amd64' },
    noCache: false,
    network: 'host',
    entitlements: [],
    images: [],
    onProgress: () => {},
    signal: undefined,
  });
  const { tip } = stage;
  if (tip.kind !== 'step' || tip.action.type !== 'copy') throw new Error(`Not a COPY: ${instructions}`);
  const view = async () => ({ path: trees.from, async [Symbol.asyncDispose]() {} });
  await copyStep(tip.action, { tree: trees.to, step: tip, options: { fetchUrl, gitEnvironment }, view });
}

const mtimeOf = (path: string) => lstatSync(join(trees.to, path)).mtimeMs;

describe('copyStep()', () => {
  it('makes files of a context root-owned, and keeps owners of a stage', async () => {
    chownSync(trees.write('f'), 1000, 1001);
    await perform('COPY f /context');
    await perform('COPY --from=stage f /stage');
    await perform('COPY --from=stage --chown=7 f /given');
    expect(['context', 'stage', 'given'].map((path) => trees.ownerOf(path))).toEqual(['0:0', '1000:1001', '7:7']);
  });

  it('finds the names of --chown in the tree it copies into', async () => {
    trees.write('f');
    trees.prepare('etc/passwd', 'app:x:12:34::/:/bin/sh\n');
    trees.prepare('etc/group', 'staff:x:56:\n');
    await perform('COPY --chown=app f /user');
    await perform('COPY --chown=app:staff f /both');
    await perform('COPY --chown=nobody:none f /unknown');
    expect(['user', 'both', 'unknown'].map((path) => trees.ownerOf(path))).toEqual(['12:34', '12:56', '0:0']);
  });

  it('goes by WORKDIR, a trailing slash and an empty destination', async () => {
    trees.write('f');
    await perform('WORKDIR /a\nWORKDIR b\nCOPY f ./bar/baz2');
    await perform('WORKDIR /a/b\nCOPY f ../');
    await perform('WORKDIR /a/b\nCOPY f .');
    await perform('WORKDIR /w\nARG none=\nCOPY ["f", "$none"]');
    await perform('COPY f /new/');
    expect(['a/b/bar/baz2', 'a/f', 'a/b/f', 'w/f', 'new/f'].filter((path) => !trees.has(path))).toEqual([]);
  });

  it('writes here-documents as files of mode 0644, after other sources, by the names of their delimiters', async () => {
    trees.write('f');
    await perform('ARG who=world\nCOPY f <<one <<"two" /d/\nhello $who\none\nhello $who\ntwo');
    expect([trees.read('d/one'), trees.read('d/two'), trees.read('d/f')]).toEqual([
      'hello world\n',
      'hello $who\n',
      'f',
    ]);
    await perform('COPY --chmod=755 --chown=3:4 <<EOF /bin/run\nx\nEOF');
    expect([trees.modeOf('d/one'), trees.modeOf('bin/run'), trees.ownerOf('bin/run')]).toEqual([0o644, 0o755, '3:4']);
    await perform('COPY <<"*.x" /e/\nstar\n*.x');
    expect(trees.read('e/*.x')).toBe('star\n');
  });

  it('does not unpack what COPY copies', async () => {
    writeFileSync(join(trees.from, 'a.tar'), ARCHIVE);
    await perform('COPY a.tar /d/');
    expect(trees.paths()).toEqual(['d', 'd/a.tar']);
  });
});

describe('copyStep() for ADD', () => {
  it('unpacks archives of the context, by what is in them, unless told not to', async () => {
    writeFileSync(join(trees.from, 'no-suffix'), execFileSync('gzip', ['-c'], { input: ARCHIVE }));
    trees.write('text.tar', 'only text');
    symlinkSync('no-suffix', join(trees.from, 'link'));
    mkdirSync(join(trees.from, 'directory'));
    writeFileSync(join(trees.from, 'directory/inner.tar'), ARCHIVE);
    await perform('ADD no-suffix text.tar /a');
    await perform('ADD --unpack=false no-suffix /b/');
    await perform('ADD --chown=8:9 l*k /c');
    await perform('ADD directory /d');
    expect(trees.paths().join(' ')).toBe('a a/text.tar a/unpacked b b/no-suffix c c/unpacked d d/inner.tar');
    expect([trees.ownerOf('a/unpacked'), mtimeOf('a/unpacked'), trees.ownerOf('c/unpacked')]).toEqual([
      '5:6',
      1_000_000,
      '8:9',
    ]);
  });

  it('fetches URLs: private, named by the URL, as old as the server says, and as they are', async () => {
    await perform('ADD https://h/x%20y https://h/a.tar /d/');
    await perform('ADD --chmod=644 --chown=1:2 https://h/f /renamed');
    await perform('ADD --unpack=true https://h/a.tar /unpacked');
    expect([trees.read('d/x y'), trees.modeOf('d/x y'), trees.ownerOf('d/x y'), mtimeOf('d/x y')]).toEqual([
      'fetched',
      0o600,
      '0:0',
      60_000,
    ]);
    expect([trees.modeOf('renamed'), trees.ownerOf('renamed')]).toEqual([0o644, '1:2']);
    expect([trees.has('d/a.tar'), trees.has('unpacked/unpacked')]).toEqual([true, true]);
  });

  it('gives git the environment of the app', async () => {
    const bin = join(trees.from, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'git'), '#!/bin/sh\necho "$HOME $https_proxy" >&2; exit 1\n', { mode: 0o755 });
    const environment = { PATH: `${bin}:/usr/bin:/bin`, HOME: '/home/me', https_proxy: 'http://proxy.invalid' };
    await expect(perform('ADD https://h.invalid/app.git /app', environment)).rejects.toMatchObject({
      code: 'GIT_FAILED',
      message: expect.stringContaining('/home/me http://proxy.invalid'),
    });
  });

  it('takes a URL whose name looks like a pattern for what it is', async () => {
    await perform('ADD https://h/%5Bx%5D* /d/');
    expect(trees.paths()).toEqual(['d', 'd/[x]*']);
  });

  it('reads no file by a URL', async () => {
    await expect(perform('ADD file:///etc/passwd /d/')).rejects.toMatchObject({ code: 'SOURCE_MISSING' });
    expect(trees.has('d/passwd')).toBe(false);
  });

  it('leaves a directory that it copies to its own mode', async () => {
    trees.write('d/f');
    chmodSync(join(trees.from, 'd'), 0o700);
    await perform('ADD d /d');
    expect(trees.modeOf('d')).toBe(0o755);
  });
});
