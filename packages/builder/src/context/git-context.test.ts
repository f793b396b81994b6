import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGitContext, resolveGitCommit } from './git-context.ts';

let scratch: string;
let daemon: ChildProcess;
let address: string;
let marker: string;

const environment = { GIT_CONFIG_GLOBAL: '/dev/null', HOME: '/nonexistent' };

function git(cwd: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'protocol.file.allow=always'];
  const env = { ...process.env, ...environment, GIT_COMMITTER_DATE: '1000000000 +0000' };
  return execFileSync('git', [...identity, ...args], {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function makeRepository(name: string, ...options: string[]): string {
  const path = join(scratch, name);
  mkdirSync(path);
  git(path, 'init', '-q', '-b', 'main', ...options);
  return path;
}

function commit(repository: string): string {
  git(repository, 'add', '-A');
  git(repository, 'commit', '-q', '-m', 'x');
  return git(repository, 'rev-parse', 'HEAD');
}

async function startDaemon(): Promise<void> {
  const port = await freePort();
  const args = [
    'daemon',
    '--export-all',
    `--base-path=${scratch}`,
    '--listen=127.0.0.1',
    `--port=${port}`,
    '--verbose',
    scratch,
  ];
  daemon = spawn('git', args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
    detached: true,
  });
  await new Promise<void>((resolve) =>
    daemon.stderr?.on('data', (text) => String(text).includes('Ready') && resolve()),
  );
  address = `git://127.0.0.1:${port}`;
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'shale-git-'));
  marker = join(scratch, 'marker');
  await startDaemon();
});

afterAll(async () => {
  if (daemon.pid !== undefined && daemon.exitCode === null) {
    process.kill(-daemon.pid, 'SIGTERM');
    await once(daemon, 'exit');
  }
  rmSync(scratch, { recursive: true, force: true });
});

const open = (source: string, options: Parameters<typeof openGitContext>[1] = {}) =>
  openGitContext(`${address}/${source}`, { environment, scratchParent: scratch, ...options });

const leftovers = () => readdirSync(scratch).filter((name) => name.startsWith('shale-'));

