import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { openScratchDirectory } from '@shale/core';
import { describe, expect, it } from 'vitest';
import { openBuildSource } from './build-source.ts';

async function openTree() {
  const scratch = await openScratchDirectory();
  const context = join(scratch.path, 'context');
  mkdirSync(join(context, 'sub'), { recursive: true });
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\n');
  writeFileSync(join(context, 'sub/Other'), 'FROM other\n');
  writeFileSync(join(context, '.dockerignore'), 'secret\n');
  writeFileSync(join(context, 'secret'), '');
  const options = {
    cwd: scratch.path,
    env: {},
    stdin: () => Readable.from([]),
    stateDir: join(scratch.path, 'state'),
    file: undefined,
  };
  return { scratch, context, options, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

describe('openBuildSource()', () => {
  it('opens a directory with its Dockerfile and ignore file', async () => {
    await using tree = await openTree();
    const source = await openBuildSource({ ...tree.options, argument: 'context' });
    await using context = source.context;
    expect(source.dockerfile).toEqual({ name: 'context/Dockerfile', text: 'FROM scratch\n' });
    expect(context.files.ignores('secret')).toBe(true);
  });

  it('finds --file beside the user first, then in the context', async () => {
    await using tree = await openTree();
    const inContext = await openBuildSource({ ...tree.options, argument: 'context', file: 'sub/Other' });
    expect(inContext.dockerfile.text).toBe('FROM other\n');
    mkdirSync(join(tree.scratch.path, 'sub'));
    writeFileSync(join(tree.scratch.path, 'sub/Other'), 'FROM beside\n');
    const beside = await openBuildSource({ ...tree.options, argument: 'context', file: 'sub/Other' });
    expect(beside.dockerfile).toEqual({ name: 'sub/Other', text: 'FROM beside\n' });
  });

  it('reads the Dockerfile from stdin', async () => {
    await using tree = await openTree();
    const stdin = Readable.from([Buffer.from('FROM '), Buffer.from('stdin\n')]);
    const source = await openBuildSource({ ...tree.options, argument: 'context', file: '-', stdin: () => stdin });
    expect(source.dockerfile).toEqual({ name: 'Dockerfile', text: 'FROM stdin\n' });
    expect(source.context.files.ignores('secret')).toBe(true);
  });

  it('takes a compressed tar from stdin or from a file', async () => {
    await using tree = await openTree();
    const archive = join(tree.scratch.path, 'context.tgz');
    execFileSync('tar', ['-czf', archive, '-C', tree.context, '.']);
    const bytes = execFileSync('cat', [archive]);
    const pieces = Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]);
    for (const source of [
      await openBuildSource({ ...tree.options, argument: 'context.tgz' }),
      await openBuildSource({ ...tree.options, argument: '-', stdin: () => pieces }),
    ]) {
      await using context = source.context;
      expect(source.dockerfile.text).toBe('FROM scratch\n');
      expect(readdirSync(context.root)).toContain('secret');
    }
  });

  it('takes a Dockerfile alone from stdin, with no context', async () => {
    await using tree = await openTree();
    const source = await openBuildSource({
      ...tree.options,
      argument: '-',
      stdin: () => Readable.from([Buffer.from('FROM x\n')]),
    });
    await using context = source.context;
    expect(source.dockerfile.text).toBe('FROM x\n');
    expect(readdirSync(context.root)).toEqual([]);
  });

  it('refuses stdin for both, and says what a context can be', async () => {
    await using tree = await openTree();
    await expect(openBuildSource({ ...tree.options, argument: '-', file: '-' })).rejects.toThrow(
      'cannot both come from stdin',
    );
    await expect(openBuildSource({ ...tree.options, argument: 'nowhere' })).rejects.toMatchObject({
      code: 'CONTEXT_INVALID',
      message: expect.stringContaining('nowhere'),
    });
  });
});
