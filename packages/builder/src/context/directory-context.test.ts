import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDirectoryContext } from './directory-context.ts';

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'shale-context-'));
  mkdirSync(join(scratch, 'context'));
  writeFileSync(join(scratch, 'context/f'), 'f');
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

describe('openDirectoryContext()', () => {
  it('is the directory itself, behind a symlink too, less what is ignored', async () => {
    symlinkSync('context', join(scratch, 'link'));
    await using context = openDirectoryContext(join(scratch, 'link'), { ignore: ['*.log', '!keep.log'] });
    expect([context.kind, context.root]).toEqual(['directory', join(scratch, 'context')]);
    expect(['a.log', 'keep.log', 'f'].map((path) => context.files.ignores(path))).toEqual([true, false, false]);
  });

  it('keeps what it learnt when it is closed', async () => {
    const stateDir = join(scratch, 'state');
    const host = join(scratch, 'context/f');
    const before = lstatSync(host);
    await new Promise((resolve) => setTimeout(resolve, 40));
    {
      await using context = openDirectoryContext(join(scratch, 'context'), { stateDir });
      context.files.fingerprint('f', host, before);
    }
    expect(readdirSync(join(stateDir, 'stat-cache'))).toHaveLength(1);
    await using context = openDirectoryContext(join(scratch, 'context'), { stateDir });
    rmSync(host);
    expect(context.files.fingerprint('f', host, before)).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each(['none', 'context/f'])('says what is wrong with %s', (path) => {
    const act = () => openDirectoryContext(join(scratch, path));
    expect(act).toThrow(expect.objectContaining({ code: 'CONTEXT_INVALID', hint: expect.stringContaining('tar') }));
  });
});
