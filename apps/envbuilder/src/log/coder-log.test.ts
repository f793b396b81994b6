import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { openCoderLog } from './coder-log.ts';

interface Seen {
  readonly call: string;
  readonly token: string | string[] | undefined;
  readonly body: { readonly log_source_id?: string; readonly logs?: readonly Record<string, string>[] };
}

/** A Coder that answers with these statuses to PATCH, the last one for ever. */
async function openCoder(statuses: readonly number[] = [200], version = 'v2.16.0-devel+1a2b3c') {
  const seen: Seen[] = [];
  const left = [...statuses];
  const server = createServer(async (request, response) => {
    if (request.url === '/api/v2/buildinfo') return response.end(JSON.stringify({ version }));
    const body = (await json(request)) as Seen['body'];
    seen.push({ call: `${request.method} ${request.url}`, token: request.headers['coder-session-token'], body });
    const status = request.method === 'POST' ? 404 : left.length > 1 ? left.shift() : left[0];
    return response.writeHead(status ?? 200).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const failures: string[] = [];
  const client = openCoderLog({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: 'agent-token',
    onFailure: (message) => failures.push(message),
    batchMs: 1,
    retryMs: 1,
    patienceMs: 2000,
  });
  const sent = () => seen.filter(({ call }) => call.startsWith('PATCH')).flatMap(({ body }) => body.logs ?? []);
  return {
    log: client.log,
    close: () => client.close(),
    seen,
    sent,
    failures,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('openCoderLog()', () => {
  it('names its source, and sends lines in order in batches of at most 100', async () => {
    await using coder = await openCoder();
    for (let index = 0; index < 250; index++) coder.log('info', `line ${index}`);
    coder.log('error', 'bad\nworse');
    await coder.close();
    expect(coder.seen[0]).toMatchObject({ call: 'POST /api/v2/workspaceagents/me/log-source', token: 'agent-token' });
    const patches = coder.seen.filter(({ call }) => call === 'PATCH /api/v2/workspaceagents/me/logs');
    expect(patches.map(({ body }) => body.logs?.length)).toEqual([100, 100, 52]);
    expect(patches[0]?.body.log_source_id).toBe('3b579bf4-1ed8-4b99-87a8-e9a1e3410410');
    expect(
      coder
        .sent()
        .map(({ output }) => output)
        .slice(248),
    ).toEqual(['line 248', 'line 249', 'bad', 'worse']);
    expect(coder.sent().at(-1)).toMatchObject({ level: 'error', created_at: expect.stringMatching(/^\d{4}-.*Z$/) });
  });

  it.each(['v2.8.4', 'v0.27.1', 'not a version'])('does not name its source to an old server: %s', async (version) => {
    await using coder = await openCoder([200], version);
    coder.log('info', 'hello');
    await coder.close();
    expect(coder.seen.map(({ call }) => call)).toEqual(['PATCH /api/v2/workspaceagents/me/logs']);
  });

  it('sends again while the token is not yet accepted, and after a failure', async () => {
    await using coder = await openCoder([401, 503, 200]);
    coder.log('info', 'hello');
    await coder.close();
    expect(coder.sent().map(({ output }) => output)).toEqual(['hello', 'hello', 'hello']);
    expect(coder.failures).toEqual([]);
  });

  it('drops what is too large, and goes on', async () => {
    await using coder = await openCoder([413, 200]);
    for (let index = 0; index < 101; index++) coder.log('info', String(index));
    await coder.close();
    expect(coder.seen.filter(({ call }) => call.startsWith('PATCH'))).toHaveLength(2);
    expect(coder.failures).toEqual([]);
  });

  it('says once that it gave up, and takes nothing after it was closed', async () => {
    await using coder = await openCoder([500]);
    coder.log('info', 'a');
    await coder.close();
    coder.log('info', 'late');
    expect(coder.failures).toEqual([
      expect.stringMatching(/^Lines for Coder are dropped: 127\.0\.0\.1:\d+ answers 500$/),
    ]);
    expect(coder.sent().some(({ output }) => output === 'late')).toBe(false);
  });
});
