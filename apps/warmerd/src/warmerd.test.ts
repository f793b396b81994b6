import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Image, parseReference } from '@shale/core';
import { openScratchDirectory, type ScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import { makeImage, startRegistry, type TestRegistry } from '@shale/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';

const execute = promisify(execFile);
const FLAGS = ['--conditions=@shale/source', '--disable-warning=ExperimentalWarning'];
const MAIN = join(import.meta.dirname, 'main.ts');
const TOKEN = 'correct-horse';

let registry: TestRegistry;
let scratch: ScratchDirectory;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry[Symbol.asyncDispose]());
beforeEach(async () => {
  scratch = await openScratchDirectory();
});
afterEach(() => scratch[Symbol.asyncDispose]());

interface LogLine {
  readonly type: string;
  readonly [fact: string]: unknown;
}

interface StartedDaemon extends AsyncDisposable {
  readonly url: string;
  readonly process: ChildProcess;
  /** The next line of this type; those before it are passed over. */
  next(type: string): Promise<LogLine>;
}

async function startDaemon(config: string, ...args: readonly string[]): Promise<StartedDaemon> {
  const child = spawn(process.execPath, [...FLAGS, MAIN, '--config', config, ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  if (child.stderr === null) throw new Error('unreachable');
  const lines = createInterface(child.stderr)[Symbol.asyncIterator]();
  const next = async (type: string): Promise<LogLine> => {
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
      const entry: LogLine = JSON.parse(line.value);
      if (entry.type === type) return entry;
    }
    throw new Error(`It ended without ${type}`);
  };
  const { port } = await next('listening');
  return {
    url: `http://127.0.0.1:${port}`,
    process: child,
    next,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function writeConfig(images: readonly string[], more: object = {}, cron = '0 0 1 1 *'): Promise<string> {
  const path = join(scratch.path, 'config.yaml');
  await writeFile(join(scratch.path, 'token'), `${TOKEN}\n`);
  const schedules = [{ name: 'bases', cron, platforms: ['linux/amd64'], images }];
  await writeFile(
    path,
    stringify({ directory: 'images', listen: '127.0.0.1:0', tokenFile: 'token', schedules, ...more }),
  );
  return path;
}

async function push(name: string, content = name): Promise<{ readonly image: string; readonly made: Image }> {
  await using client = createRegistryClient();
  const reference = parseReference(`${registry.host}/${name}`);
  const made = await makeImage(client.repository(reference), { layers: [{ content }], tag: reference.tag });
  return { image: `${registry.host}/${name}`, made };
}

async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url);
  return response.json();
}

describe('shale-warmerd', () => {
  it('warms at start, answers, and ends at once on SIGTERM', async () => {
    const { image, made } = await push('start:v1');
    await using daemon = await startDaemon(await writeConfig([image]));
    expect(await daemon.next('run.finished')).toMatchObject({ run: { warmed: 1, trigger: 'start' } });
    for (const path of ['/healthz', '/readyz']) expect((await fetch(daemon.url + path)).status).toBe(200);
    expect(await getJson(`${daemon.url}/api/images`)).toMatchObject({
      images: [{ reference: image, status: 'warmed', digest: made.manifest.digest }],
      usedBytes: expect.any(Number),
    });
    expect(await getJson(`${daemon.url}/api/runs`)).toMatchObject({ runs: [{ schedule: 'bases', warmed: 1 }] });
    const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
    expect(metrics).toContain(`shale_warmer_image_up_to_date{reference="${image}",platform="linux/amd64"} 1`);
    expect(metrics).toContain('shale_warmer_next_run_seconds{schedule="bases"}');
    const dashboard = await fetch(daemon.url);
    expect(dashboard.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await dashboard.text()).toContain('The image is up to date.');
    const startedMs = performance.now();
    daemon.process.kill('SIGTERM');
    expect(await once(daemon.process, 'exit')).toEqual([0, null]);
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });

  it('answers no page that points a name of its own at the daemon', async () => {
    const { image } = await push('host:v1');
    await using daemon = await startDaemon(await writeConfig([image], { hosts: ['warmer.example.com'] }), '--serve');
    const statusFor = async (host: string, path: string) => {
      const sent = request(daemon.url + path, { headers: { host } }).end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    };
    for (const path of ['/', '/api/images', '/metrics', '/v2/']) {
      expect(await statusFor('evil.example', path)).toBe(403);
      expect(await statusFor('warmer.example.com', path)).toBe(200);
    }
  });

  it('starts runs only for those who have the token', async () => {
    const { image } = await push('token:v1');
    await writeFile(join(scratch.path, 'secret'), 'hook');
    await using daemon = await startDaemon(await writeConfig([image], { webhookSecretFile: 'secret' }));
    await daemon.next('run.finished');
    const warm = (headers: Record<string, string>, body = '{"wait":true}') =>
      fetch(`${daemon.url}/api/warm`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...headers },
      });
    expect((await warm({})).status).toBe(401);
    expect((await warm({ authorization: 'Bearer wrong' })).status).toBe(401);
    const right = { authorization: `Bearer ${TOKEN}` };
    expect(await (await warm(right)).json()).toMatchObject({ runs: [{ unchanged: 1, trigger: 'request' }] });
    expect((await warm(right, '{"schedules":["absent"]}')).status).toBe(404);
    const broken = await warm(right, '{"images":["node:24"');
    expect(broken.status).toBe(400);
    expect(await broken.json()).toEqual({ error: 'The body is not JSON, so nothing was started' });
    expect(await getJson(`${daemon.url}/api/runs`)).toMatchObject({
      runs: [{ trigger: 'request' }, { trigger: 'start' }],
    });
    const events = [{ action: 'push', target: { repository: 'token', tag: 'v1' } }];
    const body = JSON.stringify({ events });
    const signature = `sha256=${createHmac('sha256', 'hook').update(body).digest('hex')}`;
    const hook = (sent: string) =>
      fetch(`${daemon.url}/api/hooks/registry`, { method: 'POST', body, headers: { 'x-hub-signature-256': sent } });
    expect((await hook('sha256=00')).status).toBe(401);
    const told = await hook(signature);
    expect(told.status).toBe(202);
    expect(await told.json()).toEqual({ images: [image] });
  });

  it('warms what was pushed, and nothing else', async () => {
    const images = await Promise.all(['hook:one', 'hook:two'].map(async (name) => (await push(name)).image));
    await writeFile(join(scratch.path, 'secret'), 'hook');
    await using daemon = await startDaemon(await writeConfig(images, { webhookSecretFile: 'secret' }));
    await daemon.next('run.finished');
    await registry.flushed();
    registry.clearRequests();
    const { made } = await push('hook:two', 'moved');
    registry.clearRequests();
    const hook = async (tag: string) => {
      const events = [{ action: 'push', target: { repository: 'hook', tag } }];
      const headers = { authorization: 'Bearer hook' };
      const body = JSON.stringify({ events });
      return (await fetch(`${daemon.url}/api/hooks/registry`, { method: 'POST', body, headers })).json();
    };
    expect(await hook('three')).toEqual({ images: [] });
    expect(await hook('two')).toEqual({ images: [images[1]] });
    const { run } = await daemon.next('run.finished');
    expect(run).toMatchObject({ trigger: 'webhook', warmed: 1, unchanged: 0 });
    await registry.flushed();
    expect(registry.requests().some(({ path }) => path.endsWith('/manifests/one'))).toBe(false);
    const { images: shown } = (await getJson(`${daemon.url}/api/images`)) as { images: object[] };
    expect(shown[1]).toMatchObject({ digest: made.manifest.digest, nextRunMs: expect.any(Number) });
  });

  it('watches its files and repositories, and warms what can be read when something cannot', async () => {
    const { image } = await push('watched:v1');
    const { image: later } = await push('watched:v2');
    const dockerfile = join(scratch.path, 'Dockerfile');
    await writeFile(dockerfile, `FROM ${image}\n`);
    const schedule = { name: 'files', cron: '0 0 1 1 *', platforms: ['linux/amd64'] };
    const sources = { dockerfiles: [{ path: 'Dockerfile' }], lists: ['absent.txt'] };
    const repositories = [{ url: 'git://127.0.0.1:1/none.git' }];
    const schedules = [{ ...schedule, ...sources, repositories }];
    await using daemon = await startDaemon(await writeConfig([], { schedules }));
    expect(await daemon.next('run.finished')).toMatchObject({
      run: { warmed: 1, error: expect.stringMatching(/absent\.txt[^]*git/) },
    });
    await writeFile(dockerfile, `FROM ${later}\n`);
    expect(await daemon.next('run.finished')).toMatchObject({ run: { warmed: 1, trigger: 'change' } });
  });

  it('takes over address, history and serve mode from a config that changed, and counts requests', async () => {
    const { image } = await push('reload:v1');
    await using daemon = await startDaemon(await writeConfig([image]));
    await daemon.next('run.finished');
    expect((await fetch(`${daemon.url}/v2/`)).status).toBe(404);
    const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
    expect(metrics).toContain(
      `shale_warmer_registry_requests_total{registry="${registry.host}",method="HEAD",status="200"} 1`,
    );
    await writeConfig([image], { listen: '127.0.0.2:0', serve: true, history: 'history.sqlite' });
    daemon.process.kill('SIGHUP');
    const { port } = await daemon.next('listening');
    await daemon.next('config.reloaded');
    expect((await fetch(`http://127.0.0.2:${port}/v2/`)).status).toBe(200);
    await expect(fetch(`${daemon.url}/healthz`)).rejects.toThrow();
    expect(await getJson(`http://127.0.0.2:${port}/api/runs`)).toEqual({ runs: [] });
    await writeConfig([image], { listen: '203.0.113.1:1' });
    daemon.process.kill('SIGHUP');
    await daemon.next('config.refused');
    expect((await fetch(`http://127.0.0.2:${port}/v2/`)).status).toBe(200);
  });

  it('picks up a tag that moved, keeps the copy of one that it cannot ask for, and reloads', async () => {
    const { image } = await push('moves:v1', 'old');
    const unreachable = '127.0.0.1:1/gone:v1';
    await using daemon = await startDaemon(await writeConfig([image], {}, '* * * * * *'));
    await daemon.next('run.finished');
    const { made } = await push('moves:v1', 'new');
    for (;;) {
      const { result } = await daemon.next('image.finished');
      if ((result as { digest: string }).digest === made.manifest.digest) break;
    }
    await writeConfig([image, unreachable], {}, '* * * * * *');
    daemon.process.kill('SIGHUP');
    await daemon.next('config.reloaded');
    for (;;) {
      const { run } = await daemon.next('run.finished');
      if ((run as { failed: number }).failed === 1) break;
    }
    expect(await (await fetch(daemon.url)).text()).toContain('1 of 2 images need attention.');
    await writeFile(join(scratch.path, 'config.yaml'), 'schedules: []');
    daemon.process.kill('SIGHUP');
    expect(await daemon.next('config.refused')).toMatchObject({ error: expect.stringContaining('directory') });
  }, 30_000);

  it('serves what it warmed to other tools', async () => {
    const { image, made } = await push('team/served:v1');
    await using daemon = await startDaemon(await writeConfig([image]), '--serve');
    await daemon.next('run.finished');
    const host = new URL(daemon.url).host;
    const from = `docker://${host}/team/served:v1`;
    const { stdout } = await execute('skopeo', ['inspect', '--tls-verify=false', from]);
    expect(JSON.parse(stdout).Digest).toBe(made.manifest.digest);
    const copy = ['copy', '--quiet', '--insecure-policy', '--src-tls-verify=false', from, `dir:${scratch.path}/copy`];
    await execute('skopeo', copy);
    const blob = `${daemon.url}/v2/team/served/blobs/${made.layers[0]?.descriptor.digest}`;
    expect((await fetch(blob, { headers: { range: 'bytes=2-5' } })).headers.get('content-range')).toMatch(
      /^bytes 2-5\//,
    );
    expect((await fetch(`${daemon.url}/v2/team/served/blobs/uploads/`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${daemon.url}/v2/team/absent/manifests/v1`)).status).toBe(404);
  });

  it('tells of what happens as it happens', async () => {
    const { image } = await push('events:v1');
    await using daemon = await startDaemon(await writeConfig([image]));
    await daemon.next('run.finished');
    const stop = new AbortController();
    const response = await fetch(`${daemon.url}/api/events`, { signal: stop.signal });
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    await sleep(100);
    await fetch(`${daemon.url}/api/warm`, { method: 'POST', body: '{}', headers });
    let seen = '';
    for await (const chunk of response.body ?? []) {
      seen += Buffer.from(chunk).toString();
      if (seen.includes('run.finished')) break;
    }
    expect(seen).toContain(`"reference":"${image}"`);
    stop.abort();
  });

  it('runs once, and tells what is wrong with a config', async () => {
    const { image } = await push('once:v1');
    const runOnce = (config: string) => execute(process.execPath, [...FLAGS, MAIN, '--config', config, '--once']);
    await runOnce(await writeConfig([image]));
    await expect(runOnce(await writeConfig([`${registry.host}/absent:v1`]))).rejects.toMatchObject({ code: 1 });
    const wrong = await writeConfig([image], {}, 'now and then');
    await expect(runOnce(wrong)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('not a cron pattern'),
    });
  });
});
