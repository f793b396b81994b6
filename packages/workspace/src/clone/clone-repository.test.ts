import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { makeCertificate, startGitServer, type StartGitServerOptions, startSshServer } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CloneOptions, cloneRepository } from './clone-repository.ts';
import { parseRepositoryAddress } from './repository-address.ts';

const GIT = { path: 'git', env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' } };

function git(cwd: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'safe.directory=*'];
  const local = ['-c', 'protocol.file.allow=always', '-c', 'init.defaultBranch=trunk'];
  return execFileSync('git', [...identity, ...local, ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** A bare repository `app.git` with the branches trunk and dev, the tag v1, a hidden pull request and a submodule. */
function makeRepository(root: string): { readonly first: string } {
  const work = join(root, 'work');
  const library = join(root, 'library');
  for (const directory of [work, library]) {
    mkdirSync(directory);
    git(directory, 'init', '-q');
  }
  write(join(library, 'lib.c'), 'library');
  git(library, 'add', '.');
  git(library, 'commit', '-qm', 'library');
  git(root, 'clone', '-q', '--bare', library, 'library.git');
  write(join(work, 'file'), 'one');
  git(work, 'add', '.');
  git(work, 'commit', '-qm', 'one');
  git(work, 'tag', '-m', 'one', 'v1');
  const first = git(work, 'rev-parse', 'HEAD');
  write(join(work, 'file'), 'two');
  git(work, 'submodule', '--quiet', 'add', '../library.git', 'vendor/library');
  git(work, 'commit', '-qam', 'two');
  git(work, 'branch', 'dev', first);
  write(join(work, 'file'), 'pull request');
  git(work, 'commit', '-qam', 'pull request');
  git(work, 'update-ref', 'refs/pull/7/head', 'HEAD');
  git(work, 'reset', '-q', '--hard', 'HEAD^');
  git(root, 'clone', '-q', '--bare', work, 'app.git');
  git(join(root, 'app.git'), 'fetch', '-q', work, 'refs/pull/7/head:refs/pull/7/head');
  return { first };
}

const shared = { root: '', first: '' };
let kept: AsyncDisposable;

beforeAll(async () => {
  const scratch = await openScratchDirectory();
  Object.assign(shared, { root: scratch.path, ...makeRepository(scratch.path) });
  kept = scratch;
});

afterAll(() => kept[Symbol.asyncDispose]());

async function openPlace(server: Omit<StartGitServerOptions, 'root'> = {}) {
  await using cleanup = new AsyncDisposableStack();
  const scratch = cleanup.use(await openScratchDirectory());
  const { root } = shared;
  const { url, requests } = cleanup.use(await startGitServer({ root, ...server }));
  const directory = join(scratch.path, 'workspace');
  const privateDir = join(scratch.path, 'private');
  const clone = (address: string, options: Partial<CloneOptions> = {}) =>
    cloneRepository({
      address: parseRepositoryAddress(address),
      directory,
      git: GIT,
      access: {},
      privateDir,
      ...options,
    });
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');
  const moved = cleanup.move();
  const dispose = () => moved.disposeAsync();
  return {
    ...shared,
    scratch: scratch.path,
    url,
    requests,
    directory,
    privateDir,
    clone,
    read,
    [Symbol.asyncDispose]: dispose,
  };
}

const LOGIN = { auth: { user: 'me', password: 's3cret-word' } };

describe('cloneRepository()', () => {
  it('clones the default branch, whatever its name, and leaves a repository that is there alone', async () => {
    await using place = await openPlace();
    expect(await place.clone(`${place.url}/app.git`)).toBe(true);
    expect(place.read('file')).toBe('two');
    expect(git(place.directory, 'symbolic-ref', 'HEAD')).toBe('refs/heads/trunk');
    expect(git(place.directory, 'rev-parse', '--abbrev-ref', 'trunk@{upstream}')).toBe('origin/trunk');
    expect(git(place.directory, 'rev-parse', '--abbrev-ref', 'origin/HEAD')).toBe('origin/trunk');
    expect(git(place.directory, 'branch', '-r')).toContain('origin/dev');
    expect(git(place.directory, 'status', '--porcelain')).toBe('');
    writeFileSync(join(place.directory, 'file'), 'edited');
    expect(await place.clone(`${place.url}/app.git`)).toBe(false);
    expect(place.read('file')).toBe('edited');
    expect(existsSync(place.privateDir)).toBe(false);
  });

  it.each([
    ['dev', 'one', 'refs/heads/dev'],
    ['refs/heads/dev', 'one', 'refs/heads/dev'],
    ['v1', 'one', undefined],
    ['refs/tags/v1', 'one', undefined],
    ['pull/7/head', 'pull request', undefined],
    ['refs/pull/7/head', 'pull request', undefined],
  ])('takes #%s', async (ref, content, branch) => {
    await using place = await openPlace();
    await place.clone(`${place.url}/app.git#${ref}`, { submodules: 0 });
    expect(place.read('file')).toBe(content);
    if (branch !== undefined) expect(git(place.directory, 'symbolic-ref', 'HEAD')).toBe(branch);
  });

  it.each([0, 1])('takes a commit, whole or in part, with depth %i', async (depth) => {
    await using place = await openPlace();
    await place.clone(`${place.url}/app.git#${place.first}`, { depth });
    expect(place.read('file')).toBe('one');
    const short = join(place.scratch, 'short');
    await place.clone(`${place.url}/app.git#${place.first.slice(0, 9)}`, { directory: short, depth });
    expect(readFileSync(join(short, 'file'), 'utf8')).toBe('one');
  });

  it('says which ref is not there, and leaves nothing behind', async () => {
    await using place = await openPlace();
    await expect(place.clone(`${place.url}/app.git#nope`)).rejects.toThrow(`couldn't find remote ref "nope"`);
    expect(readdirSync(place.directory)).toEqual([]);
  });

  it('keeps to a depth and to one branch', async () => {
    await using place = await openPlace();
    await place.clone(`${place.url}/app.git`, { depth: 1, singleBranch: true });
    expect(git(place.directory, 'rev-list', '--count', 'HEAD')).toBe('1');
    expect(git(place.directory, 'branch', '-r')).not.toContain('origin/dev');
  });

  it('runs git once, which asks the server once', async () => {
    await using place = await openPlace();
    await place.clone(`${place.url}/app.git#dev`);
    expect(place.requests.filter((request) => request.includes('info/refs'))).toHaveLength(1);
  });

  it.each([1, 0])('clones all of the history from a server that cannot send a part: depth %i', async (depth) => {
    await using place = await openPlace();
    git(join(place.root, 'app.git'), 'update-server-info');
    const files = createServer((request, response) => {
      const path = join(place.root, new URL(request.url ?? '', 'http://h').pathname);
      if (existsSync(path)) response.end(readFileSync(path));
      else response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await once(files, 'listening');
    const url = `http://127.0.0.1:${(files.address() as AddressInfo).port}/app.git`;
    for (const ref of ['', `#${place.first}`]) {
      const directory = join(place.scratch, `clone${ref}`);
      await place.clone(`${url}${ref}`, { directory, depth, singleBranch: true });
      expect(readFileSync(join(directory, 'file'), 'utf8')).toBe(ref === '' ? 'two' : 'one');
    }
    files.closeAllConnections();
    files.close();
  });

  it('clones into a directory that is not empty: its own files win, the rest stays', async () => {
    await using place = await openPlace();
    write(join(place.directory, 'lost+found/x'), 'x');
    write(join(place.directory, 'file'), 'old');
    write(join(place.directory, '.envbuilder-clone/half'), 'of a clone that was cut short');
    await place.clone(`${place.url}/app.git`);
    expect(place.read('file')).toBe('two');
    expect(place.read('lost+found/x')).toBe('x');
    expect(existsSync(join(place.directory, '.envbuilder-clone'))).toBe(false);
  });

  it('clones submodules when asked, with the same credentials', async () => {
    await using place = await openPlace(LOGIN);
    const access = { username: 'me', password: 's3cret-word' };
    await place.clone(`${place.url}/app.git`, { access, submodules: 10 });
    expect(place.read('vendor/library/lib.c')).toBe('library');
    expect(git(place.directory, 'submodule', 'status')).toMatch(/^\w+ vendor\/library/);
    expect(git(join(place.directory, 'vendor/library'), 'status', '--porcelain')).toBe('');
    const other = join(place.scratch, 'other');
    await place.clone(`${place.url}/app.git`, { access, directory: other });
    expect(readdirSync(join(other, 'vendor/library'))).toEqual([]);
  });

  it.each([
    ['by options', (url: string) => url, { username: 'me', password: 's3cret-word' }],
    ['in the URL', (url: string) => url.replace('://', '://me:s3cret-word@'), {}],
    [
      'by options rather than the URL',
      (url: string) => url.replace('://', '://x:y@'),
      { username: 'me', password: 's3cret-word' },
    ],
  ])('sends credentials given %s, and writes them nowhere', async (_, address, access) => {
    await using place = await openPlace(LOGIN);
    await place.clone(address(`${place.url}/app.git`), { access });
    expect(place.read('file')).toBe('two');
    expect(place.read('.git/config')).toContain(`url = ${place.url}/app.git`);
    const found = spawnSync('grep', ['-rlE', 's3cret-word|bWU6czNjcmV0LXdvcmQ', place.directory], { encoding: 'utf8' });
    expect(found).toMatchObject({ status: 1, stdout: '' });
  });

  it.each([{}, { username: 'me', password: 'wrong-word' }])(
    'says that authentication is required: %o',
    async (access) => {
      await using place = await openPlace(LOGIN);
      const failure = await place.clone(`${place.url}/app.git`, { access }).catch((error: Error) => error);
      expect(failure).toMatchObject({
        code: 'GIT_ACCESS_DENIED',
        message: expect.stringContaining('authentication required'),
      });
      expect(String(failure)).not.toMatch(/wrong-word|could not read/);
    },
  );

  it('trusts a certificate that it is given, or any when told so', async () => {
    await using scratch = await openScratchDirectory();
    const tls = makeCertificate({ directory: scratch.path, name: 'git', alternativeNames: 'IP:127.0.0.1' });
    await using place = await openPlace({ tls });
    await expect(place.clone(`${place.url}/app.git`)).rejects.toThrow(/certificate/);
    await place.clone(`${place.url}/app.git`, { access: { certificates: readFileSync(tls.cert, 'utf8') } });
    expect(place.read('file')).toBe('two');
    const other = join(place.scratch, 'other');
    expect(await place.clone(`${place.url}/app.git`, { access: { insecure: true }, directory: other })).toBe(true);
  });

  it('goes through a proxy', async () => {
    await using place = await openPlace();
    const asked: (string | undefined)[] = [];
    const proxy = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(502).end();
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const access = { proxy: `http://127.0.0.1:${port}` };
    await expect(place.clone('http://repository.invalid/app.git', { access })).rejects.toThrow('502');
    expect(asked[0]).toContain('http://repository.invalid/app.git/info/refs');
    proxy.close();
  });

  it('clones a path, and an empty repository', async () => {
    await using place = await openPlace();
    expect(await place.clone(join(place.root, 'app.git'))).toBe(true);
    expect(place.read('file')).toBe('two');
    git(place.root, 'init', '-q', '--bare', 'empty.git');
    const empty = join(place.scratch, 'empty');
    expect(await place.clone(`${place.url}/empty.git`, { directory: empty })).toBe(true);
    expect(existsSync(join(empty, '.git/HEAD'))).toBe(true);
  });

  it('stops when it is told to', async () => {
    await using place = await openPlace();
    await expect(place.clone(`${place.url}/app.git`, { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    expect(readdirSync(place.directory)).toEqual([]);
  });
});

describe('cloneRepository() by ssh', () => {
  it('uses a key, tells the host key that it accepted, and leaves no file of either', async () => {
    await using place = await openPlace();
    await using ssh = await startSshServer();
    const address = `ssh://root@127.0.0.1:${ssh.port}${place.root}/app.git`;
    const access = { ssh: { privateKey: readFileSync(ssh.clientKey, 'utf8') } };
    const keys: string[] = [];
    await place.clone(address, { access, onHostKey: (key) => keys.push(key) });
    expect(place.read('file')).toBe('two');
    expect(keys).toEqual([ssh.knownHost.split(' ').slice(1).join(' ').trim()]);
    expect(readdirSync(place.privateDir)).toEqual([]);
  });

  it('verifies the host key when there is a file of known ones', async () => {
    await using place = await openPlace();
    await using ssh = await startSshServer();
    const address = `ssh://root@127.0.0.1:${ssh.port}${place.root}/app.git`;
    const knownHosts = join(place.scratch, 'known');
    const access = { ssh: { privateKey: readFileSync(ssh.clientKey, 'utf8'), knownHosts } };
    writeFileSync(knownHosts, '');
    await expect(place.clone(address, { access })).rejects.toThrow('handshake failed');
    writeFileSync(knownHosts, ssh.knownHost);
    expect(await place.clone(address, { access })).toBe(true);
  });

  it('says that the handshake failed without the right key', async () => {
    await using place = await openPlace();
    await using ssh = await startSshServer();
    const address = `ssh://root@127.0.0.1:${ssh.port}${place.root}/app.git`;
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(place.scratch, 'wrong')]);
    const access = { ssh: { privateKey: readFileSync(join(place.scratch, 'wrong'), 'utf8') } };
    await expect(place.clone(address, { access })).rejects.toThrow('handshake failed');
  });
});
