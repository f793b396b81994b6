import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { streamOf } from '@shale/core';
import { rawTar, rawTarEntry } from '@shale/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTarContext } from './tar-context.ts';

let scratch: string;
let scratchParent: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'shale-tar-'));
  scratchParent = mkdtempSync(join(scratch, 'contexts-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const open = (...bytes: Uint8Array[]) => openTarContext(streamOf(...bytes), { scratchParent });
const plain = rawTar(
  rawTarEntry({ name: 'Dockerfile' }, 'FROM scratch\n'),
  rawTarEntry({ name: '.dockerignore' }, '*'),
  rawTarEntry({ name: 'd/.wh.f', mode: 0o600 }, 'kept'),
);

describe('openTarContext()', () => {
  it.each(['cat', 'gzip', 'bzip2', 'xz', 'zstd'])('unpacks what %s made, ignore files and all', async (program) => {
    const packed = execFileSync(program, program === 'cat' ? [] : ['-c'], {
      input: plain,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const context = await open(packed);
    expect([context.kind, readdirSync(context.root).sort()]).toEqual(['tar', ['.dockerignore', 'Dockerfile', 'd']]);
    expect([readFileSync(join(context.root, 'd/.wh.f'), 'utf8'), context.files.ignores('d')]).toEqual(['kept', false]);
    expect(lstatSync(context.root).mode & 0o777).toBe(0o755);
    await context[Symbol.asyncDispose]();
    expect(readdirSync(scratchParent)).toEqual([]);
  });

  it.each([
    ['what is no archive', Buffer.from('FROM scratch\n'.repeat(100))],
    ['one cut short', plain.subarray(0, 700)],
    ['one that ends too early', plain.subarray(0, 1024)],
    ['one that climbs out', rawTar(rawTarEntry({ name: '../canary' }, 'x'))],
    [
      'one that goes through a symlink',
      rawTar(rawTarEntry({ name: 'out', type: '2', linkName: '../..' }), rawTarEntry({ name: 'out/../canary' }, 'x')),
    ],
  ])('refuses %s, and leaves nothing', async (_case, bytes) => {
    writeFileSync(join(scratch, 'canary'), 'canary');
    await expect(open(bytes)).rejects.toMatchObject({ code: 'CONTEXT_INVALID' });
    expect(readdirSync(scratchParent)).toEqual([]);
    expect(readFileSync(join(scratch, 'canary'), 'utf8')).toBe('canary');
  });

  it('writes nothing outside through a symlink of the archive', async () => {
    await using context = await open(
      rawTar(rawTarEntry({ name: 'out', type: '2', linkName: scratch }), rawTarEntry({ name: 'out/evil' }, 'x')),
    );
    expect([existsSync(join(scratch, 'evil')), existsSync(join(context.root, 'out'))]).toEqual([false, true]);
  });
});
