import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { urlFetcher } from './fetch-url.ts';

async function startProxy() {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.end('through the proxy');
  }).on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url}`);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, seen, [Symbol.dispose]: () => server.closeAllConnections() ?? server.close() };
}

it('urlFetcher() goes through the proxy of the scheme', async () => {
  using proxy = await startProxy();
  const fetchUrl = urlFetcher({ proxy: { http: proxy.url, https: proxy.url } });
  const response = await fetchUrl('http://files.invalid/a', {});
  expect(await text(response.body)).toBe('through the proxy');
  await expect(fetchUrl('https://files.invalid/b', {})).rejects.toMatchObject({ code: 'SOURCE_MISSING' });
  expect(proxy.seen.some((line) => line.includes('files.invalid'))).toBe(true);
  expect(proxy.seen.at(-1)).toBe('CONNECT files.invalid:443');
});

it('urlFetcher() goes without a proxy to this machine, and to what NO_PROXY names', async () => {
  using server = await startProxy();
  const fetchUrl = urlFetcher({ proxy: { http: 'http://127.0.0.1:1', noProxy: 'other.invalid' } });
  expect((await fetchUrl(`${server.url}/own`, {})).status).toBe(200);
  expect(server.seen).toEqual(['GET /own']);
  await expect(fetchUrl('http://other.invalid/', {})).rejects.toThrow(/cannot be fetched: getaddrinfo/);
});
