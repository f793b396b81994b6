import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openScratchDirectory, type ScratchDirectory } from '@shale/core/files';
import { startGitServer } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkOutCommit } from './check-out-commit.ts';
import { parseGitRemote } from './git-remote.ts';
import { openGitSession } from './git-session.ts';
import { parseGitSource } from './git-source.ts';
import { resolveGitCommit } from './resolve-git-commit.ts';
import { runGit } from './run-git.ts';

const PASSWORD = 'hunter2-word';
const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' };

let scratch: ScratchDirectory;
let marker: string;
beforeAll(async () => {
  scratch = await openScratchDirectory();
  marker = join(scratch.path, 'marker');
});
afterAll(() => scratch[Symbol.asyncDispose]());

function git(cwd: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'protocol.file.allow=always'];
  return execFileSync('git', [...identity, ...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A repository `NAME.git` in the scratch directory. */
function makeRepository(name: string, fill: (directory: string) => void): string {
  const work = join(scratch.path, name);
  mkdirSync(work);
  git(work, 'init', '-q', '-b', 'main');
  fill(work);
  git(work, 'add', '.');
  git(work, 'commit', '-qm', name);
  git(scratch.path, 'clone', '-q', '--bare', work, `${name}.git`);
  return `${work}.git`;
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
const originOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function checkOut(url: string, home: string = env.HOME, more: Readonly<Record<string, string>> = {}) {
  const directory = join(scratch.path, `checkout-${readdirSync(scratch.path).length}`);
  mkdirSync(directory);
  const program = { env: { ...env, HOME: home, ...more }, readsUserSettings: true };
  await checkOutCommit(parseGitSource(url), { directory, program });
  return directory;
}

/** Command lines of all processes that run now. */
function commandLines(): string {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids
    .map(commandLine)
    .filter((line) => /git|ssh|sh /.test(line))
    .join('\n');
}

function commandLine(id: string): string {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // it has ended
  }
}

describe('a repository cannot run a program', () => {
  it('by a filter of the user that its attributes name, or by hooks or fsmonitor of the user', async () => {
    const root = scratch.path;
    makeRepository('filtered', (work) => {
      writeFileSync(join(work, '.gitattributes'), '* filter=evil diff=evil\n');
      writeFileSync(join(work, 'f'), 'content');
    });
    const home = join(root, 'home');
    mkdirSync(join(home, 'hooks'), { recursive: true });
    writeFileSync(join(home, 'hooks/post-checkout'), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
    const filter = `[filter "evil"]\nsmudge = "touch ${marker}; cat"\n`;
    const core = `[core]\nhooksPath = ${home}/hooks\nfsmonitor = touch ${marker}\n`;
    writeFileSync(join(home, '.gitconfig'), filter + core);
    await using server = await startGitServer({ root });
    const directory = await checkOut(`${server.url}/filtered.git`, home);
    expect([readFileSync(join(directory, 'f'), 'utf8'), existsSync(marker)]).toEqual(['content', false]);
  });

  it('by a submodule, which is not even fetched', async () => {
    const root = scratch.path;
    const inner = makeRepository('inner', (work) => writeFileSync(join(work, 'x'), 'x'));
    makeRepository('outer', (work) => git(work, 'submodule', '--quiet', 'add', inner, 'module'));
    await using server = await startGitServer({ root });
    const directory = await checkOut(`${server.url}/outer.git`);
    expect(readdirSync(join(directory, 'module'))).toEqual([]);
  });

  it.each([`ext::sh -c 'touch MARKER'`, 'fd::7', '--upload-pack=touch MARKER', 'file:///etc'])(
    'by the address %s',
    async (address) => {
      const url = address.replace('MARKER', marker);
      await expect(runGit(['ls-remote', '--', url], { cwd: '/', program: { env } })).rejects.toThrow('failed');
      await expect(resolveGitCommit(url)).rejects.toThrow('Not a git source');
      expect(existsSync(marker)).toBe(false);
    },
  );

  it('and a link in it is checked out as a link', async () => {
    const root = scratch.path;
    makeRepository('links', (work) => symlinkSync('/etc', join(work, 'etc')));
    await using server = await startGitServer({ root });
    const directory = await checkOut(`${server.url}/links.git`);
    expect(readdirSync(directory, { withFileTypes: true }).map((entry) => entry.isSymbolicLink())).toEqual([true]);
  });
});

describe('the environment cannot redirect git', () => {
  it('by GIT_DIR, a program to ask for passwords, or settings', async () => {
    const root = scratch.path;
    const hostile = join(root, 'hostile.sh');
    writeFileSync(hostile, `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
    await using server = await startGitServer({ root, auth: { user: 'me', password: PASSWORD } });
    const settings = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.askPass', GIT_CONFIG_VALUE_0: hostile };
    const hostileEnv = { GIT_DIR: '/nowhere', GIT_ASKPASS: hostile, SSH_ASKPASS: hostile, ...settings };
    const failure = resolveGitCommit(`${server.url}/x.git`, { program: { env: { ...env, ...hostileEnv } } });
    await expect(failure).rejects.toMatchObject({
      code: 'GIT_ACCESS_DENIED',
      reason: 'authentication',
      message: `authentication required: git ls-remote failed: no credentials that '${server.url}' accepts were given`,
    });
    expect(existsSync(marker)).toBe(false);
  });

  it('but may narrow the transports', async () => {
    const failure = resolveGitCommit('http://127.0.0.1:9/x.git', {
      program: { env: { ...env, GIT_ALLOW_PROTOCOL: 'none' } },
    });
    await expect(failure).rejects.toThrow("transport 'http' not allowed");
  });
});

describe('a password', () => {
  const TOKEN = Buffer.from(`me:${PASSWORD}`).toString('base64');

  it.each([
    ['in the URL', `http://me:${PASSWORD}@`, {}],
    ['given as such', 'http://', { username: 'me', password: PASSWORD }],
    ['in a header', 'http://', { authorization: `Bearer ${PASSWORD}` }],
  ])('%s is in no command line while a slow server is waited for', async (_, scheme, access) => {
    const { promise: asked, resolve } = Promise.withResolvers<ServerResponse>();
    const server = await listen((request, response) => {
      if (request.headers.authorization !== undefined) return resolve(response);
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    });
    const url = `${originOf(server).replace('http://', scheme)}/a.git`;
    const outcome = resolveGitCommit(url, { program: { env }, access }).catch((error: Error) => error.message);
    const response = await asked;
    const seen = commandLines();
    expect(seen).toContain('ls-remote -- http://127.0.0.1');
    expect(seen).toContain('remote-http');
    expect(seen).not.toContain(PASSWORD);
    response.writeHead(403).end(`no ${PASSWORD}`);
    expect(await outcome).not.toContain(PASSWORD);
    server.close();
  });

  it('of a git or ssh address is on no command line either, and in no message', async () => {
    const silent = createTcpServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const controller = new AbortController();
    for (const scheme of ['git', 'ssh']) {
      const url = `${scheme}://me:${PASSWORD}@127.0.0.1:${port}/x`;
      const options = { program: { env }, signal: controller.signal };
      const outcome = resolveGitCommit(url, options).catch((error: Error) => error.message);
      const [socket] = (await once(silent, 'connection')) as [{ destroy(): void }];
      expect(commandLines()).not.toContain(PASSWORD);
      socket.destroy();
      expect(await outcome).not.toContain(PASSWORD);
    }
    silent.close();
  });

  it.each([
    ['user name and password', { username: 'me', password: PASSWORD }],
    ['basic header', { authorization: `Basic ${TOKEN}` }],
    ['bearer header', { authorization: `Bearer ${PASSWORD}` }],
    ['password without a name', { password: PASSWORD }],
  ])('is not sent to where a server redirects: %s', async (_, access) => {
    const stolen: (string | undefined)[] = [];
    const thief = await listen((request, response) => {
      stolen.push(request.headers.authorization);
      if (request.method === 'POST') return response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      const line = (text: string) => `${(text.length + 4).toString(16).padStart(4, '0')}${text}`;
      const protocol = [line('version 2\n'), line('ls-refs\n'), line('object-format=sha1\n')].join('');
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
      response.end(`${line('# service=git-upload-pack\n')}0000${protocol}0000`);
    });
    const server = await listen((request, response) => {
      const location = `${originOf(thief)}${request.url}`;
      if (request.headers.authorization === undefined)
        return response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      response.writeHead(302, { location }).end();
    });
    const failure = resolveGitCommit(`${originOf(server)}/a.git`, { program: { env }, access });
    await expect(failure).rejects.toThrow('ls-remote failed');
    expect(stolen.filter((header) => header !== undefined)).toEqual([]);
    server.close();
    thief.close();
  });

  it('with a line end cannot say more than it is', async () => {
    const access = { username: 'me', password: 'x\nhost=other.example' };
    const failure = resolveGitCommit('http://127.0.0.1:9/x.git', { access });
    await expect(failure).rejects.toThrow('have a line end');
    const header = { authorization: 'Bearer x\r\nX-Other: y' };
    await expect(resolveGitCommit('http://127.0.0.1:9/x.git', { access: header })).rejects.toThrow('have a line end');
  });

  it('in a file is readable by this user only, and gone after', () => {
    const privateDir = join(scratch.path, 'private');
    const access = { ssh: { privateKey: 'key' }, certificates: 'pem' };
    {
      using _ = openGitSession(parseGitRemote('ssh://h/r'), { access, privateDir });
      const modes = execFileSync('find', [privateDir, '-printf', '%m '], { encoding: 'utf8' });
      expect(modes).toBe('700 700 600 ');
    }
    expect(readdirSync(privateDir)).toEqual([]);
  });
});

describe('git is bounded', () => {
  it('by what it prints', async () => {
    const root = scratch.path;
    makeRepository('large', (work) => writeFileSync(join(work, 'f'), 'x'.repeat(100_000)));
    const call = { cwd: join(root, 'large'), program: { env }, maxOutputBytes: 50_000 };
    await expect(runGit(['cat-file', 'blob', 'HEAD:f'], call)).rejects.toThrow('more than 50000 bytes');
  });

  it('by a signal, which ends its helpers too', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const server = await listen(() => resolve());
    const controller = new AbortController();
    const options = { program: { env }, signal: controller.signal };
    const url = `${originOf(server)}/unanswered.git`;
    const outcome = resolveGitCommit(url, options).catch((error: Error) => error.message);
    await asked;
    controller.abort(new Error('enough'));
    expect(await outcome).toBe('enough');
    await expect.poll(() => commandLines().includes(url)).toBe(false);
    server.closeAllConnections();
    server.close();
  });
});
