import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseReference, sha256, streamOf } from '@shale/core';
import { faultProxy, makeImage, startRegistry, startTokenServer, type TokenServerOptions } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { dockerConfigKeychain } from './docker-config.ts';
import { type Keychain, staticKeychain } from './keychain.ts';
import { createRegistryClient, type RegistryClientOptions } from './registry-client.ts';

const layers = [{ a: 'a' }];

async function openTokenBench(tokens: TokenServerOptions) {
  const server = await startTokenServer(tokens);
  const registry = await startRegistry({ token: server.issuer });
  const clients: AsyncDisposable[] = [];
  return {
    server,
    registry,
    repository(name: string, options: RegistryClientOptions = {}) {
      const client = createRegistryClient({ realmHosts: { [registry.host]: [server.host] }, ...options });
      clients.push(client);
      return client.repository(parseReference(`${registry.host}/${name}`));
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('a Repository behind Basic auth', () => {
  const auth = { user: 'me', password: 'p:w' };

  it('logs in with what the keychain has', async () => {
    await using registry = await startRegistry({ auth });
    const keychain = staticKeychain(registry.host, { username: 'me', password: 'p:w' });
    await using client = createRegistryClient({ keychain });
    const image = await makeImage(client.repository(parseReference(`${registry.host}/app`)), { layers });
    expect(image.layers).toHaveLength(1);
  });

  it('logs in where a 401 does not say how', async () => {
    const expected = `Basic ${Buffer.from('me:p:w').toString('base64')}`;
    const server = createServer(({ headers }, response) => {
      response.writeHead(headers.authorization === expected ? 404 : 401).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const find = async (password: string) => {
      await using client = createRegistryClient({ keychain: staticKeychain(host, { username: 'me', password }) });
      return client.repository(parseReference(`${host}/app`)).getManifest('latest');
    };
    expect(await find('p:w')).toBeUndefined();
    await expect(find('wrong')).rejects.toMatchObject({ code: 'CREDENTIALS_INVALID' });
    server.closeAllConnections();
    server.close();
  });

  it('says when there are no credentials', async () => {
    await using registry = await startRegistry({ auth });
    await using client = createRegistryClient();
    const failure = client.repository(parseReference(`${registry.host}/app`)).getManifest('latest');
    await expect(failure).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
      status: 401,
      message: expect.stringMatching(/401 Unauthorized: UNAUTHORIZED/),
      hint: expect.stringContaining(`No credentials for ${registry.host} were found`),
    });
  });

  it('says which file the wrong credentials are from', async () => {
    await using registry = await startRegistry({ auth });
    const entry = { auth: Buffer.from('me:wrong-secret').toString('base64') };
    const text = JSON.stringify({ auths: { [registry.host]: entry } });
    const keychain = dockerConfigKeychain({ configs: [{ text, origin: '/home/me/.docker/config.json' }] });
    await using client = createRegistryClient({ keychain });
    const failure = client.repository(parseReference(`${registry.host}/app`)).getManifest('latest');
    await expect(failure).rejects.toMatchObject({
      code: 'CREDENTIALS_INVALID',
      origin: '/home/me/.docker/config.json',
      message: expect.stringMatching(
        /^The credentials from \/home\/me\/\.docker\/config\.json were not accepted: .*401/,
      ),
    });
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('wrong-secret') });
  });
});

describe('a Repository behind a token server', () => {
  it('works anonymously where that is allowed', async () => {
    await using bench = await openTokenBench({});
    const repository = bench.repository('team/app');
    const image = await makeImage(repository, { layers });
    expect((await repository.getManifest('latest'))?.digest).toBe(image.manifest.digest);
    expect(bench.server.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  it('asks for one token a scope, with the service that the challenge names', async () => {
    await using bench = await openTokenBench({});
    const repository = bench.repository('app');
    const names = Array.from({ length: 20 }, (_, index) => `t${index}`);
    await Promise.all(names.map((name) => repository.headManifest(name)));
    expect(bench.server.requests).toMatchObject([
      { method: 'GET', scopes: ['repository:app:pull'], service: 'test registry & co' },
    ]);
  });

  it('shows a password to the realm and never to the registry', async () => {
    await using bench = await openTokenBench({ users: { me: 'pw' }, allow: (user) => user === 'me' });
    const keychain = staticKeychain(bench.registry.host, { username: 'me', password: 'pw' });
    await makeImage(bench.repository('app', { keychain }), { layers });
    expect(bench.server.requests.every(({ user }) => user === 'me')).toBe(true);
  });

  it('says that credentials are wrong, and where they are from', async () => {
    await using bench = await openTokenBench({ users: { me: 'pw' } });
    const keychain = staticKeychain(bench.registry.host, { username: 'me', password: 'x', origin: '/auth.json' });
    await expect(bench.repository('app', { keychain }).getManifest('latest')).rejects.toMatchObject({
      code: 'CREDENTIALS_INVALID',
      origin: '/auth.json',
      message: expect.stringContaining('incorrect username or password'),
    });
  });

  it('says that good credentials may not do this', async () => {
    await using bench = await openTokenBench({ users: { me: 'pw' }, allow: (_, __, action) => action === 'pull' });
    const keychain = staticKeychain(bench.registry.host, { username: 'me', password: 'pw', origin: '/auth.json' });
    const repository = bench.repository('app', { keychain });
    expect(await repository.getManifest('latest')).toBeUndefined();
    await expect(makeImage(repository, { layers })).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
      status: 401,
      hint: expect.stringContaining('The user of /auth.json may not push to this repository'),
    });
  });

  it.each([false, true])('exchanges an identity token (server without POST: %s)', async (withoutPost) => {
    const users = withoutPost ? { '<token>': 'refresh' } : {};
    const allow = (user: string | undefined) => user !== undefined;
    await using bench = await openTokenBench({ users, refreshTokens: { me: 'refresh' }, allow, withoutPost });
    const keychain: Keychain = {
      resolve: async () => ({ type: 'identity-token', token: 'refresh', origin: 'test' }),
    };
    await makeImage(bench.repository('app', { keychain }), { layers });
    expect(bench.server.requests[0]).toMatchObject({ method: 'POST', service: 'test registry & co' });
  });

  it('renews a token before it ends, and once when it is refused', async () => {
    await using bench = await openTokenBench({ expiresInSeconds: 1 });
    const repository = bench.repository('app');
    await repository.headManifest('a');
    await repository.headManifest('a');
    expect(bench.server.requests).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 600));
    await repository.headManifest('a');
    expect(bench.server.requests).toHaveLength(2);

    const challenge = `Bearer realm="${bench.server.issuer.realm}",service="${bench.server.issuer.service}"`;
    const refuse = { respond: { status: 401, headers: { 'www-authenticate': challenge } } };
    await using proxy = await faultProxy(bench.registry.url, [{ path: /manifests/, nth: [2, 4, 5], fault: refuse }]);
    await using client = createRegistryClient();
    const through = client.repository(parseReference(`${proxy.host}/app`));
    await through.headManifest('a');
    expect(await through.headManifest('a')).toBeUndefined();
    await expect(through.headManifest('a')).rejects.toMatchObject({ status: 401 });
  });

  it('asks for both scopes to mount', async () => {
    await using bench = await openTokenBench({ users: { me: 'pw' } });
    const bytes = Buffer.from('blob');
    const blob = { mediaType: 'application/octet-stream', digest: sha256(bytes), size: bytes.byteLength };
    const content = () => streamOf(bytes);
    await bench.repository('base').put(blob, content);
    let reads = 0;
    const counted = () => {
      reads += 1;
      return content();
    };
    await bench.repository('app').put(blob, counted, { mountFrom: ['nothing/here', 'base'] });
    expect(reads).toBeLessThanOrEqual(1);
    const scopes = ['repository:app:pull,push', 'repository:nothing/here:pull'];
    expect(bench.server.requests.map((request) => request.scopes)).toContainEqual(scopes);
  });
});

