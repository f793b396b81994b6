import { once } from 'node:events';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { startGitDaemon, type TestGitDaemon } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGitContext } from './git-context.ts';

const environment = { HOME: '/nonexistent' };
let daemon: TestGitDaemon;

beforeAll(async () => {
  daemon = await startGitDaemon();
  scratch = mkdtempSync(join(daemon.root, 'scratch-'));
});

afterAll(() => daemon[Symbol.asyncDispose]());

let scratch: string;

const open = (source: string, options: Parameters<typeof openGitContext>[1] = {}) =>
  openGitContext(`${daemon.url}/${source}`, { environment, scratchParent: scratch, ...options });

const leftovers = () => readdirSync(scratch);

describe('openGitContext()', () => {
  beforeAll(() => {
    const repository = daemon.makeRepository('plain');
    writeFileSync(join(repository, 'f'), 'one');
    mkdirSync(join(repository, 'sub/deep'), { recursive: true });
    writeFileSync(join(repository, 'sub/deep/g'), 'deep');
    daemon.commit(repository);
  });

  it('checks out the head, readable, and cleans up', async () => {
    {
      await using context = await open('plain');
      expect([context.kind, context.commitTime, lstatSync(context.root).mode & 0o777]).toEqual([
        'git',
        1_000_000_000,
        0o755,
      ]);
      expect(readdirSync(context.root)).toEqual(['f', 'sub']);
    }
    expect(leftovers()).toEqual([]);
  });

  it('takes a directory of the repository', async () => {
    await using context = await open('plain#main:sub/deep');
    expect(readdirSync(context.root)).toEqual(['g']);
  });

  it('leaves nothing when there is no such directory', async () => {
    await expect(open('plain#main:gone')).rejects.toThrow('has no directory gone');
    await expect(open('plain#main:f')).rejects.toThrow('has no directory f');
    expect(leftovers()).toEqual([]);
  });

  it('stops when it is told to', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const controller = new AbortController();
    const opening = openGitContext(`git://127.0.0.1:${port}/x`, {
      environment,
      scratchParent: scratch,
      signal: controller.signal,
    });
    await once(silent, 'connection');
    controller.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
    silent.close();
    expect(leftovers()).toEqual([]);
  });

  it('does not follow a symlink out of the repository', async () => {
    const path = daemon.makeRepository('links');
    symlinkSync('/etc', join(path, 'etc'));
    symlinkSync('../../../..', join(path, 'up'));
    writeFileSync(join(path, 'f'), 'inside');
    daemon.commit(path);
    await expect(open('links#main:etc')).rejects.toThrow('has no directory etc');
    await using context = await open('links#main:up');
    expect(readFileSync(join(context.root, 'f'), 'utf8')).toBe('inside');
  });
});