describe('openGitContext()', () => {
  let repository: string;
  let first: string;
  let second: string;

  beforeAll(() => {
    repository = makeRepository('plain');
    writeFileSync(join(repository, 'f'), 'one');
    writeFileSync(join(repository, 'run.sh'), '#!/bin/sh\n');
    chmodSync(join(repository, 'run.sh'), 0o700);
    mkdirSync(join(repository, 'sub/deep'), { recursive: true });
    writeFileSync(join(repository, 'sub/deep/g'), 'deep');
    first = commit(repository);
    git(repository, 'tag', '-a', 'v1', '-m', 'annotated');
    writeFileSync(join(repository, 'f'), 'two');
    second = commit(repository);
    git(repository, 'branch', 'feature/x', first);
  });

  it('checks out the head with ordinary modes, readable, without .git, and cleans up', async () => {
    const before = process.umask(0);
    try {
      await using context = await open('plain');
      const modes = ['.', 'f', 'run.sh', 'sub'].map((path) => lstatSync(join(context.root, path)).mode & 0o7777);
      expect([context.kind, context.commitTime, modes]).toEqual(['git', 1_000_000_000, [0o755, 0o644, 0o755, 0o755]]);
      expect(readdirSync(context.root)).toEqual(['f', 'run.sh', 'sub']);
      expect(readFileSync(join(context.root, 'f'), 'utf8')).toBe('two');
    } finally {
      process.umask(before);
    }
    expect(leftovers()).toEqual([]);
  });

  it.each([
    ['a branch', 'plain#feature/x', 'one'],
    ['a tag', 'plain#v1', 'one'],
    ['a branch asked for as such', 'plain?branch=feature/x', 'one'],
    ['a tag asked for as such', 'plain?tag=v1', 'one'],
  ])('takes %s', async (_what, source, content) => {
    await using context = await open(source);
    expect(readFileSync(join(context.root, 'f'), 'utf8')).toBe(content);
  });

  it('takes commits, in full or abbreviated, also from a server that gives none by name', async () => {
    for (const ref of [first, first.slice(0, 10), second]) {
      await using context = await open(`plain#${ref}`);
      expect(readFileSync(join(context.root, 'f'), 'utf8')).toBe(ref === second ? 'two' : 'one');
    }
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

  it('checks the commit, by a prefix', async () => {
    await using context = await open('plain', { checksum: second.slice(0, 12) });
    expect(existsSync(context.root)).toBe(true);
    const failure = open('plain', { checksum: first });
    await expect(failure).rejects.toThrow(`expected checksum to match ${first}, got ${second}`);
    await expect(open(`plain?checksum=${first}`)).rejects.toThrow('expected checksum');
    await expect(open('plain', { checksum: 'abc' })).rejects.toThrow('expected checksum');
  });

  it('keeps .git when asked to, with nothing in it of this machine or hour', async () => {
    const indexes: string[] = [];
    for (const [source, keepGitDirectory] of [
      ['plain', true],
      ['plain?keep-git-dir=1', false],
    ] as const) {
      await using context = await open(source, { keepGitDirectory });
      expect(git(context.root, '-c', `safe.directory=${context.root}`, 'log', '--format=%H')).toBe(second);
      expect(readdirSync(join(context.root, '.git'))).not.toContain('FETCH_HEAD');
      expect(readFileSync(join(context.root, '.git/config'), 'utf8')).not.toContain('127.0.0.1');
      indexes.push(readFileSync(join(context.root, '.git/index'), 'hex'));
      expect(git(context.root, '-c', `safe.directory=${context.root}`, 'status', '--porcelain')).toBe('');
    }
    expect(indexes[0]).toBe(indexes[1]);
  });

  it('reads repositories with sha256 names', async () => {
    const path = makeRepository('sha256', '--object-format=sha256');
    writeFileSync(join(path, 'f'), '256');
    const name = commit(path);
    await using context = await open('sha256', { checksum: name });
    expect([name.length, readFileSync(join(context.root, 'f'), 'utf8')]).toEqual([64, '256']);
  });

  it('says what git said, without credentials', async () => {
    const withPassword = `${address.replace('git://', 'git://user:hunter2@')}/none`;
    const failure = await openGitContext(withPassword, { environment, scratchParent: scratch }).catch(
      (error: Error) => error,
    );
    expect(failure).toMatchObject({ code: 'GIT_FAILED' });
    expect(String(failure)).not.toContain('hunter2');
    await expect(open('plain#no-such-branch')).rejects.toThrow(/couldn't find remote ref/i);
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
});

describe('openGitContext() runs nothing that a repository brings (S95)', () => {
  it('no hook, filter, fsmonitor or submodule, whatever the repository and its attributes say', async () => {
    const inner = makeRepository('inner');
    writeFileSync(join(inner, 'x'), 'x');
    commit(inner);
    const path = makeRepository('hostile');
    mkdirSync(join(path, 'hooks'));
    writeFileSync(join(path, 'hooks/post-checkout'), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
    writeFileSync(join(path, '.gitattributes'), '* filter=evil diff=evil\n');
    writeFileSync(join(path, 'f'), 'content');
    git(path, 'submodule', '--quiet', 'add', inner, 'module');
    commit(path);
    const config = join(scratch, 'config');
    writeFileSync(
      config,
      `[filter "evil"]\nsmudge = touch ${marker}; cat\n[core]\nhooksPath = ${join(path, 'hooks')}\nfsmonitor = touch ${marker}\n`,
    );
    await using context = await open('hostile', {
      environment: { ...environment, GIT_CONFIG_GLOBAL: config, GIT_DIR: '/nowhere' },
    });
    expect(readFileSync(join(context.root, 'f'), 'utf8')).toBe('content');
    expect([readdirSync(join(context.root, 'module')), existsSync(marker)]).toEqual([[], false]);
  });

  it('and does not follow a symlink of it out of the repository (S94)', async () => {
    const path = makeRepository('links');
    symlinkSync('/etc', join(path, 'etc'));
    symlinkSync('../../../..', join(path, 'up'));
    writeFileSync(join(path, 'f'), 'inside');
    commit(path);
    await expect(open('links#main:etc')).rejects.toThrow('has no directory etc');
    await using context = await open('links#main:up');
    expect(readFileSync(join(context.root, 'f'), 'utf8')).toBe('inside');
  });
});

describe('resolveGitCommit()', () => {
  it('names the commit behind branches, tags and the head', async () => {
    const path = makeRepository('names');
    writeFileSync(join(path, 'f'), '1');
    const first = commit(path);
    git(path, 'tag', '-a', 'v1', '-m', 'annotated');
    writeFileSync(join(path, 'f'), '2');
    const second = commit(path);
    const resolve = (suffix: string) => resolveGitCommit(`${address}/names${suffix}`, { environment });
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