describe('realms that must not be trusted', () => {
  const realmBench = async (realm: string, keychain?: Keychain, allowed: readonly string[] = []) => {
    const registry = await startRegistry();
    const challenge = `Bearer realm="${realm}",service="x"`;
    const proxy = await faultProxy(registry.url, [
      { fault: { respond: { status: 401, headers: { 'www-authenticate': challenge } } } },
    ]);
    const realmHosts = { [proxy.host]: allowed };
    const client = createRegistryClient({ ...(keychain && { keychain }), realmHosts, retry: { tries: 1 } });
    return {
      ask: () => client.repository(parseReference(`${proxy.host}/app`)).getManifest('a'),
      async [Symbol.asyncDispose]() {
        await client[Symbol.asyncDispose]();
        await proxy[Symbol.asyncDispose]();
        await registry[Symbol.asyncDispose]();
      },
    };
  };

  it.each(['http://169.254.169.254/latest', 'http://[fd00:ec2::254]/', 'http://0251.0376.0251.0376/'])(
    'never leads to %s',
    async (realm) => {
      await using bench = await realmBench(realm);
      await expect(bench.ask()).rejects.toMatchObject({ code: 'AUTH_REALM_REFUSED' });
    },
  );

  it('sends no credentials to another host', async () => {
    await using server = await startTokenServer({ users: { me: 'pw' } });
    const keychain: Keychain = {
      resolve: async () => ({ type: 'password', username: 'me', password: 'pw', origin: '/auth.json' }),
    };
    const port = server.host.split(':')[1];
    await using bench = await realmBench(`http://localhost:${port}/token`, keychain);
    await expect(bench.ask()).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' });
    expect(server.requests.length).toBeGreaterThan(0);
    expect(server.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  it('sends no credentials to another port of the same host, unless that is allowed', async () => {
    await using server = await startTokenServer({ users: { me: 'pw' } });
    const keychain: Keychain = {
      resolve: async () => ({ type: 'password', username: 'me', password: 'pw', origin: '/auth.json' }),
    };
    await using bench = await realmBench(`http://${server.host}/token`, keychain);
    await expect(bench.ask()).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
      hint: expect.stringContaining(`not sent: ${server.host} is another host or port`),
    });
    expect(server.requests.length).toBeGreaterThan(0);
    expect(server.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
    await using allowed = await realmBench(`http://${server.host}/token`, keychain, [server.host]);
    await allowed.ask().catch(() => undefined);
    expect(server.requests.at(-1)?.authorization).toMatch(/^Basic /);
  });

  it('follows no redirect from a realm', async () => {
    await using target = await startTokenServer();
    await using realm = await faultProxy('http://127.0.0.1:1', [
      { fault: { respond: { status: 302, headers: { location: `http://${target.host}/token` } } } },
    ]);
    await using bench = await realmBench(`${realm.url}/token`);
    await expect(bench.ask()).rejects.toMatchObject({ code: 'REGISTRY_REFUSED', status: 302 });
    expect(target.requests).toEqual([]);
  });

  it.each([
    ['x'.repeat(2 * 1024 * 1024), /not JSON|no usable token/],
    ['<html>login</html>', /not JSON/],
    ['{"token": "a\\r\\nb"}', /no usable token/],
    ['{"token": 5}', /no usable token/],
  ])('takes no token from a body like %.20s', async (body, message) => {
    await using realm = await faultProxy('http://127.0.0.1:1', [{ fault: { respond: { status: 200, body } } }]);
    await using bench = await realmBench(`${realm.url}/token`);
    await expect(bench.ask()).rejects.toThrow(message);
  });

  it('asks for a service and a scope that hold anything, encoded', async () => {
    await using server = await startTokenServer();
    await using registry = await startRegistry();
    const header = `Bearer realm="http://${server.host}/token",service="a&b#c d",scope="repository:x&y=z:pull"`;
    await using proxy = await faultProxy(registry.url, [
      { path: /manifests/, nth: 1, fault: { respond: { status: 401, headers: { 'www-authenticate': header } } } },
    ]);
    await using client = createRegistryClient();
    await client.repository(parseReference(`${proxy.host}/app`)).getManifest('a');
    expect(server.requests).toMatchObject([
      { service: 'a&b#c d', scopes: ['repository:app:pull', 'repository:x&y=z:pull'] },
    ]);
  });
});
