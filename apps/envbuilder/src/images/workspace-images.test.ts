import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { hostPlatform, parseReference } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient, staticKeychain } from '@shale/registry';
import { makeCertificate, makeImage, startRegistry, type StartRegistryOptions } from '@shale/testing';
import { warm } from '@shale/warmer';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Environment, readCommandLine } from '../options/read-options.ts';
import { workspacePaths } from '../state/workspace-paths.ts';
import { openWorkspaceImages } from './workspace-images.ts';

const LOGIN = { user: 'me', password: 'registry-word' };
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const LOGIN_CONFIG = (host: string) =>
  Buffer.from(
    `// with a comment\n${JSON.stringify({ auths: { [host]: { username: LOGIN.user, password: LOGIN.password } } })}`,
  ).toString('base64');

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** A registry with a base image, a context, and a program folder to embed. */
async function openPlace(registryOptions: StartRegistryOptions = {}) {
  await using cleanup = new AsyncDisposableStack();
  const scratch = cleanup.use(await openScratchDirectory());
  const registry = cleanup.use(await startRegistry(registryOptions));
  const at = (...names: string[]) => join(scratch.path, ...names);
  const { tls, auth } = registryOptions;
  await using maker = createRegistryClient({
    ...(tls && { ca: [readFileSync(tls.cert, 'utf8')] }),
    ...(auth && { keychain: staticKeychain(registry.host, { username: auth.user, password: auth.password }) }),
  });
  const base = `${registry.host}/base:1`;
  await makeImage(maker.repository(parseReference(base)), {
    layers: [{ 'etc/base': 'base' }],
    config: { User: 'app', Env: ['FROM_BASE=1'] },
    tag: '1',
  });
  write(at('context/file'), 'content');
  for (const name of ['bin/envbuilder', 'lib/x.so', 'state/secret']) write(at('program', name), name);
  const lines: string[] = [];
  let count = 0;
  /** Each is as in a container of its own. */
  const open = (env: Environment = {}) => {
    const line = readCommandLine([], { ENVBUILDER_BINARY_PATH: at('program/bin/envbuilder'), ...env });
    if (line.type !== 'run') throw new Error('unexpected');
    const paths = workspacePaths(at(`container-${++count}`));
    return openWorkspaceImages({
      options: line.options,
      env,
      paths,
      log: (level, text) => lines.push(`${level}: ${text}`),
    });
  };
  const plan = (text: string) => ({
    dockerfile: { name: 'Dockerfile', text },
    contextDirectory: at('context'),
    ignore: [],
  });
  const copying = plan(`FROM ${base}\nCOPY file /file\nUSER web:www\nENV A=b\n`);
  const moved = cleanup.move();
  return { at, registry, base, lines, open, plan, copying, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

const cacheRepo = (host: string) => ({ ENVBUILDER_CACHE_REPO: `${host}/cache` });

describe('build()', () => {
  it('gives the config and the tree of the image', async () => {
    await using place = await openPlace();
    await using images = place.open();
    const built = await images.build(place.copying, {});
    expect(built.start).toEqual({ user: 'web:www', env: ['FROM_BASE=1', PATH, 'A=b'] });
    let path: string;
    {
      await using tree = await built.openTree({});
      path = tree.path;
      expect(readFileSync(join(path, 'file'), 'utf8')).toBe('content');
      expect(readFileSync(join(path, 'etc/base'), 'utf8')).toBe('base');
    }
    expect(existsSync(path)).toBe(false);
    expect(place.lines).toContain('info: [stage-0 1/1] COPY file /file');
  });

  it('keeps the user of the base image where the Dockerfile has none', async () => {
    await using place = await openPlace();
    await using images = place.open();
    expect((await images.build(place.plan(`FROM ${place.base} AS a\nFROM a AS b\n`), {})).start.user).toBe('app');
  });

  it.each([
    [
      'LAYER_CACHE_DIR',
      (place: { at(name: string): string }) => ({ ENVBUILDER_LAYER_CACHE_DIR: place.at('layers') }),
      'dir',
    ],
    ['CACHE_REPO', (place: { registry: { host: string } }) => cacheRepo(place.registry.host), 'registry'],
  ])('finds layers again by %s', async (_, env, origin) => {
    await using place = await openPlace();
    for (let run = 0; run < 2; run++) {
      await using images = place.open(env(place));
      await images.build(place.copying, {});
    }
    expect(place.lines).toContain(`info: [stage-0 1/1] COPY file /file CACHED (${origin})`);
  });

  it('asks the directory before the repository, and fills both', async () => {
    await using place = await openPlace();
    const env = { ...cacheRepo(place.registry.host), ENVBUILDER_LAYER_CACHE_DIR: place.at('layers') };
    for (let run = 0; run < 2; run++) {
      await using images = place.open(env);
      await images.build(place.copying, {});
    }
    expect(place.lines).toContain('info: [stage-0 1/1] COPY file /file CACHED (dir)');
    await using other = place.open(cacheRepo(place.registry.host));
    await other.build(place.copying, {});
    expect(place.lines).toContain('info: [stage-0 1/1] COPY file /file CACHED (registry)');
  });

  it('makes again what is older than CACHE_TTL_DAYS', async () => {
    await using place = await openPlace();
    const env = { ENVBUILDER_LAYER_CACHE_DIR: place.at('layers') };
    await using first = place.open(env);
    await first.build(place.copying, {});
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 86_400_000 });
    onTestFinished(() => void vi.useRealTimers());
    place.lines.length = 0;
    await using fresh = place.open({ ...env, ENVBUILDER_CACHE_TTL_DAYS: '7' });
    await fresh.build(place.copying, {});
    expect(place.lines).toContain('info: [stage-0 1/1] COPY file /file CACHED (dir)');
    await using stale = place.open({ ...env, ENVBUILDER_CACHE_TTL_DAYS: '1' });
    await stale.build(place.copying, {});
    expect(place.lines.at(-1)).toMatch(/COPY file \/file DONE/);
  });

  it('takes base images from BASE_IMAGE_CACHE_DIR, without their registry', async () => {
    await using place = await openPlace();
    {
      await using client = createRegistryClient();
      const targets = [{ reference: parseReference(place.base), platforms: [hostPlatform()] }];
      await warm(targets, { directory: place.at('warm'), open: (reference) => client.repository(reference) });
    }
    await place.registry[Symbol.asyncDispose]();
    await using images = place.open({ ENVBUILDER_BASE_IMAGE_CACHE_DIR: place.at('warm') });
    expect((await images.build(place.copying, {})).start.user).toBe('web:www');
  });

  it('logs in with DOCKER_CONFIG_BASE64, DOCKER_CONFIG or a mounted config, and without any is not let in', async () => {
    await using place = await openPlace({ auth: LOGIN });
    const { host } = place.registry;
    await using stranger = place.open();
    await expect(stranger.build(place.copying, {})).rejects.toThrow(/401|credentials|unauthorized/i);
    await using encoded = place.open({
      ENVBUILDER_DOCKER_CONFIG_BASE64: LOGIN_CONFIG(host),
      DOCKER_CONFIG: '/nonexistent',
    });
    expect(await encoded.build(place.copying, {})).toBeDefined();
    write(place.at('docker/config.json'), Buffer.from(LOGIN_CONFIG(host), 'base64').toString().split('\n')[1] ?? '');
    for (const path of ['docker', 'docker/config.json']) {
      await using mounted = place.open({ DOCKER_CONFIG: place.at(path) });
      expect(await mounted.build(place.copying, {})).toBeDefined();
    }
  });

  it('trusts SSL_CERT_BASE64, or everybody with INSECURE', async () => {
    await using scratch = await openScratchDirectory();
    const tls = makeCertificate({ directory: scratch.path, name: 'r', alternativeNames: 'IP:127.0.0.1,DNS:localhost' });
    await using place = await openPlace({ tls });
    await using strict = place.open();
    await expect(strict.build(place.copying, {})).rejects.toThrow(/certificate/);
    await using trusting = place.open({ ENVBUILDER_SSL_CERT_BASE64: readFileSync(tls.cert).toString('base64') });
    expect(await trusting.build(place.copying, {})).toBeDefined();
    await using careless = place.open({ ENVBUILDER_INSECURE: 'true' });
    expect(await careless.build(place.copying, {})).toBeDefined();
  });

  it('asks KANIKO_REGISTRY_MIRROR for images of docker.io', async () => {
    await using place = await openPlace();
    {
      await using client = createRegistryClient();
      await makeImage(client.repository(parseReference(`${place.registry.host}/library/thing:1`)), {
        layers: [{ a: 'a' }],
        tag: '1',
      });
    }
    await using images = place.open({ KANIKO_REGISTRY_MIRROR: `${place.registry.url};http://127.0.0.1:9` });
    expect(await images.build(place.plan('FROM thing:1\n'), {})).toBeDefined();
  });

  it('goes to registries through GIT_HTTP_PROXY_URL', async () => {
    await using place = await openPlace();
    const asked: (string | undefined)[] = [];
    const proxy = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(502).end();
    });
    proxy.on('connect', (request, socket) => {
      asked.push(request.url);
      socket.end('HTTP/1.1 502 no\r\n\r\n');
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    await using images = place.open({
      ENVBUILDER_GIT_HTTP_PROXY_URL: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    });
    await expect(
      images.build(place.plan('FROM registry.invalid/x\n'), { signal: AbortSignal.timeout(20_000) }),
    ).rejects.toThrow();
    expect(asked[0]).toContain('registry.invalid');
    proxy.close();
  });

  it('refuses a cache repository with a tag', async () => {
    await using place = await openPlace();
    expect(() => place.open({ ENVBUILDER_CACHE_REPO: 'r.example/c:tag' })).toThrow('A cache repository has no tag');
  });
});

