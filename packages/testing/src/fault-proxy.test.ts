import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { faultProxy } from './fault-proxy.ts';

/** Answers every request with its method, path, body and 1 KiB of zeros. */
async function startEcho(): Promise<AsyncDisposable & { readonly url: string; readonly seen: string[] }> {
  const seen: string[] = [];
  const server = createServer(async (incoming, outgoing) => {
    let body = '';
    for await (const chunk of incoming) body += String(chunk);
    seen.push(`${incoming.method} ${incoming.url} ${body}`);
    outgoing.setHeader('content-length', 1024).end(Buffer.alloc(1024));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

it('faultProxy() passes requests on and counts their bytes', async () => {
  await using echo = await startEcho();
  await using proxy = await faultProxy(echo.url);
  const response = await fetch(`${proxy.url}/a?b=c`, { method: 'POST', body: 'hello' });
  expect((await response.arrayBuffer()).byteLength).toBe(1024);
  expect(echo.seen).toEqual(['POST /a?b=c hello']);
  expect(proxy.requests).toMatchObject([
    { method: 'POST', path: '/a?b=c', status: 200, requestBytes: 5, responseBytes: 1024 },
  ]);
});

it('faultProxy() hits only the requests that a rule names', async () => {
  await using echo = await startEcho();
  await using proxy = await faultProxy(echo.url, [
    { method: 'GET', path: /^\/a/, nth: 2, fault: { respond: { status: 503, headers: { 'retry-after': '1' } } } },
  ]);
  const statuses = [];
  for (const path of ['/a', '/b', '/a', '/a']) statuses.push((await fetch(proxy.url + path)).status);
  expect(statuses).toEqual([200, 200, 503, 200]);
  expect(echo.seen).toHaveLength(3);
});

it('faultProxy() cuts, resets and corrupts answers', async () => {
  await using echo = await startEcho();
  await using proxy = await faultProxy(echo.url, [
    { path: /^\/cut/, fault: { truncateAfterBytes: 100 } },
    { path: /^\/reset/, fault: { resetAfterBytes: 100 } },
    { path: /^\/flip/, fault: { flipBitAt: 7 } },
    { path: /^\/lost/, fault: { dropResponse: true } },
  ]);
  const load = async (path: string) => new Uint8Array(await (await fetch(proxy.url + path)).arrayBuffer());
  await expect(load('/cut')).rejects.toThrow();
  await expect(load('/reset')).rejects.toThrow();
  await expect(load('/lost')).rejects.toThrow();
  expect((await load('/flip')).subarray(6, 9)).toEqual(new Uint8Array([0, 1, 0]));
  expect(proxy.requests.map(({ responseBytes }) => responseBytes)).toEqual([100, 100, 0, 1024]);
  expect(echo.seen).toHaveLength(4);
});

it('faultProxy() stalls an answer until the client gives up', async () => {
  await using echo = await startEcho();
  await using proxy = await faultProxy(echo.url, [{ fault: { stallAfterBytes: 10 } }]);
  const response = await fetch(proxy.url, { signal: AbortSignal.timeout(200) });
  await expect(response.arrayBuffer()).rejects.toThrow();
});
