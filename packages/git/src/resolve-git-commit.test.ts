import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startGitDaemon, type TestGitDaemon } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveGitCommit } from './resolve-git-commit.ts';

const environment = { HOME: '/nonexistent' };
let daemon: TestGitDaemon;

beforeAll(async () => {
  daemon = await startGitDaemon();
});

afterAll(() => daemon[Symbol.asyncDispose]());

describe('resolveGitCommit()', () => {
  it('names the commit behind branches, tags and the head', async () => {
    const path = daemon.makeRepository('names');
    writeFileSync(join(path, 'f'), '1');
    const first = daemon.commit(path);
    daemon.git(path, 'tag', '-a', 'v1', '-m', 'annotated');
    writeFileSync(join(path, 'f'), '2');
    const second = daemon.commit(path);
    const resolve = (suffix: string) =>
      resolveGitCommit(`${daemon.url}/names${suffix}`, { program: { env: environment } });
    expect(await Promise.all(['', '#main', '#v1', '?tag=v1', '?branch=main', `#${first}`].map(resolve))).toEqual([
      second,
      second,
      first,
      first,
      second,
      first,
    ]);
    await expect(resolve('#none')).rejects.toThrow('has no branch or tag none');
  });
});
