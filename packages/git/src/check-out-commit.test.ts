import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { startGitDaemon, type TestGitDaemon } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkOutCommit, type CheckOutCommitOptions } from './check-out-commit.ts';
import { parseGitSource } from './git-source.ts';

const program = { env: { HOME: '/nonexistent' }, shell: '/bin/sh' };
let daemon: TestGitDaemon;

beforeAll(async () => {
  daemon = await startGitDaemon();
});

afterAll(() => daemon[Symbol.asyncDispose]());

/** Checks a source out to a directory of its own. */
async function checkOut(source: string, options: Partial<CheckOutCommitOptions> = {}) {
  const directory = mkdtempSync(join(daemon.root, 'checkout-'));
  const { commit, commitTime } = await checkOutCommit(parseGitSource(`${daemon.url}/${source}`), {
    directory,
    program,
    ...options,
  });
  return { root: directory, commit, commitTime };
}

describe('checkOutCommit()', () => {
  let repository: string;
  let first: string;
  let second: string;

  beforeAll(() => {
    repository = daemon.makeRepository('plain');
    writeFileSync(join(repository, 'f'), 'one');
    writeFileSync(join(repository, 'run.sh'), '#!/bin/sh\n');
    chmodSync(join(repository, 'run.sh'), 0o700);
    mkdirSync(join(repository, 'sub/deep'), { recursive: true });
    writeFileSync(join(repository, 'sub/deep/g'), 'deep');
    first = daemon.commit(repository);
    daemon.git(repository, 'tag', '-a', 'v1', '-m', 'annotated');
    writeFileSync(join(repository, 'f'), 'two');
    second = daemon.commit(repository);
    daemon.git(repository, 'branch', 'feature/x', first);
  });

  it('checks out the head with ordinary modes under every umask, without .git', async () => {
    const before = process.umask(0);
    try {
      const context = await checkOut('plain');
      const modes = ['f', 'run.sh', 'sub'].map((path) => lstatSync(join(context.root, path)).mode & 0o7777);
      expect([context.commit, context.commitTime, modes]).toEqual([second, 1_000_000_000, [0o644, 0o755, 0o755]]);
      expect(readdirSync(context.root)).toEqual(['f', 'run.sh', 'sub']);
      expect(readFileSync(join(context.root, 'f'), 'utf8')).toBe('two');
    } finally {
      process.umask(before);
    }
  });

  it.each([
    ['a branch', 'plain#feature/x', 'one'],
    ['a tag', 'plain#v1', 'one'],
    ['a branch asked for as such', 'plain?branch=feature/x', 'one'],
    ['a tag asked for as such', 'plain?tag=v1', 'one'],
  ])('takes %s', async (_what, source, content) => {
    const context = await checkOut(source);
    expect(readFileSync(join(context.root, 'f'), 'utf8')).toBe(content);
  });

  it('takes commits, in full or abbreviated, also from a server that gives none by name', async () => {
    for (const ref of [first, first.slice(0, 10), second]) {
      const context = await checkOut(`plain#${ref}`);
      expect(readFileSync(join(context.root, 'f'), 'utf8')).toBe(ref === second ? 'two' : 'one');
    }
  });

  it('checks the commit, by a prefix', async () => {
    const context = await checkOut('plain', { checksum: second.slice(0, 12) });
    expect(existsSync(context.root)).toBe(true);
    const failure = checkOut('plain', { checksum: first });
    await expect(failure).rejects.toThrow(`expected checksum to match ${first}, got ${second}`);
    await expect(checkOut(`plain?checksum=${first}`)).rejects.toThrow('expected checksum');
    await expect(checkOut('plain', { checksum: 'abc' })).rejects.toThrow('expected checksum');
  });

  it('keeps .git when asked to, with nothing in it of this machine or hour', async () => {
    const indexes: string[] = [];
    for (const [source, keepGitDirectory] of [
      ['plain', true],
      ['plain?keep-git-dir=1', false],
    ] as const) {
      const context = await checkOut(source, { keepGitDirectory });
      expect(daemon.git(context.root, '-c', `safe.directory=${context.root}`, 'log', '--format=%H')).toBe(second);
      expect(readdirSync(join(context.root, '.git'))).not.toContain('FETCH_HEAD');
      expect(readFileSync(join(context.root, '.git/config'), 'utf8')).not.toContain('127.0.0.1');
      indexes.push(readFileSync(join(context.root, '.git/index'), 'hex'));
      expect(daemon.git(context.root, '-c', `safe.directory=${context.root}`, 'status', '--porcelain')).toBe('');
    }
    expect(indexes[0]).toBe(indexes[1]);
  });

  it('reads repositories with sha256 names', async () => {
    const path = daemon.makeRepository('sha256', '--object-format=sha256');
    writeFileSync(join(path, 'f'), '256');
    const name = daemon.commit(path);
    const context = await checkOut('sha256', { checksum: name });
    expect([name.length, readFileSync(join(context.root, 'f'), 'utf8')]).toEqual([64, '256']);
  });

  it('says what git said', async () => {
    await expect(checkOut('plain#no-such-branch')).rejects.toThrow(/git fetch failed: .*couldn't find remote ref/i);
  });
});