describe('push() and probe()', () => {
  it('embed the program and how the image starts, and find the image again', async () => {
    await using place = await openPlace();
    const env = { ...cacheRepo(place.registry.host), ENVBUILDER_PUSH_IMAGE: '1' };
    const probe = { ...cacheRepo(place.registry.host), ENVBUILDER_GET_CACHED_IMAGE: '1' };
    {
      await using cold = place.open(probe);
      await expect(cold.probe(place.copying, {})).rejects.toThrow(
        /^error probing build cache: uncached COPY command is not supported in cache probe mode: COPY file \/file \(Dockerfile:2\)/,
      );
    }
    await using images = place.open(env);
    const built = await images.build(place.copying, {});
    {
      await using early = place.open(probe);
      await expect(early.probe(place.copying, {})).rejects.toThrow('is not supported in cache probe mode');
    }
    const name = await images.push(built, {});
    expect(name).toMatch(new RegExp(`^${place.registry.host}/cache@sha256:[0-9a-f]{64}$`));
    expect(place.lines.join('\n')).not.toContain('workspace.invalid');
    await using later = place.open(probe);
    expect(await later.probe(place.copying, {})).toBe(name);
    await using client = createRegistryClient();
    const latest = await client.repository(parseReference(`${place.registry.host}/cache`)).headManifest('latest');
    expect(name).toContain(latest?.digest ?? 'nothing');

    await using resumed = place.open();
    const pushed = await resumed.build(place.plan(`FROM ${name}\n`), {});
    expect(pushed.start).toEqual({ user: 'root', env: built.start.env });
    await using tree = await pushed.openTree({});
    expect(readFileSync(join(tree.path, '.envbuilder/lib/x.so'), 'utf8')).toBe('lib/x.so');
    expect(existsSync(join(tree.path, '.envbuilder/state'))).toBe(false);
    expect(JSON.parse(readFileSync(join(tree.path, '.envbuilder/image'), 'utf8'))).toEqual({
      container_user: 'web:www',
      env: ['FROM_BASE=1', PATH, 'A=b'],
    });
  });

  it('name no image that nobody has pushed', async () => {
    await using place = await openPlace();
    const env = { ...cacheRepo(place.registry.host), ENVBUILDER_PUSH_IMAGE: '1' };
    await using images = place.open(env);
    const name = await images.push(await images.build(place.copying, {}), {});
    const repository = `${place.registry.url}/v2/cache/manifests/${name.split('@')[1]}`;
    expect((await fetch(repository, { method: 'DELETE' })).status).toBe(202);
    await using later = place.open(env);
    await expect(later.probe(place.copying, {})).rejects.toThrow(`there is no image ${name}`);
  });

  it('say that ADD is not probed before it was built', async () => {
    await using place = await openPlace();
    await using images = place.open({ ...cacheRepo(place.registry.host), ENVBUILDER_GET_CACHED_IMAGE: '1' });
    await expect(images.probe(place.plan(`FROM ${place.base}\nADD file /x\n`), {})).rejects.toThrow(
      'ADD is not supported in cache probe mode, use COPY instead',
    );
  });

  it('name the first step that is not cached, also of a stage that the image copies from', async () => {
    await using place = await openPlace();
    const stages = place.plan(`FROM ${place.base} AS tools\nWORKDIR /t\nFROM ${place.base}\nCOPY --from=tools /t /t\n`);
    await using cold = place.open(cacheRepo(place.registry.host));
    await expect(cold.probe(stages, {})).rejects.toThrow('uncached WORKDIR command');
  });

  it('tell of a cache that takes nothing, and of a push that fails', async () => {
    await using place = await openPlace({ auth: LOGIN });
    const env = { ENVBUILDER_CACHE_REPO: `${place.registry.host}/cache`, ENVBUILDER_PUSH_IMAGE: '1' };
    await using images = place.open(env);
    const built = await images.build(place.plan('FROM scratch\nCOPY file /file\n'), {});
    expect(place.lines.join('\n')).toMatch(/is passed over: .*(?:401|credentials|unauthorized)/i);
    await expect(images.push(built, {})).rejects.toThrow(/401|credentials|unauthorized/i);
  });
});
