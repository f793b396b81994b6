import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { openScratchDirectory } from '@shale/core/files';
import { describe, expect, it } from 'vitest';
import { openSources } from './open-sources.ts';

async function openTree() {
  const scratch = await openScratchDirectory();
  const path = join(scratch.path, 'context');
  mkdirSync(join(path, 'sub'), { recursive: true });
  writeFileSync(join(path, 'Dockerfile'), 'FROM scratch\n');
  writeFileSync(join(path, 'sub/Other'), 'FROM other\n');
  writeFileSync(join(path, '.dockerignore'), 'secret\n');
  writeFileSync(join(path, 'secret'), '');
  const archive = join(scratch.path, 'context.tgz');
  execFileSync('tar', ['-czf', archive, '-C', path, '.']);
  return { path, archive, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

const streamOf = (...chunks: readonly (string | Buffer)[]) => ({
  kind: 'stream' as const,
  open: () => Readable.from(chunks.map((chunk) => Buffer.from(chunk))),
});

describe('openSources()', () => {
  it('opens a directory with its Dockerfile and ignore file', async () => {
    await using tree = await openTree();
    await using sources = await openSources({ context: { kind: 'directory', path: tree.path, name: 'app' } });
    expect(sources.dockerfile).toEqual({ name: 'app/Dockerfile', text: 'FROM scratch\n' });
    expect(sources.context.files.ignores('secret')).toBe(true);
  });

  it('reads another Dockerfile by its path, and calls it what the user calls it', async () => {
    await using tree = await openTree();
    const context = { kind: 'directory', path: tree.path } as const;
    const dockerfile = { kind: 'file', path: join(tree.path, 'sub/Other'), name: 'Other' } as const;
    await using sources = await openSources({ context, dockerfile });
    expect(sources.dockerfile).toEqual({ name: 'Other', text: 'FROM other\n' });
    const archive = { kind: 'archive', path: tree.archive } as const;
    await using unpacked = await openSources({ context: archive, dockerfile: { kind: 'file', path: 'sub/Other' } });
    expect(unpacked.dockerfile).toEqual({ name: 'sub/Other', text: 'FROM other\n' });
  });

  it('reads the Dockerfile of a directory from a stream', async () => {
    await using tree = await openTree();
    const context = { kind: 'directory', path: tree.path } as const;
    await using sources = await openSources({ context, dockerfile: streamOf('FROM ', 'stdin\n') });
    expect(sources.dockerfile).toEqual({ name: 'Dockerfile', text: 'FROM stdin\n' });
    expect(sources.context.files.ignores('secret')).toBe(true);
  });

  it('unpacks a compressed tar from a file or a stream, and removes it', async () => {
    await using tree = await openTree();
    const bytes = readFileSync(tree.archive);
    for (const context of [
      { kind: 'archive', path: tree.archive } as const,
      streamOf(bytes.subarray(0, 3), bytes.subarray(3)),
    ]) {
      const sources = await openSources({ context });
      expect(sources.dockerfile.text).toBe('FROM scratch\n');
      expect(readdirSync(sources.context.root)).toContain('secret');
      await sources[Symbol.asyncDispose]();
      expect(existsSync(sources.context.root)).toBe(false);
    }
  });

  it('takes a stream that is no archive for a Dockerfile that needs no context', async () => {
    await using sources = await openSources({ context: streamOf('FROM x\n') });
    expect(sources.dockerfile.text).toBe('FROM x\n');
    expect(readdirSync(sources.context.root)).toEqual([]);
  });

  it('names a directory that is missing', async () => {
    await expect(openSources({ context: { kind: 'directory', path: '/nowhere' } })).rejects.toMatchObject({
      code: 'CONTEXT_INVALID',
      message: expect.stringContaining('nowhere'),
    });
  });
});
