import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startGitServer, type TestGitServer } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireCommand, runCommand } from '../src/command.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

const TOKEN = 'tok-5f1d7c0e9a';
const HEADER = 'Digest hdr-8b2e4d6a1c';

let bench: Workbench;
let git: TestGitServer;
let files: Server;
let elsewhere: Server;
const seen: string[] = [];
beforeAll(async () => {
  bench = await openWorkbench();
  const root = join(bench.scratch, 'repositories');
  const work = join(bench.scratch, 'work');
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
  await requireCommand(['git', 'init', '-q', '--bare', join(root, 'private.git')]);
  await requireCommand(['git', 'init', '-q', '-b', 'main', work]);
  await requireCommand(['sh', '-c', 'echo private > file && printf "FROM busybox\\nCOPY file /\\n" > Dockerfile'], {
    cwd: work,
  });
  await requireCommand(['git', 'add', '.'], { cwd: work });
  await requireCommand(['git', ...identity, 'commit', '-qm', 'one'], { cwd: work });
  await requireCommand(['git', 'push', '-q', join(root, 'private.git'), 'main'], { cwd: work });
  await requireCommand(['git', '--git-dir', join(root, 'private.git'), 'symbolic-ref', 'HEAD', 'refs/heads/main']);
  git = await startGitServer({ root, auth: { user: 'x-access-token', password: TOKEN } });
  elsewhere = await listen((authorization) => ({ status: authorization === undefined ? 200 : 500 }));
  files = await listen((authorization, url) => {
    seen.push(`${url} ${authorization ?? '-'}`);
    if (url === '/away') return { status: 302, location: `${originOf(elsewhere)}/x` };
    return { status: authorization === HEADER || authorization === `Bearer ${TOKEN}` ? 200 : 401 };
  });
});
afterAll(async () => {
  for (const server of [files, elsewhere]) server.close();
  await git[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly location?: string;
}

async function listen(answer: (authorization: string | undefined, url: string) => Answer): Promise<Server> {
  const server = createServer((request, response) => {
    const { status, location } = answer(request.headers.authorization, request.url ?? '');
    response.writeHead(status, location === undefined ? {} : { location }).end('content\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const originOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const hostOf = (server: Server) => originOf(server).replace('http://', '');
const secret = (id: string, name: string) => ['--secret', `id=${id},env=${name}`];
const env = { TOKEN, HEADER };

/** Nothing that a build wrote may hold a credential. */
async function expectNoTrace(output: string): Promise<void> {
  for (const value of [TOKEN, HEADER, Buffer.from(`x-access-token:${TOKEN}`).toString('base64')]) {
    expect(output).not.toContain(value);
    const { stdout } = await runCommand(['grep', '-rlF', value, join(bench.scratch, 'state')]);
    expect(stdout).toBe('');
  }
}

describe('credentials for ADD', () => {
  it.each([
    ['HTTP_AUTH_TOKEN', 'TOKEN', `Bearer ${TOKEN}`],
    ['HTTP_AUTH_HEADER', 'HEADER', HEADER],
  ])('%s is said to the host that it names', async (id, name, said) => {
    const context = await bench.writeContext({ Dockerfile: `FROM scratch\nADD ${originOf(files)}/${name} /\n` });
    const { output } = await bench.requireBuild({ context, env, flags: secret(`${id}_${hostOf(files)}`, name) });
    expect(seen).toContain(`/${name} ${said}`);
    await expectNoTrace(output);
    const refused = await bench.build({ context, flags: ['--no-cache'] });
    expect(refused.output).toContain('the server answered 401');
  });

  it('go nowhere else, not even by a redirect', async () => {
    const context = await bench.writeContext({ Dockerfile: `FROM scratch\nADD ${originOf(files)}/away /\n` });
    await bench.requireBuild({ context, env, flags: secret(`HTTP_AUTH_TOKEN_${hostOf(files)}`, 'TOKEN') });
    expect(seen).toContain(`/away Bearer ${TOKEN}`);
  });

  it('GIT_AUTH_TOKEN is for repositories: in ADD, as a named context and as the context', async () => {
    const url = `${git.url}/private.git`;
    const host = git.url.replace('http://', '');
    const add = await bench.writeContext({ Dockerfile: `FROM scratch\nADD ${url}#main /src/\n` });
    const { output } = await bench.requireBuild({ context: add, env, flags: secret('GIT_AUTH_TOKEN', 'TOKEN') });
    await expectNoTrace(output);
    const refused = await bench.build({ context: add, flags: ['--no-cache'] });
    expect(refused.output).toContain('authentication required');
    await bench.requireBuild({ context: url, env, flags: secret(`GIT_AUTH_TOKEN.${host}`, 'TOKEN') });
    const named = await bench.writeContext({ Dockerfile: 'FROM scratch\nCOPY --from=repo file /\n' });
    const flags = [...secret('GIT_AUTH_TOKEN', 'TOKEN'), '--build-context', `repo=${url}`];
    await bench.requireBuild({ context: named, env, flags });
  });

  it('BUILDKIT_CONTEXT_KEEP_GIT_DIR keeps .git in contexts, without a credential', async () => {
    const url = `${git.url}/private.git`;
    const context = await bench.writeContext({
      Dockerfile: 'FROM busybox\nCOPY --from=repo . /src/\nRUN test -e /src/.git/HEAD\n',
    });
    const flags = [...secret('GIT_AUTH_TOKEN', 'TOKEN'), '--build-context', `repo=${url}`];
    expect((await bench.build({ context, env, flags })).status).toBe(1);
    const { output } = await bench.requireBuild({
      context,
      env,
      flags: [...flags, '--build-arg', 'BUILDKIT_CONTEXT_KEEP_GIT_DIR=1'],
    });
    await expectNoTrace(output);
  });

  it('GIT_AUTH_HEADER is a whole header', async () => {
    const basic = `Basic ${Buffer.from(`x-access-token:${TOKEN}`).toString('base64')}`;
    const context = await bench.writeContext({ Dockerfile: `FROM scratch\nADD ${git.url}/private.git /whole/\n` });
    const flags = ['--secret', 'id=GIT_AUTH_HEADER,env=BASIC'];
    const { output } = await bench.requireBuild({ context, env: { BASIC: basic }, flags });
    await expectNoTrace(output);
  });
});
