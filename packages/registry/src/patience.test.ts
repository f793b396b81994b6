import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseReference, type ProgressEvent, readBytes, sha256 } from '@shale/core';
import { type FaultRule, faultProxy, startTokenServer } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { createRegistryClient, type RegistryClientOptions } from './registry-client.ts';

const HANGS: FaultRule['fault'] = { delayMs: 60_000 };
const BLOB = { mediaType: 'application/octet-stream', digest: sha256('blob'), size: 4 };

/** A client of a registry that knows nothing, behind a proxy that breaks what `rules` say. */
async function openBench(rules: readonly FaultRule[], options: RegistryClientOptions = {}) {
  const server = createServer((_, response) => response.writeHead(200).end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await faultProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, rules);
  const events: ProgressEvent[] = [];
  const onProgress = (event: ProgressEvent) => void events.push(event);
  const client = createRegistryClient({ retry: { baseDelayMs: 5 }, idleTimeoutMs: 300, onProgress, ...options });
  return {
    proxy,
    repository: client.repository(parseReference(`${proxy.host}/app`)),
    waits: () => events.filter(({ type }) => type === 'waiting'),
    asked: (path: RegExp) => proxy.requests.filter((request) => path.test(request.path)).length,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      server.close();
    },
  };
}

const askAgain = (seconds: number): FaultRule => ({
  path: /manifests/,
  fault: { respond: { status: 429, headers: { 'retry-after': String(seconds) } } },
});

describe('a registry that asks for a pause', () => {
  it('of a year is not waited for', async () => {
    await using bench = await openBench([askAgain(31_536_000)]);
    await expect(bench.repository.getManifest('v1')).rejects.toMatchObject({ code: 'REGISTRY_REFUSED', status: 429 });
    expect(bench.asked(/manifests/)).toBe(1);
  });

  it('of more than five seconds is reported, with the reason and the end', async () => {
    await using bench = await openBench([askAgain(20)]);
    const abort = new AbortController();
    const asking = bench.repository.getManifest('v1', { signal: abort.signal });
    asking.catch(() => undefined);
    await expect.poll(() => bench.waits()).toHaveLength(1);
    const [wait] = bench.waits();
    expect(wait).toMatchObject({ host: bench.proxy.host, reason: 'it answered 429 Too Many Requests' });
    expect(wait?.type === 'waiting' && wait.untilMs - Date.now()).toBeGreaterThan(10_000);
    abort.abort(new Error('enough'));
    await expect(asking).rejects.toThrow('enough');
  });
});

describe('a registry that is silent', () => {
  it('gets no try after the budget', async () => {
    const retry = { baseDelayMs: 5, tries: 20, budgetMs: 1000 };
    await using bench = await openBench([{ path: /manifests/, fault: HANGS }], { retry });
    await expect(bench.repository.getManifest('v1')).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    expect(bench.asked(/manifests/)).toBeLessThan(6);
  });

  it('at its token endpoint is asked three times, not nine', async () => {
    await using tokens = await startTokenServer();
    await using realm = await faultProxy(`http://${tokens.host}`, [{ fault: HANGS }]);
    const challenge = `Bearer realm="${realm.url}/token",service="x"`;
    const refused = { respond: { status: 401, headers: { 'www-authenticate': challenge } } };
    await using bench = await openBench([{ fault: refused }]);
    await expect(bench.repository.getManifest('v1')).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    expect(realm.requests).toHaveLength(3);
  });

  it('about a blob is asked three times, not nine', async () => {
    await using bench = await openBench([{ path: /blobs/, fault: HANGS }]);
    await expect(readBytes(bench.repository.read(BLOB))).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    expect(bench.asked(/blobs/)).toBe(3);
  });
});
