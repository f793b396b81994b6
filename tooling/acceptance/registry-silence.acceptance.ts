import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { formatReference, parseReference, type ProgressEvent, readBytes, sha256, streamOf } from '@shale/core';
import { createRegistryClient, type RegistryClientOptions } from '@shale/registry';
import { type FaultRule, faultProxy, makeImage, startRegistry, startTokenServer } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { openWorkbench } from '../e2e/workbench.ts';

const LIMIT_MS = 60_000;
const MIB = 1024 * 1024;
const HANGS: FaultRule['fault'] = { delayMs: 3_600_000 };
const BYTES = Buffer.alloc(4 * MIB, 'x');
const BLOB = { mediaType: 'application/octet-stream', digest: sha256(BYTES), size: BYTES.byteLength };

type Repository = ReturnType<ReturnType<typeof createRegistryClient>['repository']>;

/** Fails as `work` does, with how long that took and which waits were reported meanwhile. */
async function failureOf(host: string, work: (repository: Repository) => Promise<unknown>) {
  const waits: Extract<ProgressEvent, { type: 'waiting' }>[] = [];
  const onProgress: RegistryClientOptions['onProgress'] = (event) => {
    if (event.type === 'waiting') waits.push(event);
  };
  await using client = createRegistryClient({ onProgress });
  const startedMs = Date.now();
  const error = await work(client.repository(parseReference(`${host}/app`))).catch((failure: unknown) => failure);
  return { error, waits, tookMs: Date.now() - startedMs };
}

/** A registry behind a proxy that breaks what `rules` say, from when `prepare` is done. */
async function openRegistry(rules: readonly FaultRule[]) {
  const registry = await startRegistry();
  {
    await using client = createRegistryClient();
    await client.repository(parseReference(`${registry.host}/app`)).put(BLOB, () => streamOf(BYTES));
  }
  const proxy = await faultProxy(registry.url, rules);
  return {
    host: proxy.host,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

/** Answers with a byte of a header each second, and never comes to an end. */
async function openSlowHeaders() {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nx-slow: ');
      const timer = setInterval(() => socket.write('x'), 1000);
      socket.on('close', () => clearInterval(timer));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

const push = (repository: Repository) => {
  const bytes = Buffer.from('a new blob');
  return repository.put({ ...BLOB, digest: sha256(bytes), size: bytes.byteLength }, () => streamOf(bytes));
};
const pull = (repository: Repository) => readBytes(repository.read(BLOB));

describe.concurrent('a permanent failure is reported within a minute, and its waits meanwhile', () => {
  it('for a PUT that is never answered', { timeout: 2 * LIMIT_MS }, async () => {
    await using registry = await openRegistry([{ method: 'PUT', path: /blobs/, fault: HANGS }]);
    const { error, waits, tookMs } = await failureOf(registry.host, push);
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE', method: 'PUT' });
    expect(waits[0]?.reason).toMatch(/^no answer to PUT \/v2\/app\/blobs\/uploads\/\S+ yet$/);
    expect(tookMs).toBeLessThan(LIMIT_MS);
  });

  it('for a Retry-After of a year', async () => {
    const busy = { status: 503, headers: { 'retry-after': '31536000' } };
    await using registry = await openRegistry([{ path: /blobs/, fault: { respond: busy } }]);
    const { error, tookMs } = await failureOf(registry.host, pull);
    expect(error).toMatchObject({ code: 'REGISTRY_REFUSED', status: 503 });
    expect(tookMs).toBeLessThan(5000);
  });

  it('for a token endpoint that hangs', { timeout: 2 * LIMIT_MS }, async () => {
    await using tokens = await startTokenServer();
    await using realm = await faultProxy(`http://${tokens.host}`, [{ fault: HANGS }]);
    const challenge = `Bearer realm="${realm.url}/token",service="x"`;
    const refused = { status: 401, headers: { 'www-authenticate': challenge } };
    await using registry = await openRegistry([{ fault: { respond: refused } }]);
    const { error, waits, tookMs } = await failureOf(registry.host, pull);
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    expect(waits[0]).toMatchObject({ host: realm.host, reason: 'no answer to GET /token yet' });
    expect(tookMs).toBeLessThan(LIMIT_MS);
  });

  it('for headers that never end', { timeout: 2 * LIMIT_MS }, async () => {
    await using server = await openSlowHeaders();
    const { error, waits, tookMs } = await failureOf(server.host, pull);
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    expect(waits[0]?.reason).toBe('no answer to GET /v2/ yet');
    expect(tookMs).toBeLessThan(LIMIT_MS);
  });

  it('for a body that stalls', { timeout: 2 * LIMIT_MS }, async () => {
    await using registry = await openRegistry([{ method: 'GET', path: /blobs/, fault: { stallAfterBytes: 1000 } }]);
    const { error, waits, tookMs } = await failureOf(registry.host, pull);
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    expect(waits[0]?.reason).toMatch(/^it stopped sending its answer to GET \/v2\/app\/blobs\/sha256:/);
    expect(tookMs).toBeLessThan(LIMIT_MS);
  });

  it('by a build, on the terminal', { timeout: 2 * LIMIT_MS }, async () => {
    await using registry = await startRegistry();
    await using client = createRegistryClient();
    const base = parseReference(`${registry.host}/base:v1`);
    await makeImage(client.repository(base), { layers: [{ a: 'a' }], tag: 'v1' });
    await using proxy = await faultProxy(registry.url, [{ path: /manifests/, fault: HANGS }]);
    await using bench = await openWorkbench();
    const startedMs = Date.now();
    const name = formatReference({ ...base, registry: proxy.host });
    const context = await bench.writeContext({ Dockerfile: `FROM ${name}\n` });
    const { status, output } = await bench.build({ context, flags: ['--progress', 'plain'] });
    expect(status).toBe(1);
    expect(output).toMatch(
      /Waiting for 127\.0\.0\.1:\d+, until \d\d:\d\d:\d\d at the latest: no answer to GET \/v2\/base\/manifests\/v1 yet/,
    );
    expect(Date.now() - startedMs).toBeLessThan(LIMIT_MS);
  });
});
